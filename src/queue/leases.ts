// Leases in SQL: who takes a job, keeps it, gives it back, loses it. Each is atomic; the database's clock decides.
import { sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import { errorMessage } from '#foundation/errors.ts';
import { clip, plainText } from '#foundation/text.ts';
import type { Boss } from './boss.ts';
import type { JobData, JobState, Lease, QueueName } from './port.ts';

const RECLAIM_ROWS = 100;
const ERROR_CHARS = 4_000;
const KEEP_ENDED_DAYS = 14;

export interface LeaseSetup {
  readonly db: Database;
  readonly boss: Boss;
  readonly queues: readonly QueueName[];
  readonly leaseMs: number;
}

export interface Leases {
  take(jobId: string, owner: string): Promise<Lease | null>;
  takeNext<N extends QueueName>(queue: N, owner: string): Promise<Lease<N> | null>;
  reclaim(): Promise<number>;
  cancel(jobId: string): Promise<boolean>;
  find(jobId: string): Promise<JobState | null>;
}

interface TakenRow {
  readonly jobId: string;
  readonly queue: QueueName;
  readonly data: JobData[QueueName];
  readonly epoch: number;
}

/**
 * `$1` lease in ms, `$2` owner; a job that waits is chosen by `choice`, which locks its row: of two takers the second
 * finds it taken.
 */
function takeStatement(choice: string): string {
  return `
    with chosen as (
      select name, id from pgboss.job where state < 'active' and not blocked and ${choice}
    ), taken as (
      update pgboss.job j set state = 'active', started_on = now(), heartbeat_on = now(),
        retry_count = case when j.started_on is null then j.retry_count else j.retry_count + 1 end
      from chosen where j.name = chosen.name and j.id = chosen.id
      returning j.id, j.name, j.data
    ), leased as (
      insert into job_leases as l (job_id, queue, owner, epoch, until)
      select id, name, $2, 1, now() + $1 * interval '1 ms' from taken
      on conflict (job_id) do update set owner = excluded.owner, epoch = l.epoch + 1, until = excluded.until
      returning job_id, epoch
    )
    select t.id as "jobId", t.name as queue, t.data, l.epoch from taken t join leased l on l.job_id = t.id`;
}

const TAKE_THIS = takeStatement('name = any($3::text[]) and id = $4::uuid for update');
const TAKE_NEXT = takeStatement(
  'name = $3 and start_after <= now() order by priority desc, created_on limit 1 for update skip locked',
);

export function createLeases(setup: LeaseSetup): Leases {
  const { db, queues, leaseMs } = setup;
  const toLease = (row: TakenRow | undefined, owner: string): Lease | null =>
    row === undefined ? null : createLease(setup, row, owner);
  return {
    take: async (jobId, owner) => {
      if (!isUuid(jobId)) return null;
      const [row] = await db.raw<TakenRow>(TAKE_THIS, [leaseMs, owner, queues, jobId]);
      return toLease(row, owner);
    },
    takeNext: async <N extends QueueName>(queue: N, owner: string) => {
      const [row] = await db.raw<TakenRow>(TAKE_NEXT, [leaseMs, owner, queue]);
      return toLease(row, owner) as Lease<N> | null;
    },
    reclaim: () => db.transaction((q) => reclaimExpired(q, setup)),
    cancel: (jobId) =>
      isUuid(jobId) ? db.transaction((q) => cancelJob(q, setup, jobId)) : Promise.resolve(false),
    find: async (jobId) => (isUuid(jobId) ? findJob(db, queues, jobId) : null),
  };
}

function createLease(setup: LeaseSetup, row: TakenRow, owner: string): Lease {
  const { db, boss } = setup;
  const mine = { jobId: row.jobId, epoch: row.epoch };
  /** Ends the lease and runs `then` in the same transaction; false when it was not ours any more. */
  const endWith = (then: (q: Queries) => Promise<unknown>): Promise<boolean> =>
    db.transaction(async (q) => {
      const ended = await q.execute(sql`
        update job_leases set until = null
        where job_id = ${mine.jobId}::uuid and epoch = ${mine.epoch} and until is not null returning 1`);
      if (ended.rows.length === 0) return false;
      await then(q);
      return true;
    });
  return {
    ...mine,
    queue: row.queue,
    data: row.data,
    owner,
    renew: async () => {
      const rows = await db.raw(
        `update job_leases set until = now() + $3 * interval '1 ms'
         where job_id = $1::uuid and epoch = $2 and until is not null returning 1`,
        [mine.jobId, mine.epoch, setup.leaseMs],
      );
      return rows.length > 0;
    },
    complete: () =>
      endWith(async (q) => {
        const client = await boss.client();
        await client.boss.complete(row.queue, mine.jobId, undefined, { db: client.within(q) });
        await q.execute(sql`delete from job_leases where job_id = ${mine.jobId}::uuid`);
      }),
    fail: (error) =>
      endWith(async (q) => {
        const client = await boss.client();
        await client.boss.fail(row.queue, mine.jobId, failure(errorMessage(error)), { db: client.within(q) });
      }),
    release: () =>
      endWith((q) =>
        q.execute(sql`
          update pgboss.job set state = 'created', started_on = null, heartbeat_on = null, start_after = now()
          where name = ${row.queue} and id = ${mine.jobId}::uuid and state = 'active'`),
      ),
  };
}

/** Error text comes from foreign code; jsonb takes no zero character. */
function failure(message: string): { message: string } {
  return { message: clip(plainText(message), ERROR_CHARS).text.toWellFormed() };
}

/** Jobs whose holder fell silent: ready again at once, or to the dead letters when their tries are used up. */
async function reclaimExpired(q: Queries, setup: LeaseSetup): Promise<number> {
  const expired = await q.execute<{ job_id: string; queue: string; owner: string }>(sql`
    update job_leases set until = null where job_id in (
      select job_id from job_leases where until < now() order by until limit ${RECLAIM_ROWS} for update skip locked
    ) returning job_id, queue, owner`);
  let reclaimed = 0;
  for (const { job_id: jobId, queue, owner } of expired.rows) {
    const ready = await q.execute(sql`
      update pgboss.job set state = 'retry', start_after = now(), heartbeat_on = null
      where name = ${queue} and id = ${jobId}::uuid and state = 'active' and retry_count < retry_limit returning 1`);
    if (ready.rows.length === 0) {
      const client = await setup.boss.client();
      await client.boss.fail(queue, jobId, failure(`its worker ${owner} fell silent`), {
        db: client.within(q),
      });
    }
    reclaimed += 1;
  }
  await q.execute(sql`
    delete from job_leases l where until is null and not exists (
      select 1 from pgboss.job j where j.name = l.queue and j.id = l.job_id and j.state <= 'active')`);
  await q.execute(sql`
    delete from pgboss.job where state > 'active' and completed_on < now() - ${KEEP_ENDED_DAYS} * interval '1 day'`);
  return reclaimed;
}

async function cancelJob(q: Queries, setup: LeaseSetup, jobId: string): Promise<boolean> {
  await q.execute(sql`delete from job_leases where job_id = ${jobId}::uuid`);
  const found = await q.execute<{ name: string }>(sql`
    select name from pgboss.job where id = ${jobId}::uuid and state <= 'active'
      and name in ${[...setup.queues]} for update`);
  const queue = found.rows[0]?.name;
  if (queue === undefined) return false;
  const client = await setup.boss.client();
  await client.boss.cancel(queue, jobId, { db: client.within(q) });
  return true;
}

const STATES: Readonly<Record<string, JobState['state']>> = {
  created: 'waiting',
  retry: 'waiting',
  active: 'running',
  completed: 'completed',
  cancelled: 'cancelled',
  failed: 'failed',
};

async function findJob(db: Database, queues: readonly string[], jobId: string): Promise<JobState | null> {
  const [row] = await db.raw<{ queue: string; state: string; owner: string | null; until: string | null }>(
    `select j.name as queue, j.state::text, l.owner, l.until from pgboss.job j
     left join job_leases l on l.job_id = j.id and l.until is not null
     where j.id = $1::uuid and j.name = any($2::text[])`,
    [jobId, queues],
  );
  if (row === undefined) return null;
  const state = STATES[row.state] ?? 'failed';
  return { jobId, queue: row.queue, state, owner: row.owner, leaseUntil: row.until };
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
