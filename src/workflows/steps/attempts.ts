// Entering the next attempt, or stopping at a limit: the one place where attempts are counted (R2, R3).
import { stopBefore, warnsAt } from '../machine.ts';
import { subjectOf } from '../run-store.ts';
import { failWith, moveTo, type StepContext, type StepMove } from './step.ts';

/**
 * The move to CODING with the next attempt, a warning beside it when its number asks for one; to FAILED when a
 * stop limit forbids another attempt.
 */
export function nextAttempt(context: StepContext, parts: Partial<Omit<StepMove, 'kind' | 'to'>>): StepMove {
  const { run } = context;
  const limits = run.options.limits;
  const checkpoint = parts.checkpoint ?? run.checkpoint;
  const stop = stopBefore({
    limits,
    attempts: run.attempt,
    withoutProgress: checkpoint.withoutProgress,
    runningMs: run.runningMs,
  });
  if (stop) {
    return failWith(context, {
      kind: 'reached-limit',
      limit: stop.limit,
      reason: stop.reason,
      next: `cambium run show ${run.key} --faults`,
      step: parts,
    });
  }
  const attempt = run.attempt + 1;
  const warned = warnsAt(attempt, limits)
    ? [
        {
          type: 'run.warned' as const,
          subject: subjectOf(run),
          payload: { attempt, limit: limits.attempts },
        },
      ]
    : [];
  return moveTo(context, {
    reason: `Attempt ${attempt} of at most ${limits.attempts}`,
    ...parts,
    to: 'CODING',
    attempt,
    events: [...(parts.events ?? []), ...warned],
  });
}
