// Time as a collaborator: the system clock, and a clock for tests that moves only when told to.
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Wall time. */
  now(): Date;
  /** Milliseconds from an arbitrary start that never go backwards; for durations. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export function createSystemClock(): Clock {
  return {
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal ? { signal } : {});
    },
  };
}

export interface ManualClock extends Clock {
  /** Moves time forward and wakes every sleeper whose time has come, in order. */
  advance(ms: number): void;
}

/** A clock for tests and replays: time stands still until `advance`. */
export function createManualClock(startIso = '2026-01-01T00:00:00.000Z'): ManualClock {
  const startMs = Date.parse(startIso);
  let elapsedMs = 0;
  let sleepers: { dueMs: number; wake: () => void }[] = [];
  return {
    now: () => new Date(startMs + elapsedMs),
    monotonicMs: () => elapsedMs,
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const sleeper = { dueMs: elapsedMs + ms, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          reject(signal.reason);
        });
      }),
    advance: (ms) => {
      elapsedMs += ms;
      const due = sleepers.filter((s) => s.dueMs <= elapsedMs).sort((a, b) => a.dueMs - b.dueMs);
      sleepers = sleepers.filter((s) => s.dueMs > elapsedMs);
      for (const sleeper of due) sleeper.wake();
    },
  };
}
