// A task in somebody's hands: each word of the holder counts only with the token of its own claim.
import type { Database, Queries } from '#database/port.ts';
import { AppError, errorMessage, isAppError } from '#foundation/errors.ts';
import { clip, plainText } from '#foundation/text.ts';
import type { ClaimedRow } from './claim.ts';
import type { Beat, Lease, QueueName, TaskLease } from './port.ts';
import type { Scoring } from './scoring.ts';
import { announce, release, settle } from './settle.ts';
import { transact, within } from './statement.ts';

const ERROR_CHARS = 4_000;
/** Longest that another's word (`Retry-After`) delays a task. */
const RETRY_AFTER_MAX_MS = 3_600_000;

export interface LeaseParts {
  readonly db: Database;
  readonly scoring: Scoring;
  readonly leaseMs: number;
}

const RENEW = `
  update tasks set lease_until = now() + $3 * interval '1 ms' where id = $1 and token = $2 and state = 'running'
  returning cancel_by is not null as cancelling`;

/** One statement where nobody waits for the task and it owns no files; otherwise there is more to do. */
const COMPLETE_ALONE = `
  update tasks set state = 'completed', ended_at = now(), lease_until = null, reason = null, result = $3::jsonb
  where id = $1 and token = $2 and state = 'running' and dependants = 0 and files = '{}' returning 1`;

const COMPLETE = `
  update tasks set state = 'completed', ended_at = now(), lease_until = null, reason = null, result = $3::jsonb
  where id = $1 and token = $2 and state = 'running' returning 1`;

const RELEASE = (scoring: Scoring): string => `
  update tasks t set state = 'pending', lease_until = null, owner = null, agent_id = null, tries = t.tries - 1,
    not_before = now(), ${scoring.again}
  where id = $1 and token = $2 and state = 'running' and cancel_by is null returning t.type`;

/**
 * The pause doubles with each retry, up to its limit, and is spread by up to a tenth, by the task's own name rather
 * than by chance; what the error itself asks for is waited for at least.
 */
const AGAIN = (scoring: Scoring): string => `
  update tasks t set state = 'pending', lease_until = null, owner = null, agent_id = null, reason = $3,
    not_before = now() + interval '1 ms' * greatest($4::float8, least(t.retry_max_ms, t.retry_base_ms * 2.0 ^ (t.tries - 1))
      * (1 - 0.1 * (abs(hashtext(t.id || t.tries)::bigint) % 1000) / 1000)),
    ${scoring.again}
  where id = $1 and token = $2 and state = 'running' and tries <= retry_limit and cancel_by is null returning t.type`;

const DEAD = `
  update tasks set state = (case when cancel_by is null then 'failed' else 'cancelled' end)::task_state, ended_at = now(),
    lease_until = null, reason = $3
  where id = $1 and token = $2 and state = 'running' returning state`;

const NOTE_TRY = `
  insert into task_tries (task_id, token, owner, outcome, error, started_at, ended_at)
  select id, token, owner, case when cancel_by is null then 'failed' else 'cancelled' end, $3, started_at, now()
  from tasks where id = $1 and token = $2 and state = 'running'`;

