// A worker: takes jobs as they come, keeps their leases alive, and lets go of everything when it is told to stop.
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError, errorMessage } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import type { Leases } from './leases.ts';
import type { Lease, QueueName, WorkOptions } from './port.ts';

/** Told by `enqueue` at commit, with the queue's name. */
export const READY_CHANNEL = 'queue_ready';

export interface WorkerSetup {
  readonly db: Database;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Log;
  readonly renewMs: number;
  readonly leaseMs: number;
  /** Floor under notifications, and how soon a dead worker's job is noticed after its lease ran out. */
  readonly pollMs: number;
}

export function createWorker(setup: WorkerSetup) {
  return async function work<N extends QueueName>(
    options: WorkOptions<N>,
    signal: AbortSignal,
  ): Promise<void> {
    const running = new Set<Promise<void>>();
    const bell: { ring: () => void } = { ring: () => undefined };
    const wake = (): void => bell.ring();
    signal.addEventListener('abort', wake);
    const subscription = await setup.db.listen(
      READY_CHANNEL,
      (queue) => {
        if (queue === options.queue) wake();
      },
      { onReconnect: wake },
    );
    try {
      while (!signal.aborted) {
        const rung = new Promise<void>((resolve) => {
          bell.ring = resolve;
        });
        const lease = running.size < options.concurrency ? await takeOne(setup, options) : null;
        if (lease === null) {
          await pause(setup, rung);
          continue;
        }
        const job = runJob(setup, { lease, handler: options.handler, stop: signal }).finally(() => {
          running.delete(job);
          wake();
        });
        running.add(job);
      }
      await Promise.all(running);
    } finally {
      signal.removeEventListener('abort', wake);
      await subscription[Symbol.asyncDispose]();
    }
  };
}

async function takeOne<N extends QueueName>(
  setup: WorkerSetup,
  options: WorkOptions<N>,
): Promise<Lease<N> | null> {
  try {
    const next = await setup.leases.takeNext(options.queue, options.owner);
    if (next !== null) return next;
    return (await setup.leases.reclaim()) > 0
      ? await setup.leases.takeNext(options.queue, options.owner)
      : null;
  } catch (error) {
    // The database may be away for a while; the poll tries again.
    setup.log.warn({ error: errorMessage(error), queue: options.queue }, 'taking a job failed');
    return null;
  }
}

async function pause({ clock, pollMs }: WorkerSetup, rung: Promise<void>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([rung, clock.sleep(pollMs, timer.signal).catch(() => undefined)]);
  timer.abort();
}

interface Running<N extends QueueName> {
  readonly lease: Lease<N>;
  readonly handler: WorkOptions<N>['handler'];
  readonly stop: AbortSignal;
}

async function runJob<N extends QueueName>(
  setup: WorkerSetup,
  { lease, handler, stop }: Running<N>,
): Promise<void> {
  const { log } = setup;
  const lost = new AbortController();
  const ended = new AbortController();
  const heartbeat = keepAlive(setup, lease, { lost, ended: ended.signal });
  try {
    await handler(lease, AbortSignal.any([stop, lost.signal]));
    if (await lease.complete()) return;
    // A handler may have ended its job itself.
    const state = (await setup.leases.find(lease.jobId))?.state ?? 'completed';
    if (state === 'running') log.warn({ job: lease.jobId }, 'the job had been lost before it was completed');
  } catch (error) {
    if (lost.signal.aborted) log.warn({ job: lease.jobId }, 'the lease of a running job was lost');
    else
      await (stop.aborted ? lease.release() : lease.fail(error)).catch((inner: unknown) => {
        log.warn(
          { error: errorMessage(inner), job: lease.jobId },
          'the end of a job could not be noted; its lease will run out',
        );
      });
  } finally {
    ended.abort();
    await heartbeat;
  }
}

/** Renews until the job has ended; aborts `lost` when somebody else has it, or nobody could be asked for too long. */
async function keepAlive<N extends QueueName>(
  { clock, log, renewMs, leaseMs }: WorkerSetup,
  lease: Lease<N>,
  { lost, ended }: { lost: AbortController; ended: AbortSignal },
): Promise<void> {
  let askedMs = clock.monotonicMs();
  while (!ended.aborted) {
    await clock.sleep(renewMs, ended).catch(() => undefined);
    if (ended.aborted) return;
    const askingMs = clock.monotonicMs();
    const kept = await lease.renew().catch((error: unknown) => {
      log.warn({ error: errorMessage(error), job: lease.jobId }, 'renewing a lease failed');
      return null;
    });
    if (kept === true) askedMs = askingMs;
    const stillOurs = kept ?? clock.monotonicMs() - askedMs < leaseMs;
    if (stillOurs || ended.aborted) continue;
    lost.abort(new AppError('RUN_CONFLICT', { message: `the lease on job ${lease.jobId} was lost` }));
    return;
  }
}
