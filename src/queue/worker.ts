// A worker: fills its slots as they become free (O25), keeps leases alive, and lets go of everything when it is told to.
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError, errorMessage } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import { CANCEL_CHANNEL } from './care.ts';
import type { Holder, JobState, TaskHandler, TaskLease, TaskWork } from './port.ts';
import { READY_CHANNEL } from './settle.ts';

export interface WorkerSetup {
  readonly db: Database;
  readonly claim: (types: readonly string[], holder: Holder, count: number) => Promise<TaskLease[]>;
  readonly reclaim: () => Promise<number>;
  readonly find: (taskId: string) => Promise<JobState | null>;
  readonly clock: Clock;
  readonly log: Log;
  readonly renewMs: number;
  readonly leaseMs: number;
  /** Floor under notifications, and how soon a dead worker's task is noticed after its lease ran out. */
  readonly pollMs: number;
}

/** Tasks in this worker's hands, so that a cancellation reaches the right one. */
type Running = Map<string, { readonly done: Promise<void>; readonly check: () => void }>;

export function createWorker(setup: WorkerSetup) {
  return async function work(options: TaskWork, signal: AbortSignal): Promise<void> {
    const running: Running = new Map();
    const types = Object.keys(options.handlers);
    const bell: { ring: () => void } = { ring: () => undefined };
    const wake = (): void => bell.ring();
    signal.addEventListener('abort', wake);
    await using subscriptions = new AsyncDisposableStack();
    subscriptions.use(
      await setup.db.listen(
        READY_CHANNEL,
        (type) => {
          if (types.includes(type)) wake();
        },
        { onReconnect: wake },
      ),
    );
    subscriptions.use(await setup.db.listen(CANCEL_CHANNEL, (id) => running.get(id)?.check()));
    let lookedMs = Number.NEGATIVE_INFINITY;
    try {
      while (!signal.aborted) {
        const rung = new Promise<void>((resolve) => {
          bell.ring = resolve;
        });
        // Busy workers look for the dead as well: there may be nobody idle.
        const due = setup.clock.monotonicMs() - lookedMs >= setup.pollMs;
        if (due) lookedMs = setup.clock.monotonicMs();
        const free = options.accepts?.() === false ? 0 : options.slots - running.size;
        const leases = await takeSome(setup, options, { types, free, due });
        for (const lease of leases) start(setup, { lease, options, stop: signal, running, wake });
        if (leases.length === 0) await pause(setup, rung);
      }
      await Promise.all([...running.values()].map(({ done }) => done));
    } finally {
      signal.removeEventListener('abort', wake);
    }
  };
}

async function takeSome(
  setup: WorkerSetup,
  options: TaskWork,
  { types, free, due }: { types: readonly string[]; free: number; due: boolean },
): Promise<TaskLease[]> {
  try {
    if (due) await setup.reclaim();
    return free > 0 ? await setup.claim(types, options, free) : [];
  } catch (error) {
    // The database may be away for a while; the poll tries again.
    setup.log.warn({ error: errorMessage(error), types }, 'taking a task failed');
    return [];
  }
}

async function pause({ clock, pollMs }: WorkerSetup, rung: Promise<void>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([rung, clock.sleep(pollMs, timer.signal).catch(() => undefined)]);
  timer.abort();
}

interface Start {
  readonly lease: TaskLease;
  readonly options: TaskWork;
  readonly stop: AbortSignal;
  readonly running: Running;
  readonly wake: () => void;
}

function start(setup: WorkerSetup, { lease, options, stop, running, wake }: Start): void {
  const handler = options.handlers[lease.type];
  if (!handler) throw new AppError('INTERNAL', { message: `no handler for tasks of type ${lease.type}` });
  const asked = { check: (): void => undefined };
  const done = runTask(setup, { lease, handler, stop, asked }).finally(() => {
    running.delete(lease.jobId);
    wake();
  });
  running.set(lease.jobId, { done, check: () => asked.check() });
}

