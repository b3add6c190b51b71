// Handoffs: a task, what is known about it and its locks go to another agent in one transaction, once, or not at all (O21).
import { type Handoff, type HandoffState, type NewHandoff, newHandoff } from '#contracts/thread.ts';
import { and, desc, eq, type SQL, sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { clip, plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import { handoffs as table } from './collaboration-tables.ts';
import type { Threads } from './threads.ts';

const LISTED_HANDOFFS = 200;
const LAPSED_HANDOFFS = 100;
const NOTE_CHARS = 2_000;
/** A thread of a handoff outlives its offer by this much, seconds. */
const THREAD_GRACE_SECONDS = 60;
/** Who ends what nobody answered. */
const CLOSER = 'cambium';

/** A task as far as handing it over needs it. */
export interface HeldTask {
  readonly id: string;
  readonly key: string;
  readonly projectId: string | null;
  readonly ticketId: string | null;
  /** Null when nobody holds it. */
  readonly owner: string | null;
}

/** The tasks of the queue. */
export interface TaskHands {
  /** By id or key; null when unknown. */
  find(q: Queries, ref: string): Promise<HeldTask | null>;
  /**
   * Gives the task and every lock taken for it to `to`, with new fencing numbers, inside the caller's transaction.
   * False when `from` does not hold the task any more.
   */
  give(
    q: Queries,
    hand: { readonly taskId: string; readonly from: string; readonly to: string },
  ): Promise<boolean>;
}

export interface Handoffs {
  /**
   * Offers a task that `from` holds. RUN_CONFLICT when it does not hold it, or when the task is on offer already.
   */
  offer(offer: NewHandoff): Promise<Handoff>;
  /**
   * Takes the task over: ownership, locks and the package, or nothing. Of any number of callers one succeeds; for the
   * others RUN_CONFLICT says who was first, or that the offer was not for them or has lapsed.
   */
  accept(answer: Answer): Promise<Handoff>;
  /** Says no; the task stays where it is. An offer to everybody is declined only by who made it (`withdrawn`). */
  decline(answer: Answer): Promise<Handoff>;
  /** Newest first, at most 200. */
  list(filter?: { readonly state?: HandoffState; readonly agent?: string }): Promise<Handoff[]>;
  /** Ends the offers whose time is over; how many. */
  lapse(): Promise<number>;
}

export interface Answer {
  /** Id, `HOF-2` or number. */
  readonly handoff: string;
  readonly by: string;
  readonly note?: string;
}

export interface HandoffsParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly ids: Ids;
  readonly threads: Threads;
  readonly tasks: TaskHands;
}

export function createHandoffs(parts: HandoffsParts): Handoffs {
  const { db } = parts;
  return {
    offer: (offer) => db.transaction((q) => makeOffer(parts, q, newHandoff.parse(offer))),
    accept: (answer) => db.transaction((q) => acceptOffer(parts, q, answer)),
    decline: (answer) => db.transaction((q) => declineOffer(parts, q, answer)),
    list: (filter = {}) =>
      read(
        db.q,
        and(
          filter.state === undefined ? undefined : eq(table.state, filter.state),
          filter.agent === undefined
            ? undefined
            : sql`(${table.from} = ${filter.agent} or ${table.to} = ${filter.agent} or ${table.decidedBy} = ${filter.agent})`,
        ),
      ),
    lapse: () => db.transaction((q) => lapseOffers(parts, q)),
  };
}

async function makeOffer(
  parts: HandoffsParts,
  q: Queries,
  offer: ReturnType<typeof newHandoff.parse>,
): Promise<Handoff> {
  const { threads, journal, ids, tasks } = parts;
  const task = await tasks.find(q, offer.taskId);
  if (task === null) {
    throw new AppError('NOT_FOUND', {
      message: `there is no task ${plainText(offer.taskId)}`,
      next: 'cambium task list',
    });
  }
  if (task.owner !== offer.from) {
    throw new AppError('RUN_CONFLICT', {
      message: `${task.key} is held by ${task.owner ?? 'nobody'}, not by ${offer.from}`,
      next: `cambium task show ${task.key}`,
    });
  }
  // Looked at before the journal is written to: an answer under way is waited for here, where nobody waits for us.
  const [open] = await q
    .select({ id: table.id })
    .from(table)
    .where(and(eq(table.taskId, task.id), eq(table.state, 'offered')))
    .for('update');
  if (open) throw onOffer(task);
  const { projectId, ticketId } = task;
  const thread = await threads.open(q, {
    kind: 'handoff',
    subject: `${task.key}: ${offer.reason}`,
    by: offer.from,
    participants: offer.to === null ? [] : [offer.to],
    projectId,
    ticketId,
    taskId: task.id,
    idleSeconds: offer.timeoutSeconds + THREAD_GRACE_SECONDS,
  });
  const [row] = await q
    .insert(table)
    .values({
      id: ids.next('hof'),
      threadId: thread.id,
      taskId: task.id,
      projectId,
      ticketId,
      from: offer.from,
      to: offer.to,
      reason: plainText(offer.reason),
      package: offer.package,
      state: 'offered',
      offeredAt: sql`now()`,
      expiresAt: sql`now() + ${offer.timeoutSeconds} * interval '1 second'`,
    })
    .onConflictDoNothing()
    .returning();
  if (!row) throw onOffer(task);
  const made = toHandoff(row);
  await threads.post(q, { thread: thread.id, sender: offer.from, body: letter(made) });
  await journal.append(q, [
    {
      type: 'handoff.requested',
      subject: subjectOf(made),
      payload: { handoff: made.key, task: task.id, from: made.from, to: made.to, expiresAt: made.expiresAt },
    },
  ]);
  return made;
}

function onOffer(task: HeldTask): AppError {
  return new AppError('RUN_CONFLICT', {
    message: `${task.key} is on offer already`,
    next: 'cambium handoff list --state offered',
  });
}

/** The package as the receiver reads it. */
function letter({ reason, package: what }: Handoff): string {
  const list = (title: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : ['', `${title}:`, ...items.map((item) => `- ${item}`)];
  return [
    reason,
    '',
    what.summary,
    ...list('Decided', what.decisions),
    ...list('Open questions', what.questions),
    ...list('Files', what.files),
  ].join('\n');
}

async function acceptOffer(
  parts: HandoffsParts,
  q: Queries,
  { handoff, by, note }: Answer,
): Promise<Handoff> {
  const { threads, journal, tasks } = parts;
  // The winner's update is the lock: whoever comes second finds a state that is not `offered` any more.
  const [row] = await q
    .update(table)
    .set({ state: 'accepted', decidedBy: by, decidedAt: sql`now()`, note: cleanNote(note) })
    .where(
      and(
        refers(handoff),
        eq(table.state, 'offered'),
        sql`${table.expiresAt} > now() and ${table.from} <> ${by} and coalesce(${table.to}, ${by}) = ${by}`,
      ),
    )
    .returning();
  if (!row) throw await whyNot(q, handoff, by);
  const taken = toHandoff(row);
  if (!(await tasks.give(q, { taskId: taken.taskId, from: taken.from, to: by }))) {
    throw new AppError('RUN_CONFLICT', {
      message: `${taken.from} does not hold the task of ${taken.key} any more`,
      next: 'cambium task list',
    });
  }
  const outcome = `${by} took the task over`;
  await threads.close(q, { thread: taken.threadId, by, state: 'resolved', outcome });
  await journal.append(q, [
    {
      type: 'handoff.accepted',
      subject: subjectOf(taken),
      payload: { handoff: taken.key, task: taken.taskId, from: taken.from, by },
    },
  ]);
  return taken;
}

async function declineOffer(
  parts: HandoffsParts,
  q: Queries,
  { handoff, by, note }: Answer,
): Promise<Handoff> {
  const [row] = await q
    .update(table)
    .set({
      state: sql`case when ${table.from} = ${by} then 'withdrawn' else 'declined' end`,
      decidedBy: by,
      decidedAt: sql`now()`,
      note: cleanNote(note),
    })
    .where(
      and(refers(handoff), eq(table.state, 'offered'), sql`(${table.from} = ${by} or ${table.to} = ${by})`),
    )
    .returning();
  if (!row) throw await whyNot(q, handoff, by);
  const declined = toHandoff(row);
  await end(parts, q, declined, by);
  return declined;
}

async function lapseOffers(parts: HandoffsParts, q: Queries): Promise<number> {
  const late = await q.execute<{ id: string }>(sql`
    select id from handoffs where state = 'offered' and expires_at <= now()
    order by expires_at limit ${LAPSED_HANDOFFS} for update skip locked`);
  for (const { id } of late.rows) {
    const [row] = await q
      .update(table)
      .set({ state: 'timed-out', decidedBy: CLOSER, decidedAt: sql`now()` })
      .where(eq(table.id, id))
      .returning();
    if (row) await end(parts, q, toHandoff(row), CLOSER);
  }
  return late.rows.length;
}

/** Closes the thread of an offer that came to nothing, and tells the journal why. */
async function end(
  { threads, journal }: HandoffsParts,
  q: Queries,
  over: Handoff,
  by: string,
): Promise<void> {
  const outcome = `the offer is ${over.state}; ${over.from} keeps the task`;
  await threads.post(q, { thread: over.threadId, sender: by, body: over.note || outcome });
  await threads.close(q, {
    thread: over.threadId,
    by,
    state: over.state === 'timed-out' ? 'abandoned' : 'resolved',
    outcome,
  });
  await journal.append(q, [
    {
      type: 'handoff.declined',
      subject: subjectOf(over),
      payload: { handoff: over.key, task: over.taskId, by, state: over.state, note: over.note ?? '' },
    },
  ]);
}

/** Why an offer could not be answered: unknown, answered, lapsed, or not for the one who asks. */
async function whyNot(q: Queries, ref: string, by: string): Promise<AppError> {
  const [found] = await read(q, refers(ref));
  if (!found) {
    return new AppError('NOT_FOUND', {
      message: `there is no handoff ${plainText(ref)}`,
      next: 'cambium handoff list',
    });
  }
  const next = 'cambium handoff list --state offered';
  if (found.state !== 'offered') {
    const who = found.decidedBy === null ? '' : ` by ${found.decidedBy}`;
    return new AppError('RUN_CONFLICT', { message: `${found.key} is ${found.state}${who}`, next });
  }
  if (found.from === by)
    return new AppError('RUN_CONFLICT', { message: `${found.key} is the offer of ${by} itself`, next });
  if (found.to !== null && found.to !== by)
    return new AppError('RUN_CONFLICT', {
      message: `${found.key} is offered to ${found.to}, not to ${by}`,
      next,
    });
  if (found.to === null)
    return new AppError('RUN_CONFLICT', {
      message: `${found.key} lapsed at ${found.expiresAt}, or is an offer to everybody that nobody has to decline`,
      next,
    });
  return new AppError('RUN_CONFLICT', { message: `${found.key} lapsed at ${found.expiresAt}`, next });
}

function refers(ref: string): SQL {
  const number = /^(?:hof-)?(\d{1,9})$/i.exec(ref)?.[1];
  return number === undefined ? eq(table.id, ref) : eq(table.number, Number(number));
}

function cleanNote(note: string | undefined): string | null {
  return note === undefined ? null : clip(plainText(note), NOTE_CHARS).text;
}

async function read(q: Queries, where: SQL | undefined): Promise<Handoff[]> {
  const rows = await q.select().from(table).where(where).orderBy(desc(table.number)).limit(LISTED_HANDOFFS);
  return rows.map(toHandoff);
}

function subjectOf({ projectId, ticketId }: Handoff): { projectId?: string; ticketId?: string } {
  return { ...(projectId === null ? {} : { projectId }), ...(ticketId === null ? {} : { ticketId }) };
}

function toHandoff({ number, ...row }: typeof table.$inferSelect): Handoff {
  return { ...row, key: `HOF-${number}` };
}
