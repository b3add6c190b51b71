// Results of gates as they are kept: one for each evaluation, never changed; and claims, beside them.

import type { NewEvent } from '#contracts/event.ts';
import { type GateClaim, type GateVerdict, gateVerdict } from '#contracts/gate.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { and, asc, desc, eq } from '#database/drizzle.ts';
import type { Queries } from '#database/port.ts';
import { digestOf } from '#foundation/digest.ts';
import { AppError } from '#foundation/errors.ts';
import { clip, plainText } from '#foundation/text.ts';
import { gateClaims, gateResults } from '../gate-tables.ts';

const REASONS_TOLD = 50;
const STATEMENT_CHARS = 4_000;
const FEEDBACK_RESULTS = 5;

/** A visit of a ticket to a phase. */
export interface Visit {
  readonly ticketId: string;
  readonly visit: number;
}

/** The newest result of a visit; null when the gate was never evaluated. */
export async function newestResult(q: Queries, at: Visit): Promise<GateVerdict | null> {
  const [row] = await q
    .select()
    .from(gateResults)
    .where(and(eq(gateResults.ticketId, at.ticketId), eq(gateResults.visit, at.visit)))
    .orderBy(desc(gateResults.iteration))
    .limit(1);
  return row ? gateVerdict.parse(row.body) : null;
}

/** Keeps a verdict, and gives back the event that tells it; none where there was nothing to evaluate. The row of the work is held by the caller. */
export async function keepResult(
  q: Queries,
  {
    ticket,
    visit,
    verdict,
  }: { readonly ticket: Ticket; readonly visit: number; readonly verdict: GateVerdict },
): Promise<NewEvent[]> {
  if (ticket.workflow === null) {
    throw new AppError('INTERNAL', { message: `${ticket.key} has a gate and no workflow` });
  }
  await q.insert(gateResults).values({
    ticketId: ticket.id,
    visit,
    iteration: verdict.iteration,
    phase: verdict.phase,
    workflow: ticket.workflow,
    commitId: verdict.commit,
    status: verdict.status,
    verdict: verdict.verdict,
    body: verdict,
    at: verdict.finishedAt,
  });
  if (verdict.status === 'not_configured') return [];
  const { phase, commit, iteration, reasons } = verdict;
  return [
    {
      type: 'gate.evaluated',
      subject: { projectId: ticket.projectId, ticketId: ticket.id },
      payload: {
        verdict: verdict.verdict ?? 'waiting',
        reasons: reasons.slice(0, REASONS_TOLD),
        certificate: null,
        ...{ phase, commit, iteration },
      },
    },
  ];
}

/** What the checks of a ticket held against earlier tries, newest first: what the next one is told (O10). */
export async function feedbackFor(q: Queries, ticketId: string): Promise<string[]> {
  const rows = await q
    .select({ body: gateResults.body })
    .from(gateResults)
    .where(and(eq(gateResults.ticketId, ticketId), eq(gateResults.verdict, 'refused')))
    .orderBy(desc(gateResults.visit), desc(gateResults.iteration))
    .limit(FEEDBACK_RESULTS);
  return rows
    .map(({ body }) => gateVerdict.parse(body))
    .flatMap(({ phase, iteration, checks }) =>
      checks
        .filter((check) => check.outcome === 'refused')
        .map(({ name, reason }) => `gate of ${phase}, evaluation ${iteration}, ${name}: ${reason}`),
    );
}

/** Keeps what an agent says of its work. Nothing decides by it. */
export async function keepClaim(q: Queries, at: Visit, claim: GateClaim): Promise<void> {
  const statement = clip(plainText(claim.statement), STATEMENT_CHARS).text;
  const digest = digestOf({ by: claim.by, statement });
  const { by: author, claimedAt } = claim;
  await q
    .insert(gateClaims)
    .values({ ticketId: at.ticketId, visit: at.visit, digest, author, statement, claimedAt })
    .onConflictDoNothing();
}

/** Oldest first. */
export async function claimsOf(q: Queries, at: Visit): Promise<GateClaim[]> {
  const rows = await q
    .select()
    .from(gateClaims)
    .where(and(eq(gateClaims.ticketId, at.ticketId), eq(gateClaims.visit, at.visit)))
    .orderBy(asc(gateClaims.claimedAt), asc(gateClaims.digest));
  return rows.map(({ author: by, statement, claimedAt }) => ({ by, statement, claimedAt }));
}
