// What people are asked, and what they answer. Each question is about one commit; silence until its time means no.
import { z } from 'zod';
import type { Actor } from '#contracts/move.ts';
import { AUTHORITY } from '#contracts/move.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { and, desc, eq } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import type { ApprovalAnswer } from '#quality/gate.ts';
import { approvals as table } from '../gate-tables.ts';

const NOTE_CHARS = 2_000;

export interface ApprovalParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Question {
  readonly ticket: Pick<Ticket, 'id' | 'projectId'>;
  readonly visit: number;
  readonly phase: string;
  /** The check or stop that asks. */
  readonly askedBy: string;
  readonly commit: string;
  readonly deciders: readonly string[];
  readonly question: string;
  readonly expiresSeconds: number;
  /** Asks again where nobody had answered in time; a word that was given stands. */
  readonly again: boolean;
}

export const approvalView = z.strictObject({
  id: z.string(),
  phase: z.string(),
  askedBy: z.string(),
  commit: z.string(),
  question: z.string(),
  deciders: z.array(z.string()),
  state: z.enum(['pending', 'approved', 'rejected', 'expired']),
  expiresAt: z.string(),
  decidedBy: z.string().nullable(),
  note: z.string(),
});
export type ApprovalView = z.infer<typeof approvalView>;

/** The answer to a question, which is asked if it was not yet. Equal questions are one. */
export async function answerTo(parts: ApprovalParts, asked: Question): Promise<ApprovalAnswer> {
  return parts.db.transaction(async (q) => {
    const last = await newest(q, asked);
    const known = last && (await settled(parts, q, last));
    if (known && !(known.state === 'expired' && asked.again)) return answerOf(known);
    return answerOf(await ask(parts, q, asked, (last?.round ?? 0) + 1));
  });
}

type Row = typeof table.$inferSelect;

async function newest(q: Queries, { ticket, visit, askedBy, commit }: Question): Promise<Row | null> {
  const same = [eq(table.ticketId, ticket.id), eq(table.visit, visit), eq(table.askedBy, askedBy)];
  const [row] = await q
    .select()
    .from(table)
    .where(and(...same, eq(table.commitId, commit)))
    .orderBy(desc(table.round))
    .limit(1)
    .for('update');
  return row ?? null;
}

/** The row, after its time has been looked at. */
async function settled({ journal, clock }: ApprovalParts, q: Queries, row: Row): Promise<Row> {
  const now = clock.now();
  if (row.state !== 'pending' || Date.parse(row.expiresAt) > now.getTime()) return row;
  const set = { state: 'expired' as const, decidedAt: now.toISOString() };
  await q.update(table).set(set).where(eq(table.id, row.id));
  const payload = { approval: row.id, phase: row.phase, commit: row.commitId };
  await journal.append(q, [{ type: 'approval.expired', subject: { ticketId: row.ticketId }, payload }]);
  return { ...row, ...set };
}

async function ask(
  { journal, clock, ids }: ApprovalParts,
  q: Queries,
  asked: Question,
  round: number,
): Promise<Row> {
  const { ticket, visit, phase, askedBy, commit, question } = asked;
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + asked.expiresSeconds * 1_000).toISOString();
  const id = ids.next('apr');
  const [row] = await q
    .insert(table)
    .values({
      ...{ id, visit, phase, askedBy, round, question, expiresAt },
      ticketId: ticket.id,
      commitId: commit,
      deciders: [...asked.deciders],
      state: 'pending',
      createdAt: now.toISOString(),
    })
    .returning();
  if (!row) throw new AppError('INTERNAL', { message: `asking for ${askedBy} returned no row` });
  const subject = { projectId: ticket.projectId, ticketId: ticket.id };
  const payload = { commit, certificate: null, approval: id, phase, expiresAt };
  await journal.append(q, [{ type: 'approval.requested', subject, payload }]);
  return row;
}

function answerOf(row: Row): ApprovalAnswer {
  const { id, state, expiresAt, decidedBy, note } = row;
  return state === 'pending' ? { state: 'waiting', id, expiresAt } : { state, id, by: decidedBy, note };
}

export interface Word {
  readonly decision: 'approved' | 'rejected';
  readonly actor: Actor;
  readonly note: string;
}

/**
 * A person's word on what the ticket waits for.
 * @throws AppError MOVE_REFUSED when nobody is asked, the time is over, or the caller may not decide.
 */
export async function decideOn(
  parts: ApprovalParts,
  q: Queries,
  { ticket, word }: { readonly ticket: Ticket; readonly word: Word },
): Promise<ApprovalView> {
  const [row] = await q
    .select()
    .from(table)
    .where(and(eq(table.ticketId, ticket.id), eq(table.state, 'pending')))
    .orderBy(desc(table.createdAt), desc(table.id))
    .limit(1)
    .for('update');
  const next = `cambium phase gate ${ticket.key}`;
  if (!row) throw new AppError('MOVE_REFUSED', { message: `${ticket.key} asks nobody for a decision`, next });
  const { decision, actor } = word;
  if (actor.kind !== 'person' || actor.authority < AUTHORITY.monitor) {
    throw new AppError('MOVE_REFUSED', { message: `${actor.name} may not decide; a person does`, next });
  }
  if (row.deciders.length > 0 && !row.deciders.includes(actor.name)) {
    const who = row.deciders.join(' or ');
    throw new AppError('MOVE_REFUSED', { message: `${actor.name} may not decide this; ${who} may`, next });
  }
  if (Date.parse(row.expiresAt) <= parts.clock.now().getTime()) {
    throw new AppError('MOVE_REFUSED', {
      message: `nobody decided until ${row.expiresAt}, which means no`,
      next: `${next} asks again`,
    });
  }
  const note = plainText(word.note).slice(0, NOTE_CHARS);
  const [decided] = await q
    .update(table)
    .set({ state: decision, decidedBy: actor.name, note, decidedAt: parts.clock.now().toISOString() })
    .where(eq(table.id, row.id))
    .returning();
  const subject = { projectId: ticket.projectId, ticketId: ticket.id };
  const payload = { decision, by: actor.name, note, approval: row.id };
  await parts.journal.append(q, [{ type: 'approval.decided', subject, payload }]);
  return viewOf(decided ?? row);
}

/** Every question of a visit, oldest first. */
export async function questionsOf(q: Queries, ticketId: string, visit: number): Promise<ApprovalView[]> {
  const rows = await q
    .select()
    .from(table)
    .where(and(eq(table.ticketId, ticketId), eq(table.visit, visit)))
    .orderBy(table.createdAt, table.id);
  return rows.map(viewOf);
}

function viewOf(row: Row): ApprovalView {
  const { id, phase, askedBy, commitId, question, deciders, state, expiresAt, decidedBy, note } = row;
  return { id, phase, askedBy, commit: commitId, question, deciders, state, expiresAt, decidedBy, note };
}
