// Locks on named resources (O26): shared or exclusive, kept apart by the database, fenced by a token at every effect.
import type { LockMode, LockView } from '#contracts/lock.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import { transact, within } from './statement.ts';

const TTL_MS = 60_000;
const POLL_MS = 100;

export interface LockRequest {
  /** `file:…`, `branch:…`, `environment:…`: any text, the same for all who mean the same thing. */
  readonly resource: string;
  readonly mode: LockMode;
  /** Who asks; the same holder asking again keeps its token. */
  readonly holder: string;
  /** Task for whose end the lock is meant; releases by task. */
  readonly taskId?: string | undefined;
  /** How long it lasts without being renewed; 60 s when absent. */
  readonly ttlMs?: number;
  /** How long to wait for others; 0 when absent. */
  readonly waitMs?: number;
}

/** A lock in somebody's hands. The token is larger than that of any earlier holder of the resource. */
export interface Lock {
  readonly resource: string;
  readonly mode: LockMode;
  readonly holder: string;
  readonly token: number;
}

export interface Locks {
  /** Throws LOCKED when others hold it past `waitMs`, or when waiting would close a circle and this wait is the youngest. */
  acquire(request: LockRequest, signal?: AbortSignal): Promise<Lock>;
  /** For an effect: throws LOCKED unless the lock is held until the transaction ends. */
  guard(q: Queries, lock: Lock): Promise<void>;
  /** False when it is not held any more. */
  renew(lock: Lock, ttlMs?: number): Promise<boolean>;
  release(lock: Lock): Promise<boolean>;
  /** Lets go of all of a holder, of a task, or of a resource; how many. For people and for ends of tasks. */
  releaseAll(which: {
    readonly holder?: string | undefined;
    readonly taskId?: string | undefined;
    readonly resource?: string | undefined;
  }): Promise<number>;
  list(limit: number): Promise<LockView[]>;
}

export interface LocksSetup {
  readonly db: Database;
  readonly clock: Clock;
  /** SQL for the present instant; the database's own clock when absent, one that jumps in tests. */
  readonly now?: string;
}

export function createLocks({ db, clock, now = 'clock_timestamp()' }: LocksSetup): Locks {
  return {
    acquire: async (request, signal) => {
      const deadlineMs = clock.monotonicMs() + (request.waitMs ?? 0);
      let waited = false;
      try {
        for (;;) {
          const answer = await transact(db, (q) => attempt(q, now, request));
          if (answer.lock !== null) return answer.lock;
          const leftMs = deadlineMs - clock.monotonicMs();
          if (leftMs <= 0) throw held(request, answer.others);
          waited = true;
          await db.transaction((q) => wait(q, now, { request, leftMs }));
          await clock.sleep(Math.min(POLL_MS, leftMs), signal);
        }
      } finally {
        if (waited) await db.raw('delete from lock_waits where holder = $1', [request.holder]);
      }
    },
    guard: async (q, lock) => {
      const mine = await within(q, GUARD(now), [lock.resource, lock.holder, lock.token]);
      if (mine.length === 0) throw held(lock, []);
    },
    renew: async (lock, ttlMs = TTL_MS) => {
      const kept = await db.raw(
        `update lock_holders set until = ${now} + $4 * interval '1 ms'
         where resource = $1 and holder = $2 and token = $3 and until > ${now} returning 1`,
        [lock.resource, lock.holder, lock.token, ttlMs],
      );
      return kept.length > 0;
    },
    release: async ({ resource, holder, token }) => {
      const gone = await db.raw(
        'delete from lock_holders where resource = $1 and holder = $2 and token = $3 returning 1',
        [resource, holder, token],
      );
      return gone.length > 0;
    },
    releaseAll: async ({ holder = null, taskId = null, resource = null }) => {
      const gone = await db.raw(
        `delete from lock_holders where ($1::text is not null or $2::text is not null or $3::text is not null)
           and ($1::text is null or holder = $1) and ($2::text is null or task_id = $2)
           and ($3::text is null or resource = $3) returning 1`,
        [holder, taskId, resource],
      );
      return gone.length;
    },
    list: (limit) =>
      db.raw<LockView>(
        `select resource, mode, holder, task_id as "taskId", token, acquired_at as "acquiredAt", until,
           until <= ${now} as expired,
           array(select w.holder from lock_waits w where w.resource = h.resource order by w.since) as waiting
         from lock_holders h order by resource, holder limit $1`,
        [limit],
      ),
  };
}

const GUARD = (now: string): string => `
  select 1 from lock_holders where resource = $1 and holder = $2 and token = $3 and until > ${now} for share`;

