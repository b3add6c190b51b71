// Taking tasks: the ready set and the claim in one statement, so that no two workers ever take the same one (O22).
import type { Database } from '#database/port.ts';
import type { Scoring } from './scoring.ts';
import { retried } from './statement.ts';

/**
 * How many of each order are scored for one claim. The choice is the best of all ready tasks unless more than this
 * many that it beats stand before it in every order; then it is the best of those that were looked at.
 */
const WINDOW = 24;

export interface ClaimRequest {
  readonly types: readonly string[];
  readonly owner: string;
  readonly agentId?: string | undefined;
  readonly capabilities: readonly string[];
  /** At most so many. */
  readonly count: number;
  readonly leaseMs: number;
}

/** A task as its holder needs it. */
export interface ClaimedRow {
  readonly id: string;
  readonly number: number;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly token: number;
  readonly tries: number;
  readonly timeoutMs: number;
  readonly ticketId: string | null;
  readonly projectId: string | null;
  readonly budgetShare: number | null;
  readonly capabilities: readonly string[];
}

/**
 * Parameters whose value would change the estimate stand in a subselect: PostgreSQL then finds a plan for one value no
 * better than one for all, and keeps it instead of planning each claim anew, which costs more than the claim.
 */

/** `$1` owner, `$2` agent, `$3` lease in ms; the rows of `chosen` are locked in the order of choice. */
const take = (chosen: string): string => `
  with locked as (${chosen}), numbered as (
    select *, row_number() over () as place from locked
  ), chosen as (
    -- Of several that are taken at once and own the same file, the first.
    select n.* from numbered n where n.files = '{}' or not exists (
      select 1 from numbered e where e.place < n.place and e.files && n.files
        and e.project_id is not distinct from n.project_id)
  ), owned as (
    insert into task_files (project_id, path, task_id)
    select coalesce(c.project_id, ''), f.path, c.id from chosen c cross join lateral unnest(c.files) as f(path)
    order by 1, 2
  )
  update tasks t set state = 'running', token = t.token + 1, tries = t.tries + 1, owner = $1, agent_id = $2,
    lease_until = now() + $3 * interval '1 ms', started_at = now(), cancel_by = null
  from chosen where t.id = chosen.id
  returning t.id, t.number, t.type, t.payload, t.token, t.tries, t.timeout_ms as "timeoutMs", t.ticket_id as "ticketId",
    t.project_id as "projectId", t.budget_share as "budgetShare", t.needs as capabilities`;

/**
 * Ready for somebody with the capabilities of `$5`, and no file of it is in a running task's hands. Most tasks need
 * nothing, and it is said apart: PostgreSQL takes containment alone for rare, and then sorts all that is ready instead
 * of reading the first of an index.
 */
const READY = `t.state = 'pending' and t.not_before <= now() and (t.needs = '{}' or t.needs <@ (select $5::text[]))
  and (t.files = '{}' or not exists (
    select 1 from task_files h where h.project_id = coalesce(t.project_id, '') and h.path = any(t.files)))`;

/**
 * `$4` types, `$6` how many. The candidates are scored without a lock, then locked one by one from the best on: the
 * lateral part runs once for each of them, in their order, until there are enough. Exported for the bench, which
 * looks at its plan.
 */
export function claimBest(scoring: Scoring): string {
  const from = `select t.id, t.number, ${scoring.score} as score from tasks t where t.type = w.type and ${READY}`;
  return take(`
    select mine.* from (
      select c.id, max(c.score) as score, max(c.number) as number
      from unnest((select $4::text[])) as w(type) cross join lateral (
        (${from} order by t.rank limit ${WINDOW})
        union all (${from} order by t.base desc, t.ready_at limit ${WINDOW})
        union all (${from} and t.deadline <= now() + ${scoring.window} order by t.deadline limit ${WINDOW})
      ) c group by c.id order by 2 desc, 3
    ) best cross join lateral (
      select t.id, t.files, t.project_id from tasks t
      where t.id = best.id and t.state = 'pending' and t.not_before <= now() for update skip locked
    ) mine limit (select $6::integer)`);
}

/** When others hold everything that was looked at: the first of the long way round. */
const CLAIM_ANY = take(`
  select t.id, t.files, t.project_id from tasks t where t.type = any($4::text[]) and ${READY}
  order by t.rank limit (select $6::integer) for update of t skip locked`);

/** This very task, whatever its delay; waits for a rival and then finds it taken. */
const CLAIM_THIS = take(`
  select t.id, t.files, t.project_id from tasks t where t.id = $4 and t.state = 'pending'
    and not exists (select 1 from task_files h where h.project_id = coalesce(t.project_id, '') and h.path = any(t.files))
  for update of t`);

export interface Claims {
  best(request: ClaimRequest): Promise<ClaimedRow[]>;
  one(taskId: string, holder: Pick<ClaimRequest, 'owner' | 'agentId' | 'leaseMs'>): Promise<ClaimedRow[]>;
}

export function createClaims(db: Database, scoring: Scoring): Claims {
  const best = claimBest(scoring);
  const run = (text: string, values: readonly unknown[]): Promise<ClaimedRow[]> =>
    // Two tasks that own the same file may be claimed at the same moment: the key lets one pass, the other looks anew.
    retried(() => db.raw<ClaimedRow>(text, values, { prepared: true }));
  return {
    best: async ({ types, owner, agentId = null, capabilities, count, leaseMs }) => {
      const values = [owner, agentId, leaseMs, types, capabilities, count];
      const rows = await run(best, values);
      return rows.length > 0 ? rows : run(CLAIM_ANY, values);
    },
    one: (taskId, { owner, agentId = null, leaseMs }) => run(CLAIM_THIS, [owner, agentId, leaseMs, taskId]),
  };
}
