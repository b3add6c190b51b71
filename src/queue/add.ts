// Adding tasks and edges: many at once in the caller's transaction, each key once, never a circle.
import type { EdgePolicy, NewTask } from '#contracts/task.ts';
import { newTask } from '#contracts/task.ts';
import type { Queries } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Scoring } from './scoring.ts';
import { announce, settle } from './settle.ts';
import { within } from './statement.ts';

/** Told at commit, with the type of tasks that became ready. */
export const GRAPH_LOCK = 4_720_008;
const BATCH = 10_000;

export interface AddParts {
  readonly ids: Ids;
  readonly scoring: Scoring;
}

export interface Edge {
  readonly taskId: string;
  readonly needsId: string;
  readonly policy: EdgePolicy;
}

type Parsed = ReturnType<typeof newTask.parse>;
interface Draft {
  readonly id: string;
  readonly task: Parsed;
}

/**
 * Adds tasks, in the order given; the ids come back in that order. A task whose key already lives is not added: its
 * place holds the living one's id. Throws USAGE for a circle, an unknown prerequisite or a malformed task.
 */
export async function addTasks(
  parts: AddParts,
  q: Queries,
  given: readonly NewTask[],
): Promise<{ ids: string[]; added: number }> {
  if (given.length > BATCH) {
    throw new AppError('USAGE', {
      message: `${given.length} tasks at once`,
      next: `add at most ${BATCH} in one call`,
    });
  }
  const drafts = given.map((task) => ({ id: parts.ids.next('tsk'), task: parse(task) }));
  const byName = new Map(drafts.flatMap((d) => (d.task.name === undefined ? [] : [[d.task.name, d.id]])));
  const inserted = await insert(parts, q, drafts);
  const ids = drafts.map((draft) => inserted.get(draft.id) ?? draft.id);
  const edges = drafts.flatMap((draft): Edge[] =>
    inserted.get(draft.id) === draft.id
      ? draft.task.needs.map(({ on, onFailure }) => {
          const named = byName.get(on);
          const needsId = named === undefined ? on : (inserted.get(named) ?? named);
          return { taskId: draft.id, needsId, policy: onFailure };
        })
      : [],
  );
  refuseCircles(edges, drafts);
  if (edges.length > 0) await connect(parts, q, edges);
  const added = [...inserted].filter(([own, now]) => own === now).length;
  const types = new Set(drafts.filter((d) => d.task.needs.length === 0).map((d) => d.task.type));
  if (added > 0 && types.size > 0) await announce(q, [...types]);
  return { ids, added };
}

function parse(task: NewTask): Parsed {
  const parsed = newTask.safeParse(task);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError('USAGE', {
    message: `a task's ${issue?.path.join('.') || 'shape'}: ${issue?.message ?? 'not valid'}`,
    next: 'the shape of a task stands in src/contracts/task.ts',
  });
}

/** Those with prerequisites start as blocked; `connect` counts what they wait for. Own id to the id that counts. */
async function insert(
  parts: AddParts,
  q: Queries,
  drafts: readonly Draft[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  let left = drafts;
  // A living task with the key may end between the two statements: then there is room at the next try.
  for (let tries = 0; tries < 3 && left.length > 0; tries += 1) {
    const rows = left.map(({ id, task }) => ({ id, ...task, waiting: task.needs.length }));
    const done = await within<{ id: string }>(q, INSERT(parts.scoring), [JSON.stringify(rows)]);
    for (const { id } of done) ids.set(id, id);
    left = left.filter(({ id }) => !ids.has(id));
    if (left.length === 0) break;
    const wanted = left.map(({ task }) => [task.type, task.key]);
    const live = await within<{ id: string; type: string; key: string }>(
      q,
      `select t.id, t.type, t.key from jsonb_array_elements($1::jsonb) w
       join tasks t on t.type = w->>0 and t.key = w->>1 and t.state in ('blocked', 'pending', 'running')`,
      [JSON.stringify(wanted)],
    );
    const found = new Map(live.map((row) => [`${row.type}\n${row.key}`, row.id]));
    for (const { id, task } of left) {
      const other = found.get(`${task.type}\n${task.key}`);
      if (other !== undefined) ids.set(id, other);
    }
    left = left.filter(({ id }) => !ids.has(id));
  }
  if (left.length > 0) {
    throw new AppError('INTERNAL', {
      message: `task ${left[0]?.task.key} could neither be added nor found`,
    });
  }
  return ids;
}

/** The turn counts those of the same ticket in this batch and those that are there already. */
const INSERT = (scoring: Scoring): string => `
  with given as (
    select g.*, row_number() over (partition by g."ticketId" order by g.place) - 1 as nth from (
      select r.*, row_number() over () as place from jsonb_to_recordset($1::jsonb) as r (
        id text, type text, "projectId" text, "ticketId" text, "runId" text, key text, payload jsonb, priority task_priority,
        deadline timestamptz, capabilities jsonb, files jsonb, retry jsonb, "budgetShare" float8, "timeoutMs" bigint,
        "delayMs" bigint, waiting integer)
    ) g
  ), there as (
    select g."ticketId" as ticket, (select count(*) from (select 1 from tasks o where o.ticket_id = g."ticketId"
      and o.state in ('pending', 'running') limit ${scoring.turns}) others) as n
    from (select distinct "ticketId" from given where "ticketId" is not null) g
  ), rows as (
    select given.*, given.priority as p,
      case when given."ticketId" is null then 0 else least(${scoring.turns}, nth + coalesce(there.n, 0)) end::integer as turn,
      now() + given."delayMs" * interval '1 ms' as not_before
    from given left join there on there.ticket = given."ticketId"
  )
  insert into tasks (id, type, project_id, ticket_id, run_id, key, payload, state, priority, deadline, needs, files,
    budget_share, timeout_ms, retry_limit, retry_base_ms, retry_max_ms, waiting_for, turn, not_before, ready_at, base, rank)
  select id, type, "projectId", "ticketId", "runId", key, payload, (case when waiting > 0 then 'blocked' else 'pending' end)::task_state,
    priority, deadline, array(select jsonb_array_elements_text(capabilities)), array(select jsonb_array_elements_text(files)),
    "budgetShare", "timeoutMs", (retry->>'limit')::integer, (retry->>'baseMs')::bigint, (retry->>'maxMs')::bigint,
    waiting, turn, not_before, case when waiting > 0 then null else now() end,
    ${scoring.fresh}, date_part('epoch', not_before) - ${scoring.secondsForOne} * ${scoring.fresh}
  from rows r order by place
  on conflict (type, key) where state in ('blocked', 'pending', 'running') do nothing
  returning id`;

/** Kahn's way over the edges among the new ones; old tasks never need new ones, so no circle can pass through them. */
function refuseCircles(edges: readonly Edge[], drafts: readonly Draft[]): void {
  const fresh = new Set(drafts.map(({ id }) => id));
  const inner = edges.filter((edge) => fresh.has(edge.needsId));
  const waits = new Map<string, number>();
  const opens = new Map<string, string[]>();
  for (const { taskId, needsId } of inner) {
    waits.set(taskId, (waits.get(taskId) ?? 0) + 1);
    opens.set(needsId, [...(opens.get(needsId) ?? []), taskId]);
  }
  const free = [...fresh].filter((id) => !waits.has(id));
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    for (const next of opens.get(id) ?? []) {
      const left = (waits.get(next) ?? 0) - 1;
      waits.set(next, left);
      if (left === 0) free.push(next);
    }
  }
  const caught = drafts.find(({ id }) => (waits.get(id) ?? 0) > 0);
  if (caught) throw circle(caught.task.name ?? caught.task.type);
}

