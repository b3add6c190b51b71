// Entering and leaving a phase; the ticket moves by the one transaction that everybody moves it by.
import { type Actor, AUTHORITY } from '#contracts/move.ts';
import type { Phase, Workflow } from '#contracts/workflow.ts';
import { errorMessage, isAppError } from '#foundation/errors.ts';
import { newestResult } from './results.ts';
import { goOn, restFor, type VisitStep } from './visit.ts';

const EVIDENCE_TOLD = 100;
/** Who moves tickets by itself: no more rights than any worker. */
const DRIVER: Actor = { kind: 'system', name: 'driver', authority: AUTHORITY.worker };

export const enter: VisitStep = async ({ phase, ticket, probe }) => {
  probe('enter.before-commit');
  if (!phase.is_terminal) return goOn({ step: 'body' });
  const next = `cambium ticket show ${ticket.key}`;
  return restFor({ kind: 'done', reason: `${ticket.key} is in ${phase.id}`, next });
};

export const moveOn: VisitStep = async (context) => {
  const { parts, ticket, workflow, phase, drive, probe } = context;
  const to = following(workflow, phase);
  const next = `cambium phase advance ${ticket.key}`;
  if (!phase.auto_advance || to === null) {
    const reason = to === null ? `nothing follows ${phase.id}` : `the gate of ${phase.id} is open`;
    return restFor({ kind: 'move', reason, next });
  }
  const wish = {
    to: to.id,
    kind: 'advance',
    actor: DRIVER,
    reason: `the gate of ${phase.id} is open`,
  } as const;
  const judged = await parts.transitions.judge(ticket.id, wish);
  if (!judged.allowed) {
    const reason = judged.objections.map((each) => each.reason).join('; ');
    return restFor({ kind: 'move', reason, next: judged.objections[0]?.next ?? next });
  }
  const result = await newestResult(parts.db.q, drive);
  const evidence = result?.checks.flatMap((check) => check.evidence.map(({ digest }) => digest)) ?? [];
  const artefacts = [...(result ? [result.commit] : []), ...new Set(evidence)].slice(0, EVIDENCE_TOLD);
  const change = {
    visit: drive.visit + 1,
    step: 'enter',
    fromCommit: drive.commit,
    runId: null,
    tries: 0,
  } as const;
  return goOn(change, async (q) => {
    await parts.transitions.moveWithin(q, ticket.id, { ...wish, artefacts, version: ticket.version });
    probe('move.half-written');
    return [];
  });
};

/** The first later phase that the workflow leads to; null when none follows. */
export function following(workflow: Workflow, phase: Phase): Phase | null {
  const phases = phase.allowed_transitions.map((id) => workflow.phases.find((each) => each.id === id));
  return phases.find((each) => each !== undefined && each.order > phase.order) ?? null;
}

/** What stood against a move that somebody prevented between our look and our write; null for every other failure. */
export function preventedMove(error: unknown): string | null {
  return isAppError(error) && error.code === 'MOVE_REFUSED' ? errorMessage(error) : null;
}
