// What people do to tasks: cancel one, try a dead one again, with everything that hangs on it.
import type { Queries } from '#database/port.ts';
import { leave } from './lease.ts';
import type { Scoring } from './scoring.ts';
import { announce } from './settle.ts';
import { within } from './statement.ts';

/** Told at commit, with the id of a running task that is to stop. */
export const CANCEL_CHANNEL = 'task_cancel';

interface Parts {
  readonly scoring: Scoring;
}

export interface Cancellation {
  readonly id: string;
  /** How long one that runs may take to stop by itself, milliseconds; with 0 it is over at once. */
  readonly graceMs: number;
  readonly reason: string;
}

/** False when the task has ended already or is none. */
export async function cancelTask(
  parts: Parts,
  q: Queries,
  { id, graceMs, reason }: Cancellation,
): Promise<boolean> {
  const [row] = await within<{ state: string }>(q, 'select state from tasks where id = $1 for update', [id]);
  if (row === undefined || !['blocked', 'pending', 'running'].includes(row.state)) return false;
  if (row.state === 'running' && graceMs > 0) {
    await within(
      q,
      `update tasks set cancel_by = least(cancel_by, now() + $2 * interval '1 ms'), reason = $3 where id = $1`,
      [id, graceMs, reason],
    );
  } else {
    await within(
      q,
      `update tasks set state = 'cancelled', ended_at = now(), lease_until = null, reason = $2 where id = $1`,
      [id, reason],
    );
    await leave(parts, q, id);
  }
  if (row.state === 'running') await within(q, `select pg_notify('${CANCEL_CHANNEL}', $1)`, [id]);
  return true;
}

/**
 * Replays a dead letter, or what was cancelled or skipped: it has all its tries again, and what was skipped because of
 * it waits for it again. Returns the ids of all that came back; empty when it had not ended badly.
 */
export async function replayTask(parts: Parts, q: Queries, id: string): Promise<string[]> {
  const back = await within<{ id: string }>(q, BACK, [id]);
  const ids = back.map((row) => row.id);
  if (ids.length === 0) return [];
  // Edges that a bad end had settled by `run` stay settled: those tasks have gone on without it.
  const waits = await within<{ id: string; state: string; type: string }>(q, REVIVE(parts.scoring), [ids]);
  const ready = waits.filter(({ state }) => state === 'pending').map(({ type }) => type);
  if (ready.length > 0) await announce(q, [...new Set(ready)]);
  return ids;
}

const BACK = `
  with recursive back as (
    select id from tasks where id = $1 and state in ('failed', 'cancelled', 'skipped')
    union
    select e.task_id from back b join task_edges e on e.needs_id = b.id join tasks t on t.id = e.task_id
    where e.policy = 'skip' and not e.settled and t.state = 'skipped'
  ) select t.id from tasks t where t.id in (select id from back) order by t.id for update`;

/** Prerequisites that ended badly in a way that lets the task go on are settled; the others are waited for. */
const REVIVE = (scoring: Scoring): string => `
  with waits as (
    select t.id, (select count(*) from task_edges e where e.task_id = t.id and not e.settled)::integer as n
    from tasks t where t.id = any($1::text[])
  )
  update tasks t set state = (case when w.n > 0 then 'blocked' else 'pending' end)::task_state, waiting_for = w.n, tries = 0,
    ended_at = null, cancel_by = null, not_before = now(), result = null, owner = null, agent_id = null, ${scoring.ready}
  from waits w where t.id = w.id returning t.id, t.state, t.type`;