export function createLease(parts: LeaseParts, row: ClaimedRow, owner: string): TaskLease {
  const { db, scoring, leaseMs } = parts;
  const mine = [row.id, row.token];
  const hold = async (q: Queries): Promise<Hold | null> => (await within<Hold>(q, HOLD, mine))[0] ?? null;
  const finish = async (q: Queries, result: unknown): Promise<boolean> => {
    const held = await hold(q);
    if (held === null) return false;
    await within(q, COMPLETE, [...mine, json(result)]);
    if (held.owning) await within(q, 'delete from task_files where task_id = $1', [row.id]);
    if (held.needed) await release(parts, q, [row.id]);
    return true;
  };
  const beat = async (): Promise<Beat> => {
    const [kept] = await db.raw<{ cancelling: boolean }>(RENEW, [...mine, leaseMs], { prepared: true });
    if (kept === undefined) return 'lost';
    return kept.cancelling ? 'cancelling' : 'held';
  };
  return {
    jobId: row.id,
    key: taskKey(row.number),
    type: row.type,
    payload: row.payload,
    owner,
    epoch: row.token,
    tries: row.tries,
    timeoutMs: row.timeoutMs,
    ticketId: row.ticketId,
    projectId: row.projectId,
    budgetShare: row.budgetShare,
    capabilities: row.capabilities,
    renew: async () => (await beat()) !== 'lost',
    beat,
    complete: async (result) => {
      const alone = await db.raw(COMPLETE_ALONE, [...mine, json(result)], { prepared: true });
      return alone.length > 0 || transact(db, (q) => finish(q, result));
    },
    completeWithin: async (q, result) => {
      if (!(await finish(q, result))) throw lost(row);
    },
    guard: async (q) => {
      if ((await within(q, GUARD, mine)).length === 0) throw lost(row);
    },
    fail: (error) => transact(db, (q) => failTry(parts, q, { row, error, hold })),
    release: () =>
      transact(db, async (q) => {
        if ((await hold(q)) === null) return false;
        const freed = await within<{ type: string }>(q, RELEASE(scoring), mine);
        if (freed.length === 0) {
          // What was to be cancelled is not given to anybody else.
          await within(q, DEAD, [...mine, 'it stopped when it was asked to']);
          await leave(parts, q, row.id);
          return true;
        }
        await within(q, 'delete from task_files where task_id = $1', [row.id]);
        await announce(
          q,
          freed.map(({ type }) => type),
        );
        return true;
      }),
  };
}

/** Locks the row: whoever connects a task to this one, or takes it over, comes before or after, never between. */
const HOLD = `
  select dependants > 0 as needed, files <> '{}' as owning from tasks
  where id = $1 and token = $2 and state = 'running' for update`;
const GUARD = `select 1 from tasks where id = $1 and token = $2 and state = 'running' for share`;

interface Hold extends Record<string, unknown> {
  /** Others wait for it. */
  readonly needed: boolean;
  /** It owns files. */
  readonly owning: boolean;
}

interface FailedTry {
  readonly row: ClaimedRow;
  readonly error: unknown;
  readonly hold: (q: Queries) => Promise<Hold | null>;
}

async function failTry(parts: LeaseParts, q: Queries, { row, error, hold }: FailedTry): Promise<boolean> {
  if ((await hold(q)) === null) return false;
  const mine = [row.id, row.token];
  const text = errorText(error);
  const { retryable, waitMs } = retryWish(error);
  await within(q, NOTE_TRY, [...mine, text]);
  const again = retryable
    ? await within<{ type: string }>(q, AGAIN(parts.scoring), [...mine, text, waitMs])
    : [];
  if (again.length === 0) await within(q, DEAD, [...mine, text]);
  await (again.length === 0
    ? leave(parts, q, row.id)
    : within(q, 'delete from task_files where task_id = $1', [row.id]));
  return true;
}

/** After a task has ended: its files are free, and those that wait for it go on, or do not. */
export async function leave(parts: Pick<LeaseParts, 'scoring'>, q: Queries, taskId: string): Promise<void> {
  await within(q, 'delete from task_files where task_id = $1', [taskId]);
  await settle(parts, q, [taskId]);
}

/** Error text comes from foreign code; the database takes no zero character. */
export function errorText(error: unknown): string {
  return clip(plainText(errorMessage(error)), ERROR_CHARS).text.toWellFormed();
}

function retryWish(error: unknown): { retryable: boolean; waitMs: number } {
  const details = isAppError(error) ? error.details : {};
  const after = details['retryAfterMs'];
  const waitMs = typeof after === 'number' && after > 0 ? Math.min(after, RETRY_AFTER_MAX_MS) : 0;
  return { retryable: details['retryable'] !== false, waitMs };
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

export function taskKey(number: number): string {
  return `TSK-${number}`;
}

function lost(row: ClaimedRow): AppError {
  return new AppError('RUN_CONFLICT', {
    message: `task ${taskKey(row.number)} is no longer in this worker's hands`,
    next: `cambium task show ${taskKey(row.number)}`,
  });
}

/** The lease of a task that carries a job of a known type. */
export function asJob<N extends QueueName>(lease: TaskLease): Lease<N> {
  return { ...lease, queue: lease.type as N, data: lease.payload as unknown as Lease<N>['data'] };
}
