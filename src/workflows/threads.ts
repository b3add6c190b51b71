// Threads between agents: messages that reach the receiver's context once, and an end for those that fall silent (O20).
import type { Message, Thread, ThreadKind, ThreadState } from '#contracts/thread.ts';
import { and, asc, desc, eq, inArray, type SQL, sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { clip, plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import { messageReadings, messages, threads as table, threadParticipants } from './collaboration-tables.ts';

const SUBJECT_CHARS = 200;
const BODY_CHARS = 20_000;
const LISTED_THREADS = 200;
const SHOWN_MESSAGES = 500;
/** Messages that one context takes in at once; the rest waits for the next. */
const DELIVERED_MESSAGES = 50;
const PARTICIPANTS = 50;
const SWEPT_THREADS = 100;
/** A working day of silence. */
const IDLE_SECONDS = 8 * 3_600;

export interface NewThread {
  readonly kind: ThreadKind;
  readonly subject: string;
  /** Who opens it; becomes a participant. */
  readonly by: string;
  readonly participants: readonly string[];
  readonly projectId?: string | null;
  readonly ticketId?: string | null;
  readonly taskId?: string | null;
  /** Silence after which it counts as abandoned, seconds; eight hours when absent. */
  readonly idleSeconds?: number;
}

export interface NewMessage {
  readonly thread: string;
  readonly sender: string;
  readonly body: string;
  /** One participant; absent or null for all of them. */
  readonly receiver?: string | null;
}

export interface Threads {
  /** Opens a thread inside the caller's transaction, with `thread.opened`. */
  open(q: Queries, thread: NewThread): Promise<Thread>;
  /** Adds a message inside the caller's transaction; the sender becomes a participant. RUN_CONFLICT when it is closed. */
  post(q: Queries, message: NewMessage): Promise<Message>;
  /** By id, `THR-4` or number. Throws NOT_FOUND. */
  show(ref: string): Promise<{ thread: Thread; messages: Message[] }>;
  /** Newest first, at most 200. */
  list(filter?: { readonly state?: ThreadState; readonly participant?: string }): Promise<Thread[]>;
  /**
   * What `reader` has not read yet, oldest first, and marks it as read into `context` (a run, a turn: a name that is
   * used once). Asked again for the same context it gives the same messages, so that a crash loses and doubles none.
   */
  deliver(reader: string, context: string): Promise<Message[]>;
  /** Ends a thread. RUN_CONFLICT when it has ended already. */
  close(q: Queries, end: ThreadEnd): Promise<void>;
  /** Abandons the threads whose patience is over; how many. */
  sweep(): Promise<number>;
}

export interface ThreadEnd {
  readonly thread: string;
  readonly by: string;
  readonly state: 'resolved' | 'abandoned';
  readonly outcome: string;
}

export interface ThreadsParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly ids: Ids;
}

export function createThreads(parts: ThreadsParts): Threads {
  const { db } = parts;
  return {
    open: (q, thread) => openThread(parts, q, thread),
    post: (q, message) => postMessage(parts, q, message),
    show: async (ref) => {
      const thread = await findThread(db.q, ref);
      const list = await db.q
        .select()
        .from(messages)
        .where(eq(messages.threadId, thread.id))
        .orderBy(asc(messages.seq))
        .limit(SHOWN_MESSAGES);
      return { thread, messages: list };
    },
    list: (filter = {}) => {
      const mine =
        filter.participant === undefined
          ? undefined
          : inArray(
              table.id,
              db.q
                .select({ id: threadParticipants.threadId })
                .from(threadParticipants)
                .where(eq(threadParticipants.agent, filter.participant)),
            );
      const state = filter.state === undefined ? undefined : eq(table.state, filter.state);
      return readThreads(db.q, and(mine, state));
    },
    deliver: (reader, context) => deliverMessages(db, reader, context),
    close: (q, end) => closeThread(parts, q, end),
    sweep: () => sweepThreads(parts),
  };
}

async function openThread({ journal, ids }: ThreadsParts, q: Queries, input: NewThread): Promise<Thread> {
  const idleSeconds = input.idleSeconds ?? IDLE_SECONDS;
  const agents = [...new Set([input.by, ...input.participants])].slice(0, PARTICIPANTS);
  const [row] = await q
    .insert(table)
    .values({
      id: ids.next('thr'),
      kind: input.kind,
      state: 'active',
      subject: plainText(input.subject).replace(/\s+/g, ' ').trim().slice(0, SUBJECT_CHARS),
      projectId: input.projectId ?? null,
      ticketId: input.ticketId ?? null,
      taskId: input.taskId ?? null,
      openedBy: input.by,
      openedAt: sql`now()`,
      idleSeconds,
      idleUntil: sql`now() + ${idleSeconds} * interval '1 second'`,
    })
    .returning();
  if (!row) throw new AppError('INTERNAL', { message: 'opening a thread returned no row' });
  await q
    .insert(threadParticipants)
    .values(agents.map((agent) => ({ threadId: row.id, agent, joinedAt: sql`now()` })));
  const thread = toThread(row, agents);
  const { key, kind, subject } = thread;
  await journal.append(q, [
    {
      type: 'thread.opened',
      subject: subjectOf(thread),
      payload: { thread: key, kind, subject, by: input.by },
    },
  ]);
  return thread;
}

async function postMessage({ journal }: ThreadsParts, q: Queries, input: NewMessage): Promise<Message> {
  // The row lock orders the writers of a thread: numbers have no gaps, and none is given twice.
  const thread = await findThread(q, input.thread, true);
  if (thread.state !== 'active') throw closed(thread);
  const receiver = input.receiver ?? null;
  if (receiver !== null && !thread.participants.includes(receiver)) {
    throw new AppError('USAGE', {
      message: `${receiver} is not in ${thread.key}; in it are ${thread.participants.join(', ')}`,
      next: `leave the receiver out to tell all of them, or open a thread with ${receiver}`,
    });
  }
  await q
    .insert(threadParticipants)
    .values({ threadId: thread.id, agent: input.sender, joinedAt: sql`now()` })
    .onConflictDoNothing();
  const [row] = await q
    .insert(messages)
    .values({
      threadId: thread.id,
      seq: sql`(select coalesce(max(seq), 0) + 1 from messages where thread_id = ${thread.id})`,
      sender: input.sender,
      receiver,
      body: clip(plainText(input.body), BODY_CHARS).text,
      sentAt: sql`now()`,
    })
    .returning();
  if (!row) throw new AppError('INTERNAL', { message: `a message to ${thread.key} returned no row` });
  const readers = receiver === null ? thread.participants : [receiver];
  const others = readers.filter((agent) => agent !== input.sender);
  if (others.length > 0) {
    await q
      .insert(messageReadings)
      .values(others.map((reader) => ({ threadId: thread.id, seq: row.seq, reader })));
  }
  await q
    .update(table)
    .set({ idleUntil: sql`now() + idle_seconds * interval '1 second'` })
    .where(eq(table.id, thread.id));
  await journal.append(q, [
    {
      type: 'agent.message',
      subject: subjectOf(thread),
      payload: { thread: thread.key, seq: row.seq, sender: row.sender, receiver },
    },
  ]);
  return row;
}

async function deliverMessages(db: Database, reader: string, context: string): Promise<Message[]> {
  return db.transaction(async (q) => {
    const again = await readInto(q, reader, context);
    if (again.length > 0) return again;
    await q.execute(sql`
      update message_readings r set context = ${context}, read_at = now() from (
        select r.thread_id, r.seq from message_readings r
        join messages m on m.thread_id = r.thread_id and m.seq = r.seq
        where r.reader = ${reader} and r.context is null
        order by m.sent_at, m.thread_id, m.seq limit ${DELIVERED_MESSAGES} for update of r skip locked
      ) due where r.thread_id = due.thread_id and r.seq = due.seq and r.reader = ${reader}`);
    return readInto(q, reader, context);
  });
}

function readInto(q: Queries, reader: string, context: string): Promise<Message[]> {
  const { threadId, seq, sender, receiver, body, sentAt } = messages;
  return q
    .select({ threadId, seq, sender, receiver, body, sentAt })
    .from(messages)
    .innerJoin(
      messageReadings,
      and(eq(messageReadings.threadId, messages.threadId), eq(messageReadings.seq, messages.seq)),
    )
    .where(and(eq(messageReadings.reader, reader), eq(messageReadings.context, context)))
    .orderBy(asc(messages.sentAt), asc(messages.threadId), asc(messages.seq));
}

async function closeThread({ journal }: ThreadsParts, q: Queries, end: ThreadEnd): Promise<void> {
  const outcome = clip(plainText(end.outcome), BODY_CHARS).text;
  const [row] = await q
    .update(table)
    .set({ state: end.state, closedBy: end.by, closedAt: sql`now()`, outcome })
    .where(and(refers(end.thread), eq(table.state, 'active')))
    .returning();
  if (!row) throw closed(await findThread(q, end.thread));
  const thread = toThread(row, []);
  await journal.append(q, [
    {
      type: 'thread.closed',
      subject: subjectOf(thread),
      payload: { thread: thread.key, state: end.state, by: end.by, outcome },
    },
  ]);
}

async function sweepThreads(parts: ThreadsParts): Promise<number> {
  return parts.db.transaction(async (q) => {
    const idle = await q.execute<{ id: string }>(sql`
      select id from threads where state = 'active' and idle_until < now()
      order by idle_until limit ${SWEPT_THREADS} for update skip locked`);
    const outcome = 'nobody said anything for as long as it may be silent';
    for (const { id } of idle.rows)
      await closeThread(parts, q, { thread: id, state: 'abandoned', by: 'cambium', outcome });
    return idle.rows.length;
  });
}

function closed(thread: Thread): AppError {
  return new AppError('RUN_CONFLICT', {
    message: `${thread.key} is ${thread.state}${thread.closedBy === null ? '' : ` by ${thread.closedBy}`}`,
    next: 'cambium thread list --state active',
  });
}

function subjectOf({ projectId, ticketId }: Thread): { projectId?: string; ticketId?: string } {
  return { ...(projectId === null ? {} : { projectId }), ...(ticketId === null ? {} : { ticketId }) };
}

function refers(ref: string): SQL {
  const number = /^(?:thr-)?(\d{1,9})$/i.exec(ref)?.[1];
  return number === undefined ? eq(table.id, ref) : eq(table.number, Number(number));
}

/** With `locked` nobody else can write to the thread until the transaction ends. */
async function findThread(q: Queries, ref: string, locked = false): Promise<Thread> {
  const where = refers(ref);
  if (locked) await q.select({ id: table.id }).from(table).where(where).for('update');
  const [found] = await readThreads(q, where);
  if (found) return found;
  throw new AppError('NOT_FOUND', {
    message: `there is no thread ${plainText(ref)}`,
    next: 'cambium thread list',
  });
}

async function readThreads(q: Queries, where: SQL | undefined): Promise<Thread[]> {
  const rows = await q
    .select({
      row: table,
      agents: sql<
        string[]
      >`array(select agent from thread_participants p where p.thread_id = ${table.id} order by p.joined_at, agent)`,
    })
    .from(table)
    .where(where)
    .orderBy(desc(table.number))
    .limit(LISTED_THREADS);
  return rows.map(({ row, agents }) => toThread(row, agents));
}

function toThread(row: typeof table.$inferSelect, participants: readonly string[]): Thread {
  const { number, idleSeconds: _idleSeconds, ...rest } = row;
  return { ...rest, key: `THR-${number}`, participants: [...participants] };
}
