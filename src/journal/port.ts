// The journal as other rooms see it: append with a transaction, read by cursor, subscribe without gaps.
import type { JournalEvent, NewEvent } from '#contracts/event.ts';
import type { Queries } from '#database/port.ts';

export interface JournalRead {
  /** Only events with a greater sequence number; 0 or absent for all. */
  readonly after?: number;
  readonly projectId?: string;
  readonly ticketId?: string;
  readonly runId?: string;
  /** Most rows to return; 500 when absent, at most 5000. */
  readonly limit?: number;
}

export interface JournalSubscription {
  /** The cursor: the last sequence number already seen; 0 or absent to begin with the first event. */
  readonly after?: number;
  readonly runId?: string;
  readonly ticketId?: string;
  /** Ends the iteration without an error. */
  readonly signal: AbortSignal;
}

export interface Journal {
  /**
   * Writes events inside the caller's transaction, so that they are kept or lost with the change they tell of.
   * Writers queue up from here to their commit: append last. Throws INTERNAL when a payload does not fit its schema.
   */
  append(q: Queries, events: readonly NewEvent[]): Promise<JournalEvent[]>;
  /** Committed events in sequence order. */
  read(filter?: JournalRead): Promise<JournalEvent[]>;
  /**
   * Every event after the cursor, past and to come, in sequence order, each exactly once. Survives a lost
   * connection; throws DATABASE_UNAVAILABLE when the database stays away for a minute.
   */
  subscribe(options: JournalSubscription): AsyncIterable<JournalEvent>;
}