interface Other extends Record<string, unknown> {
  readonly holder: string;
  readonly mode: LockMode;
}

/** One try. The row of the resource is locked first, so that two tries never interleave. */
async function attempt(
  q: Queries,
  now: string,
  { resource, mode, holder, taskId, ttlMs = TTL_MS }: LockRequest,
): Promise<{ lock: Lock; others: [] } | { lock: null; others: readonly Other[] }> {
  await within(
    q,
    'insert into locks (resource, mode) values ($1, $2) on conflict (resource) do update set mode = locks.mode',
    [resource, mode],
  );
  await within(q, `delete from lock_holders where resource = $1 and until <= ${now}`, [resource]);
  const there = await within<Other & { token: number }>(
    q,
    'select holder, mode, token from lock_holders where resource = $1',
    [resource],
  );
  const own = there.find((row) => row.holder === holder);
  const others = there.filter((row) => row.holder !== holder);
  if (others.some((row) => mode === 'exclusive' || row.mode === 'exclusive')) return { lock: null, others };
  if (own && (own.mode === mode || own.mode === 'exclusive')) {
    await within(
      q,
      `update lock_holders set until = greatest(until, ${now} + $3 * interval '1 ms') where resource = $1 and holder = $2`,
      [resource, holder, ttlMs],
    );
    return { lock: { resource, mode: own.mode, holder, token: own.token }, others: [] };
  }
  if (own)
    await within(q, 'delete from lock_holders where resource = $1 and holder = $2', [resource, holder]);
  if (others.length === 0)
    await within(q, 'update locks set mode = $2 where resource = $1', [resource, mode]);
  const [row] = await within<{ token: number }>(
    q,
    `insert into lock_holders (resource, mode, holder, task_id, acquired_at, until)
     values ($1, $2, $3, $4, ${now}, ${now} + $5 * interval '1 ms') returning token`,
    [resource, mode, holder, taskId ?? null, ttlMs],
  );
  if (!row) throw new AppError('INTERNAL', { message: `lock on ${resource} was not stored` });
  return { lock: { resource, mode, holder, token: row.token }, others: [] };
}

/** Who waits for whom, from `$1` on; a path that comes back to `$1` is a deadlock. */
const CIRCLE = (now: string): string => `
  with recursive path (holder, chain) as (
    select $1::text, array[$1::text]
    union all
    select h.holder, p.chain || h.holder from path p
    join lock_waits w on w.holder = p.holder and w.until > ${now}
    join lock_holders h on h.resource = w.resource and h.holder <> w.holder and h.until > ${now}
      and (w.mode = 'exclusive' or h.mode = 'exclusive')
    where not h.holder = any(p.chain[2:]) and cardinality(p.chain) < 100
  )
  select chain[2:] as chain, (
    select w.holder from lock_waits w where w.holder = any(chain) order by w.since desc, w.holder desc limit 1
  ) as youngest from path where holder = $1 and cardinality(chain) > 1 limit 1`;

interface Waiting {
  readonly request: LockRequest;
  readonly leftMs: number;
}

/** Notes that somebody waits. Whoever is not the youngest of a circle goes on waiting: the youngest finds out itself. */
async function wait(q: Queries, now: string, { request, leftMs }: Waiting): Promise<void> {
  const { holder, resource, mode } = request;
  await within(
    q,
    `insert into lock_waits (holder, resource, mode, since, until)
     values ($1, $2, $3, ${now}, ${now} + $4 * interval '1 ms')
     on conflict (holder) do update set resource = $2, mode = $3, until = excluded.until,
       since = case when lock_waits.resource = $2 then lock_waits.since else excluded.since end`,
    [holder, resource, mode, leftMs],
  );
  const [circle] = await within<{ chain: string[]; youngest: string }>(q, CIRCLE(now), [holder]);
  if (circle?.youngest !== holder) return;
  throw new AppError('LOCKED', {
    message: `${holder} would wait for ${resource} for ever: ${circle.chain.join(' waits for ')}`,
    next: 'let go of the locks that are held, then ask for all of them in one order',
    details: { deadlock: circle.chain },
  });
}

function held({ resource, holder }: Pick<Lock, 'resource' | 'holder'>, others: readonly Other[]): AppError {
  const by = others.map((other) => `${other.holder} (${other.mode})`);
  const message =
    by.length > 0
      ? `${resource} is locked by ${by.join(', ')}`
      : `${holder} does not hold the lock on ${resource} any more`;
  return new AppError('LOCKED', { message, next: 'cambium lock list', details: { holders: by } });
}
