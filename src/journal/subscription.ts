// Following the journal: read up to the end, wait for a sign that there is more, read on from the cursor.
import type { JournalEvent } from '#contracts/event.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { errorCode } from '#foundation/errors.ts';
import type { Journal, JournalRead, JournalSubscription } from './port.ts';

/** Sent by the trigger on `events`, at commit. */
export const JOURNAL_CHANNEL = 'journal';
const PAGE_ROWS = 500;
/** The floor under notifications: how late an event can be when one gets lost. */
const POLL_MS = 5_000;
const AWAY_PAUSE_MS = 200;
const AWAY_LIMIT_MS = 60_000;

export interface SubscribeSetup {
  readonly db: Database;
  readonly clock: Clock;
  readonly read: (filter: JournalRead) => Promise<JournalEvent[]>;
}

export function createSubscribe({ db, clock, read }: SubscribeSetup): Journal['subscribe'] {
  return async function* subscribe(options: JournalSubscription): AsyncGenerator<JournalEvent> {
    const { signal } = options;
    if (signal.aborted) return;
    const bell = createBell();
    const stop = (): void => bell.ring();
    signal.addEventListener('abort', stop, { once: true });
    const patient = createPatience({ clock, signal });
    // Listen before the first read: what is committed after it rings the bell.
    const subscription = await patient(() =>
      db.listen(JOURNAL_CHANNEL, bell.ring, { onReconnect: bell.ring }),
    );
    try {
      let cursor = options.after ?? 0;
      while (!signal.aborted) {
        const heard = bell.wait(clock, POLL_MS);
        try {
          const page = await patient(() => read({ ...filterOf(options), after: cursor, limit: PAGE_ROWS }));
          for (const event of page ?? []) {
            if (signal.aborted) return;
            cursor = event.seq;
            yield event;
          }
          if ((page?.length ?? 0) < PAGE_ROWS) await heard.done;
        } finally {
          heard.drop();
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
      await subscription?.[Symbol.asyncDispose]();
    }
  };
}

function filterOf({ runId, ticketId }: JournalSubscription): JournalRead {
  return { ...(runId === undefined ? {} : { runId }), ...(ticketId === undefined ? {} : { ticketId }) };
}

/** Runs a call again while the database is away, for a minute at most; null when the signal ended the wait. */
function createPatience({ clock, signal }: { clock: Clock; signal: AbortSignal }) {
  return async function patient<T>(call: () => Promise<T>): Promise<T | null> {
    const deadline = clock.monotonicMs() + AWAY_LIMIT_MS;
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (signal.aborted) return null;
        if (errorCode(error) !== 'DATABASE_UNAVAILABLE' || clock.monotonicMs() > deadline) throw error;
        await clock.sleep(AWAY_PAUSE_MS, signal).catch(() => undefined);
      }
    }
  };
}

interface Wait {
  readonly done: Promise<void>;
  drop(): void;
}

/** A bell that remembers being rung between two waits: a wait made before a read hears what happens during it. */
function createBell(): { ring: () => void; wait: (clock: Clock, ms: number) => Wait } {
  const waiting = new Set<() => void>();
  return {
    ring: () => {
      for (const wake of waiting) wake();
      waiting.clear();
    },
    wait: (clock, ms) => {
      const rung = Promise.withResolvers<void>();
      const timer = new AbortController();
      const end = (): void => {
        waiting.delete(end);
        timer.abort();
        rung.resolve();
      };
      waiting.add(end);
      clock.sleep(ms, timer.signal).then(end, () => undefined);
      return { done: rung.promise, drop: end };
    },
  };
}
