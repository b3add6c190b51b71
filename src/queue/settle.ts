// What the end of tasks means for those that wait for them: by the policy of each edge, in the same transaction.
import type { Queries } from '#database/port.ts';
import type { Scoring } from './scoring.ts';
import { within } from './statement.ts';

/** Told at commit, with the type of the tasks that became ready. */
export const READY_CHANNEL = 'queue_ready';

/** Tells waiting workers, at commit, that tasks of these types are ready. */
export async function announce(q: Queries, types: readonly string[]): Promise<void> {
  await within(q, `select pg_notify('${READY_CHANNEL}', type) from unnest($1::text[]) as type`, [types]);
}

/**
 * Everything that is to be skipped because these ended without completing: through edges of that policy, and through
 * those that are skipped themselves.
 */
const SKIP = `
  with recursive doomed as (
    select e.task_id, p.number as cause from task_edges e join tasks p on p.id = e.needs_id
    where e.needs_id = any($1::text[]) and not e.settled and e.policy = 'skip'
      and p.state in ('failed', 'cancelled', 'skipped')
    union
    select e.task_id, d.cause from doomed d join task_edges e on e.needs_id = d.task_id
    where e.policy = 'skip' and not e.settled
  ), locked as (
    select t.id from tasks t where t.id in (select task_id from doomed) and t.state = 'blocked' order by t.id for update
  )
  update tasks t set state = 'skipped', ended_at = now(),
    reason = 'TSK-' || (select min(cause) from doomed where task_id = t.id) || ' did not complete'
  from locked where t.id = locked.id returning t.id`;

const RELEASE = (scoring: Scoring): string => `
  with opened as (
    update task_edges e set settled = true from tasks p
    where p.id = e.needs_id and e.needs_id = any($1::text[]) and not e.settled
      and (p.state = 'completed' or (e.policy = 'run' and p.state in ('failed', 'cancelled', 'skipped')))
    returning e.task_id
  ), counts as (
    select task_id, count(*)::integer as n from opened group by task_id
  ), locked as (
    select t.id from tasks t where t.id in (select task_id from counts) and t.state = 'blocked' order by t.id for update
  )
  update tasks t set waiting_for = t.waiting_for - c.n,
    state = case when t.waiting_for = c.n then 'pending'::task_state else t.state end, ${scoring.ready}
  from counts c, locked l where l.id = c.task_id and t.id = c.task_id
  returning t.type, t.state`;

/** Settles the dependants of tasks that ended in this transaction (or before it, for edges that are new). */
export async function settle(
  parts: { readonly scoring: Scoring },
  q: Queries,
  ended: readonly string[],
): Promise<void> {
  const all = [...ended];
  // An edge to a skipped task may have been added while its row was waited for: the next look sees it.
  for (let more = await skip(q, all); more.length > 0; more = await skip(q, all)) all.push(...more);
  await release(parts, q, all);
}

/** Opens the edges of tasks that completed, and those that let others run anyway. */
export async function release(
  { scoring }: { readonly scoring: Scoring },
  q: Queries,
  ended: readonly string[],
): Promise<void> {
  const freed = await within<{ type: string; state: string }>(q, RELEASE(scoring), [ended]);
  const types = new Set(freed.filter(({ state }) => state === 'pending').map(({ type }) => type));
  if (types.size > 0) await announce(q, [...types]);
}

async function skip(q: Queries, ended: readonly string[]): Promise<string[]> {
  return (await within<{ id: string }>(q, SKIP, [ended])).map(({ id }) => id);
}
