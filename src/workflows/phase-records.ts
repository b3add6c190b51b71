// What phases leave behind: the history of a ticket's moves, and its outputs by version (O3, M16).
import { z } from 'zod';
import { type Actor, type MoveRecord, moveRecord } from '#contracts/move.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { and, asc, desc, eq, inArray, isNull, max, sql } from '#database/drizzle.ts';
import type { Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { digestOf } from '#foundation/digest.ts';
import { AppError } from '#foundation/errors.ts';
import { phaseHistory, phaseOutputs } from './tables.ts';

const CONTENT_CHARS = 200_000;

export interface Opening {
  readonly ticket: Ticket;
  readonly actor: Actor;
  readonly reason: string;
}

/** The row that says in which phase a ticket began. */
export async function openHistory(
  { clock }: { readonly clock: Clock },
  q: Queries,
  { ticket, actor, reason }: Opening,
): Promise<void> {
  if (ticket.phase === null) return;
  const at = clock.now().toISOString();
  const made = { from: null, to: ticket.phase, kind: 'opened' as const, reason, actor };
  await appendMove(q, ticket, { ...made, overridden: [], artefacts: [], at });
}

/** Writes the next row of the history. The ticket's row is locked by the caller: numbers have no gaps. */
export async function appendMove(
  q: Queries,
  ticket: Pick<Ticket, 'id' | 'workflow'>,
  move: Omit<MoveRecord, 'seq'>,
): Promise<MoveRecord> {
  if (ticket.workflow === null) {
    throw new AppError('INTERNAL', { message: `the ticket ${ticket.id} moves without a workflow` });
  }
  const [last] = await q
    .select({ seq: max(phaseHistory.seq) })
    .from(phaseHistory)
    .where(eq(phaseHistory.ticketId, ticket.id));
  const { from, to, ...rest } = move;
  const seq = (last?.seq ?? 0) + 1;
  await q
    .insert(phaseHistory)
    .values({ ...rest, ticketId: ticket.id, seq, fromPhase: from, toPhase: to, workflow: ticket.workflow });
  return { ...move, seq };
}

/** Every move of a ticket, oldest first. */
export async function historyOf(q: Queries, ticketId: string): Promise<MoveRecord[]> {
  const rows = await q
    .select()
    .from(phaseHistory)
    .where(eq(phaseHistory.ticketId, ticketId))
    .orderBy(asc(phaseHistory.seq));
  return rows.map(({ ticketId: _ticket, workflow: _workflow, fromPhase, toPhase, ...row }) =>
    moveRecord.parse({ ...row, from: fromPhase, to: toPhase }),
  );
}

/** One output of a phase. A later version stands for the slot; what a pivot superseded stays readable. */
export const phaseOutput = z.strictObject({
  phase: z.string(),
  slot: z.string(),
  version: z.int().positive(),
  /** Number of the move (`phase_history.seq`) after which it was made. */
  madeIn: z.int(),
  digest: z.string(),
  /** In the repository; null where it is a record and no file. */
  path: z.string().nullable(),
  content: z.unknown(),
  collectedBy: z.string(),
  at: z.string(),
  supersededIn: z.int().nullable(),
});
export type PhaseOutput = z.infer<typeof phaseOutput>;

export interface NewOutput {
  readonly ticketId: string;
  readonly phase: string;
  readonly slot: string;
  readonly path: string | null;
  /** Kept as JSON, at most 200,000 characters of it. */
  readonly content: unknown;
  readonly collectedBy: string;
}

/** Adds a version of an output; the same content again is the version that is there. The ticket's row must be held. */
export async function storeOutput(
  { clock }: { readonly clock: Clock },
  q: Queries,
  output: NewOutput,
): Promise<PhaseOutput> {
  if (JSON.stringify(output.content).length > CONTENT_CHARS) {
    throw new AppError('USAGE', {
      message: `the output ${output.slot} is longer than ${CONTENT_CHARS} characters`,
    });
  }
  const slot = and(
    eq(phaseOutputs.ticketId, output.ticketId),
    eq(phaseOutputs.phase, output.phase),
    eq(phaseOutputs.slot, output.slot),
  );
  const digest = digestOf({ path: output.path, content: output.content });
  const [last] = await q.select().from(phaseOutputs).where(slot).orderBy(desc(phaseOutputs.version)).limit(1);
  if (last && last.digest === digest && last.supersededIn === null) return toOutput(last);
  const [move] = await q
    .select({ seq: max(phaseHistory.seq) })
    .from(phaseHistory)
    .where(eq(phaseHistory.ticketId, output.ticketId));
  const [row] = await q
    .insert(phaseOutputs)
    .values({
      ...output,
      version: (last?.version ?? 0) + 1,
      madeIn: move?.seq ?? 0,
      digest,
      at: clock.now().toISOString(),
    })
    .returning();
  if (!row) throw new AppError('INTERNAL', { message: `storing the output ${output.slot} returned no row` });
  return toOutput(row);
}

/** Every version of every output of a ticket, in the order in which they were made. */
export async function outputsOf(q: Queries, ticketId: string): Promise<PhaseOutput[]> {
  const rows = await q
    .select()
    .from(phaseOutputs)
    .where(eq(phaseOutputs.ticketId, ticketId))
    .orderBy(
      asc(phaseOutputs.at),
      asc(phaseOutputs.phase),
      asc(phaseOutputs.slot),
      asc(phaseOutputs.version),
    );
  return rows.map(toOutput);
}

/** Slots of which a version still counts. */
export async function currentSlots(q: Queries, ticketId: string): Promise<ReadonlySet<string>> {
  const rows = await q
    .selectDistinct({ slot: phaseOutputs.slot })
    .from(phaseOutputs)
    .where(and(eq(phaseOutputs.ticketId, ticketId), isNull(phaseOutputs.supersededIn)));
  return new Set(rows.map(({ slot }) => slot));
}

/** Marks what the phases made as no longer counting; the slots that it concerns, as `phase/slot`. */
export async function supersedeOutputs(
  q: Queries,
  { ticketId, phases, seq }: { ticketId: string; phases: readonly string[]; seq: number },
): Promise<string[]> {
  const rows = await q
    .update(phaseOutputs)
    .set({ supersededIn: seq })
    .where(
      and(
        eq(phaseOutputs.ticketId, ticketId),
        inArray(phaseOutputs.phase, [...phases]),
        isNull(phaseOutputs.supersededIn),
      ),
    )
    .returning({ name: sql<string>`${phaseOutputs.phase} || '/' || ${phaseOutputs.slot}` });
  return [...new Set(rows.map(({ name }) => name))].sort();
}

function toOutput({ ticketId: _ticket, ...row }: typeof phaseOutputs.$inferSelect): PhaseOutput {
  return phaseOutput.parse(row);
}
