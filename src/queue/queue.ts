// The queue: jobs that survive their workers, on pg-boss's tables with leases of our own.
import { sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import { type Boss, createBoss } from './boss.ts';
import { createLeases } from './leases.ts';
import type { NewJob, Queue, QueueName } from './port.ts';
import { createWorker, READY_CHANNEL } from './worker.ts';

const QUEUES: readonly QueueName[] = ['run'];
const DEFAULTS = {
  leaseMs: 60_000,
  renewMs: 20_000,
  pollMs: 2_000,
  retryLimit: 10,
  retryDelaySeconds: 5,
  retryDelayMaxSeconds: 300,
};

export interface QueueOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a silent holder keeps its job; 60 s when absent. */
  readonly leaseMs?: number;
  /** Pause between renewals in `work`; 20 s when absent. */
  readonly renewMs?: number;
  /** How often `work` looks without being told; 2 s when absent. */
  readonly pollMs?: number;
  /** Tries after the first before the dead letters; 10 when absent. Read by `prepare` on a new database. */
  readonly retryLimit?: number;
  /** First pause after a failure; 5 s when absent. Read by `prepare` on a new database. */
  readonly retryDelaySeconds?: number;
}

export function createQueue(options: QueueOptions): Queue {
  const { db, clock, log } = options;
  const { leaseMs, renewMs, pollMs, ...rules } = { ...DEFAULTS, ...options };
  const boss = createBoss({ db, clock, log, queues: QUEUES, rules });
  const leases = createLeases({ db, boss, queues: QUEUES, leaseMs });
  const closing = new AbortController();
  const worker = createWorker({ db, leases, clock, log, renewMs, leaseMs, pollMs });
  const working = new Set<Promise<void>>();
  return {
    ...leases,
    prepare: () => boss.prepare(),
    enqueue: (q, job) => enqueue(q, boss, job),
    work: (request, signal) => {
      const work = worker(request, AbortSignal.any([signal, closing.signal]));
      const tracked = work.finally(() => working.delete(tracked));
      working.add(tracked);
      return tracked;
    },
    close: async () => {
      closing.abort();
      await Promise.allSettled(working);
      await boss.close();
    },
  };
}

async function enqueue(q: Queries, boss: Boss, job: NewJob): Promise<{ jobId: string }> {
  const client = await boss.client();
  const db = client.within(q);
  // A job with this key that ends between the two statements makes room: then the insert succeeds next time.
  for (let tries = 0; tries < 3; tries += 1) {
    const jobId = await client.boss.send(job.queue, job.data, {
      singletonKey: job.key,
      db,
      ...(job.delaySeconds === undefined ? {} : { startAfter: job.delaySeconds }),
    });
    if (jobId !== null) {
      await q.execute(sql`select pg_notify(${READY_CHANNEL}, ${job.queue})`);
      return { jobId };
    }
    const live = await q.execute<{ id: string }>(sql`
      select id from pgboss.job where name = ${job.queue} and singleton_key = ${job.key} and state <= 'active'`);
    const found = live.rows[0]?.id;
    if (found !== undefined) return { jobId: found };
  }
  throw new AppError('INTERNAL', {
    message: `job ${job.key} could neither be added to ${job.queue} nor found there`,
  });
}