interface Carried {
  readonly lease: TaskLease;
  readonly handler: TaskHandler;
  readonly stop: AbortSignal;
  /** `check` is called when somebody asked for the end of the task. */
  readonly asked: { check: () => void };
}

async function runTask(setup: WorkerSetup, { lease, handler, stop, asked }: Carried): Promise<void> {
  const { log } = setup;
  const lost = new AbortController();
  // Its time is up, or somebody asked for its end: the handler may still come to an end by itself.
  const late = new AbortController();
  const ended = new AbortController();
  const heartbeat = keepAlive(setup, lease, { lost, late, ended: ended.signal, asked });
  const timer = timeOut(setup, lease, { late, ended: ended.signal });
  try {
    const result = await handler(lease, AbortSignal.any([stop, lost.signal, late.signal]));
    if (await lease.complete(result ?? undefined)) return;
    // A handler may have ended its task itself.
    const state = (await setup.find(lease.jobId))?.state ?? 'completed';
    if (state === 'running') log.warn({ task: lease.key }, 'the task had been lost before it was completed');
  } catch (error) {
    if (lost.signal.aborted) log.warn({ task: lease.key }, 'the lease of a running task was lost');
    else
      await (stop.aborted
        ? lease.release()
        : lease.fail(late.signal.aborted ? late.signal.reason : error)
      ).catch((inner: unknown) => {
        log.warn(
          { error: errorMessage(inner), task: lease.key },
          'the end of a task could not be noted; its lease will run out',
        );
      });
  } finally {
    ended.abort();
    await Promise.all([heartbeat, timer]);
  }
}

/** Ends a try that takes longer than the task allows. */
async function timeOut(
  { clock }: WorkerSetup,
  lease: TaskLease,
  { late, ended }: { late: AbortController; ended: AbortSignal },
): Promise<void> {
  const kept = await clock.sleep(lease.timeoutMs, ended).then(
    () => false,
    () => true,
  );
  if (!kept)
    late.abort(new AppError('CANCELLED', { message: `it ran longer than its ${lease.timeoutMs} ms` }));
}

function cancelled(lease: TaskLease): AppError {
  return new AppError('CANCELLED', { message: `task ${lease.key} was cancelled` });
}

/** Renews until the task has ended; aborts `lost` when somebody else has it, or nobody could be asked for too long. */
async function keepAlive(
  { clock, log, renewMs, leaseMs }: WorkerSetup,
  lease: TaskLease,
  {
    lost,
    late,
    ended,
    asked,
  }: { lost: AbortController; late: AbortController; ended: AbortSignal; asked: Carried['asked'] },
): Promise<void> {
  let askedMs = clock.monotonicMs();
  while (!ended.aborted) {
    await nextBeat(clock, renewMs, { ended, asked });
    if (ended.aborted) return;
    const askingMs = clock.monotonicMs();
    const beat = await lease.beat().catch((error: unknown) => {
      log.warn({ error: errorMessage(error), task: lease.key }, 'renewing a lease failed');
      return null;
    });
    if (beat !== null) askedMs = askingMs;
    if (beat === 'cancelling') late.abort(cancelled(lease));
    const stillOurs = beat === null ? clock.monotonicMs() - askedMs < leaseMs : beat !== 'lost';
    if (stillOurs || ended.aborted) continue;
    lost.abort(new AppError('RUN_CONFLICT', { message: `the lease on task ${lease.key} was lost` }));
    return;
  }
}

/** The time between two renewals; shorter when somebody asked for the end. */
async function nextBeat(
  clock: Clock,
  renewMs: number,
  { ended, asked }: { ended: AbortSignal; asked: Carried['asked'] },
): Promise<void> {
  const over = new AbortController();
  const called = new Promise<void>((resolve) => {
    asked.check = resolve;
  });
  const slept = clock.sleep(renewMs, AbortSignal.any([ended, over.signal])).catch(() => undefined);
  await Promise.race([slept, called]);
  over.abort();
}
