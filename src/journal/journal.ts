// The journal: events appended with the change they tell of, numbered in commit order, read by cursor.
import { EVENT_PAYLOADS, type JournalEvent, type NewEvent } from '#contracts/event.ts';
import { and, asc, eq, gt, sql } from '#database/drizzle.ts';
import { serverFailure } from '#database/failures.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Journal, JournalRead } from './port.ts';
import { createSubscribe } from './subscription.ts';
import { events } from './tables.ts';

/** Version of the payload schemas; grows when one of them changes in a way that readers notice. */
const PAYLOAD_VERSION = 1;
const READ_LIMIT_ROWS = 500;
const READ_MOST_ROWS = 5_000;
const APPEND_MOST_EVENTS = 1_000;

export function createJournal({ db, clock }: { db: Database; clock: Clock }): Journal {
  const read = (filter: JournalRead = {}): Promise<JournalEvent[]> => readEvents(db, filter);
  return {
    append: (q, added) => appendEvents(q, added, clock),
    read,
    subscribe: createSubscribe({ db, clock, read }),
  };
}

async function appendEvents(q: Queries, added: readonly NewEvent[], clock: Clock): Promise<JournalEvent[]> {
  if (added.length === 0) return [];
  if (added.length > APPEND_MOST_EVENTS) {
    throw new AppError('INTERNAL', {
      message: `${added.length} events at once; at most ${APPEND_MOST_EVENTS} fit`,
    });
  }
  const at = clock.now().toISOString();
  const checked = added.map(checkedEvent);
  // The row lock on the head is held until the transaction ends: whoever comes later gets later numbers, and is
  // committed later. A rollback takes the numbers back, so there are no gaps.
  const head = await q.execute(
    sql`update journal_head set seq = seq + ${checked.length} where id = 1 returning seq`,
  );
  const last = Number(head.rows[0]?.['seq'] ?? Number.NaN);
  if (!Number.isSafeInteger(last))
    throw new AppError('INTERNAL', { message: 'the journal has lost its head' });
  const written = checked.map((event, place) => ({
    ...event,
    seq: last - checked.length + 1 + place,
    at,
    schema: PAYLOAD_VERSION,
  }));
  await q.insert(events).values(
    written.map(({ subject, ...event }) => ({
      ...event,
      projectId: subject.projectId ?? null,
      ticketId: subject.ticketId ?? null,
      runId: subject.runId ?? null,
    })),
  );
  return written;
}

function checkedEvent(event: NewEvent): NewEvent {
  const schema = EVENT_PAYLOADS[event.type];
  const parsed = schema?.safeParse(event.payload);
  if (parsed?.success !== true) {
    throw new AppError('INTERNAL', {
      message: `the payload of ${event.type} does not fit: ${parsed?.error.message ?? 'unknown event'}`,
    });
  }
  return { ...event, payload: storable(parsed.data) as NewEvent['payload'] };
}

/** PostgreSQL's jsonb holds neither a zero character nor half a surrogate pair; foreign text may bring both. */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\u0000', '\ufffd');
  if (Array.isArray(value)) return value.map(storable);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), storable(inner)]));
}

async function readEvents(db: Database, filter: JournalRead): Promise<JournalEvent[]> {
  const rows = await db.q
    .select()
    .from(events)
    .where(
      and(
        gt(events.seq, filter.after ?? 0),
        filter.projectId === undefined ? undefined : eq(events.projectId, filter.projectId),
        filter.ticketId === undefined ? undefined : eq(events.ticketId, filter.ticketId),
        filter.runId === undefined ? undefined : eq(events.runId, filter.runId),
      ),
    )
    .orderBy(asc(events.seq))
    .limit(Math.min(filter.limit ?? READ_LIMIT_ROWS, READ_MOST_ROWS))
    .catch((error: unknown) => {
      throw serverFailure(error, db.server.where);
    });
  return rows.map(fromRow);
}

function fromRow(row: typeof events.$inferSelect): JournalEvent {
  const subject = {
    ...(row.projectId === null ? {} : { projectId: row.projectId }),
    ...(row.ticketId === null ? {} : { ticketId: row.ticketId }),
    ...(row.runId === null ? {} : { runId: row.runId }),
  };
  // Written by `append` alone, which checked it against the schema of its type.
  const { seq, at, type, schema, payload } = row;
  return { seq, at, type, schema, subject, payload } as JournalEvent;
}
