// Giving an agent's tasks to others: before it is restarted, quarantined or given up, never after.
import type { Queries } from '#database/port.ts';
import type { Scoring } from './scoring.ts';
import { announce } from './settle.ts';
import { within } from './statement.ts';

/**
 * The tasks are ready again at once; the old holder's word no longer counts, and the try is not counted against them.
 * Those that were being cancelled are left to end as cancelled. How many were given on.
 */
export async function reassign(
  { scoring }: { readonly scoring: Scoring },
  q: Queries,
  { agentId, reason }: { readonly agentId: string; readonly reason: string },
): Promise<number> {
  const held = await within<{ id: string }>(
    q,
    `select id from tasks where agent_id = $1 and state = 'running' and cancel_by is null order by id for update`,
    [agentId],
  );
  if (held.length === 0) return 0;
  const ids = held.map(({ id }) => id);
  await within(
    q,
    `insert into task_tries (task_id, token, owner, outcome, error, started_at, ended_at)
     select id, token, owner, 'reassigned', $2, started_at, now() from tasks where id = any($1::text[])`,
    [ids, reason],
  );
  await within(q, 'delete from task_files where task_id = any($1::text[])', [ids]);
  const types = await within<{ type: string }>(
    q,
    `update tasks t set state = 'pending', lease_until = null, owner = null, agent_id = null, tries = t.tries - 1,
       reason = $2, not_before = now(), ${scoring.again} where t.id = any($1::text[]) returning t.type`,
    [ids, reason],
  );
  await announce(q, [...new Set(types.map(({ type }) => type))]);
  return ids.length;
}