function circle(name: string): AppError {
  return new AppError('USAGE', {
    message: `task ${name} would wait for itself through its prerequisites`,
    next: 'leave out the edge that closes the circle',
  });
}

/**
 * Stores edges whose tasks are blocked and count them already. The prerequisites' rows are locked first, in order, so
 * that none ends unseen between our looking and our commit.
 */
async function connect(parts: AddParts, q: Queries, edges: readonly Edge[]): Promise<void> {
  const needed = [...new Set(edges.map(({ needsId }) => needsId))];
  const there = await within<{ id: string; state: string }>(
    q,
    'select id, state from tasks where id = any($1::text[]) order by id for update',
    [needed],
  );
  const known = new Set(there.map(({ id }) => id));
  const unknown = needed.find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw new AppError('USAGE', {
      message: `prerequisite ${unknown} is no task`,
      next: 'name an id, or the `name` of a task that is added with it',
    });
  }
  await within(
    q,
    `insert into task_edges (task_id, needs_id, policy)
     select e->>'taskId', e->>'needsId', e->>'policy' from jsonb_array_elements($1::jsonb) e`,
    [JSON.stringify(edges)],
  );
  await within(
    q,
    `update tasks t set dependants = t.dependants + c.n, base = ${parts.scoring.withDependants('t.dependants + c.n')},
       rank = date_part('epoch', greatest(coalesce(t.ready_at, now()), t.not_before))
         - ${parts.scoring.secondsForOne} * ${parts.scoring.withDependants('t.dependants + c.n')}
     from (select needs_id, count(*)::integer as n from task_edges e
       join jsonb_array_elements($1::jsonb) g on e.task_id = g->>'taskId' and e.needs_id = g->>'needsId' group by needs_id) c
     where t.id = c.needs_id`,
    [JSON.stringify(edges)],
  );
  const ended = there.filter(({ state }) => ENDED.has(state)).map(({ id }) => id);
  if (ended.length > 0) await settle(parts, q, ended);
}

const ENDED = new Set(['completed', 'failed', 'cancelled', 'skipped']);

/** Adds an edge between tasks that are there. Throws USAGE for a circle, RUN_CONFLICT when the task has begun. */
export async function addEdge(parts: AddParts, q: Queries, edge: Edge): Promise<void> {
  // Two edges that close a circle together must not be added side by side.
  await within(q, 'select pg_advisory_xact_lock($1)', [GRAPH_LOCK]);
  const back = await within(
    q,
    `with recursive needed as (
       select $1::text as id union select e.needs_id from needed n join task_edges e on e.task_id = n.id
     ) select 1 from needed where id = $2`,
    [edge.needsId, edge.taskId],
  );
  if (back.length > 0) throw circle(edge.taskId);
  const waiting = await within(
    q,
    `update tasks set state = 'blocked', waiting_for = waiting_for + 1, ready_at = null
     where id = $1 and state in ('pending', 'blocked')
       and not exists (select 1 from task_edges where task_id = $1 and needs_id = $2) returning id`,
    [edge.taskId, edge.needsId],
  );
  if (waiting.length === 0) {
    throw new AppError('RUN_CONFLICT', {
      message: `task ${edge.taskId} has begun, has ended, or needs ${edge.needsId} already`,
      next: `cambium task show ${edge.taskId}`,
    });
  }
  await connect(parts, q, [edge]);
}
