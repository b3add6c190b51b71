// What nobody ends by itself: leases that ran out, cancellations whose time is up, and old tasks to be forgotten.
import type { Database, Queries } from '#database/port.ts';
import { leave } from './lease.ts';
import type { Scoring } from './scoring.ts';
import { announce } from './settle.ts';
import { transact, within } from './statement.ts';

const ROWS = 100;
const KEEP_ENDED_DAYS = 14;

/** `expired` first: the rows are locked, and a rival passes over them. */
const EXPIRED = `
  select t.id, t.tries <= t.retry_limit as again, t.cancel_by is not null as cancelling from tasks t
  where t.state = 'running' and (t.lease_until < now() or t.cancel_by < now())
  order by t.id limit ${ROWS} for update skip locked`;

const NOTE_TRIES = `
  insert into task_tries (task_id, token, owner, outcome, error, started_at, ended_at)
  select id, token, owner, case when cancel_by is null then 'expired' else 'cancelled' end,
    case when cancel_by is null then 'its worker ' || owner || ' fell silent' else 'it did not stop in time' end,
    started_at, now()
  from tasks where id = any($1::text[])`;

const AGAIN = (scoring: Scoring): string => `
  update tasks t set state = 'pending', lease_until = null, reason = 'its worker ' || owner || ' fell silent',
    owner = null, agent_id = null, not_before = now(), ${scoring.again}
  where t.id = any($1::text[]) returning t.type`;

const END = `
  update tasks set state = (case when cancel_by is null then 'failed' else 'cancelled' end)::task_state, ended_at = now(),
    lease_until = null, reason = case when cancel_by is null then 'its worker ' || owner || ' fell silent' else reason end
  where id = any($1::text[])`;

interface ExpiredRow extends Record<string, unknown> {
  readonly id: string;
  readonly again: boolean;
  readonly cancelling: boolean;
}

/** One round; how many tasks it found. */
export async function reclaimExpired(db: Database, parts: { readonly scoring: Scoring }): Promise<number> {
  const [due] = await db.raw<{ any: boolean }>(
    `select exists (select 1 from tasks where state = 'running' and lease_until < now())
       or exists (select 1 from tasks where state = 'running' and cancel_by < now()) as any`,
    [],
    { prepared: true },
  );
  if (due?.any !== true) return 0;
  return transact(db, (q) => endExpired(parts, q));
}

async function endExpired(parts: { readonly scoring: Scoring }, q: Queries): Promise<number> {
  const expired = await within<ExpiredRow>(q, EXPIRED);
  if (expired.length === 0) return 0;
  const again = expired.filter((row) => row.again && !row.cancelling).map(({ id }) => id);
  const over = expired.filter((row) => !row.again || row.cancelling).map(({ id }) => id);
  await within(q, NOTE_TRIES, [expired.map(({ id }) => id)]);
  if (again.length > 0) {
    await within(q, 'delete from task_files where task_id = any($1::text[])', [again]);
    const types = await within<{ type: string }>(q, AGAIN(parts.scoring), [again]);
    await announce(q, [...new Set(types.map(({ type }) => type))]);
  }
  if (over.length > 0) {
    await within(q, END, [over]);
    for (const id of over) await leave(parts, q, id);
  }
  return expired.length;
}

/** Forgets tasks that ended long ago and that nothing waits for; how many. */
export async function purge(db: Database): Promise<number> {
  const gone = await db.raw(
    `delete from tasks where id in (
       select t.id from tasks t where t.ended_at < now() - $1 * interval '1 day'
         and not exists (select 1 from task_edges e join tasks d on d.id = e.task_id
           where e.needs_id = t.id and d.ended_at is null)
       order by t.ended_at limit 1000 for update skip locked) returning 1`,
    [KEEP_ENDED_DAYS],
  );
  return gone.length;
}
