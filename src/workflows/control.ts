// Watching over one session of a run: requests, the lease and the wall-time limit, each ending the session by one signal.
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { errorMessage } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import type { Lease } from '#queue/port.ts';
import type { RunRecord } from './run-record.ts';
import { REQUEST_CHANNEL, type RunStore } from './run-store.ts';

/** Why a session stops before the run rests. */
export type StopReason =
  | { readonly kind: 'pause' }
  | { readonly kind: 'cancel' }
  /** The caller's signal: a person's interrupt. */
  | { readonly kind: 'interrupted' }
  /** Another process owns the run, or the lease was lost: nothing more may be written. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'wall-time' };

export interface Control {
  readonly signal: AbortSignal;
  /** Null as long as the session goes on. */
  reason(): StopReason | null;
  stop(reason: StopReason): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ControlParts {
  readonly db: Database;
  readonly store: RunStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly leaseMs: number;
}

/** Should a notification get lost, the row is read this often. */
const CHECK_MS = 1_000;

interface Watched {
  readonly run: RunRecord;
  readonly lease: Lease;
  /** Wall time that the run's limit leaves, milliseconds. */
  readonly leftMs: number;
}

/** Starts watching; the first reading of the row is done when it resolves. */
export async function watchOver(
  parts: ControlParts,
  watched: Watched,
  caller: AbortSignal | undefined,
): Promise<Control> {
  const controller = new AbortController();
  const over = new AbortController();
  let why: StopReason | null = null;
  const stop = (reason: StopReason): void => {
    // Losing the run beats every other reason: then not even the reason may be written.
    if (why === null || reason.kind === 'lost') why = reason;
    controller.abort();
  };
  const check = () => checkRow(parts, watched.run, stop);
  const interrupted = () => stop({ kind: 'interrupted' });
  caller?.addEventListener('abort', interrupted);
  if (caller?.aborted) interrupted();
  const listener = await parts.db.listen(
    REQUEST_CHANNEL,
    (runId) => {
      if (runId === watched.run.id) void check();
    },
    { onReconnect: () => void check() },
  );
  await check();
  const loops = [
    every(parts, CHECK_MS, over.signal, check),
    every(parts, Math.max(1, Math.round(parts.leaseMs / 3)), over.signal, () => renew(parts, watched, stop)),
    every(parts, Math.max(1, Math.round(watched.leftMs)), over.signal, async () =>
      stop({ kind: 'wall-time' }),
    ),
  ];
  return {
    signal: controller.signal,
    reason: () => why,
    stop,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      caller?.removeEventListener('abort', interrupted);
      await Promise.all(loops);
      await listener[Symbol.asyncDispose]();
    },
  };
}

async function checkRow({ store, log }: ControlParts, run: RunRecord, stop: (reason: StopReason) => void) {
  try {
    const now = await store.load(run.id);
    if (now.epoch !== run.epoch) stop({ kind: 'lost' });
    else if (now.request !== null) stop({ kind: now.request });
  } catch (error) {
    // A database that is away for a moment must not end the run: the move itself will fail if it stays away.
    log.warn({ error: errorMessage(error) }, 'requests could not be read');
  }
}

async function renew(parts: ControlParts, { run, lease }: Watched, stop: (reason: StopReason) => void) {
  try {
    const until = new Date(parts.clock.now().getTime() + parts.leaseMs).toISOString();
    const held = (await lease.renew()) && (await parts.store.renew(run, until));
    if (!held) stop({ kind: 'lost' });
  } catch (error) {
    parts.log.warn({ error: errorMessage(error) }, 'the lease could not be renewed');
  }
}

/** Calls `work` each `ms` until aborted. Never rejects. */
async function every(
  { clock, log }: ControlParts,
  ms: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(ms, signal);
      await work();
    } catch (error) {
      if (!signal.aborted) log.error({ error: errorMessage(error) }, 'watching over a run failed');
    }
  }
}
