// The state machine of a run as pure data and functions: which moves exist, and when a run must stop (R1-R3).
import { RUN_STATES, type RunState, type StopLimits } from '#contracts/run.ts';
import { AppError } from '#foundation/errors.ts';
import { plural } from '#foundation/text.ts';

/** Every move that a step may make. Any state that does not rest may also move to FAILED or CANCELLED. */
const MOVES: Readonly<Record<RunState, readonly RunState[]>> = {
  INIT: ['PLANNING'],
  PLANNING: ['CODING', 'SUCCESS'],
  CODING: ['TESTING', 'CODING'],
  TESTING: ['VERIFYING', 'REFLECTING'],
  REFLECTING: ['CODING'],
  VERIFYING: ['HUMAN_REVIEW', 'SUCCESS', 'REFLECTING'],
  HUMAN_REVIEW: ['SUCCESS', 'REFLECTING'],
  SUCCESS: [],
  FAILED: [],
  CANCELLED: [],
};

/** True where a run has come to its end. */
export function isFinal(state: RunState): boolean {
  return state === 'SUCCESS' || state === 'FAILED' || state === 'CANCELLED';
}

export function mayMove(from: RunState, to: RunState): boolean {
  if (isFinal(from)) return false;
  return to === 'FAILED' || to === 'CANCELLED' || MOVES[from].includes(to);
}

/** @throws AppError INTERNAL for a move that the machine does not have. */
export function assertMove(from: RunState, to: RunState): void {
  if (mayMove(from, to)) return;
  throw new AppError('INTERNAL', { message: `A run cannot move from ${from} to ${to}` });
}

/** Every move of the machine, for documentation and tests. */
export function allMoves(): { from: RunState; to: RunState }[] {
  return RUN_STATES.flatMap((from) =>
    RUN_STATES.filter((to) => mayMove(from, to)).map((to) => ({ from, to })),
  );
}

export type StopLimitName = 'attempts' | 'wall-time' | 'no-progress';

export interface StopQuestion {
  readonly limits: StopLimits;
  /** Attempts that have ended. */
  readonly attempts: number;
  readonly withoutProgress: number;
  readonly runningMs: number;
}

export interface Stop {
  readonly limit: StopLimitName;
  /** In words, with the number that was hit. */
  readonly reason: string;
}

/** The stop limit that forbids another attempt, or null. Wall time first: it holds in every state. */
export function stopBefore({ limits, attempts, withoutProgress, runningMs }: StopQuestion): Stop | null {
  if (runningMs >= limits.wallMs) return wallStop(limits);
  if (attempts >= limits.attempts) {
    return { limit: 'attempts', reason: `The limit of ${plural(limits.attempts, 'attempt')} was reached` };
  }
  if (withoutProgress >= limits.noProgressAttempts) {
    return {
      limit: 'no-progress',
      reason: `${plural(withoutProgress, 'attempt')} in a row fixed no further test`,
    };
  }
  return null;
}

export function wallStop(limits: StopLimits): Stop {
  return {
    limit: 'wall-time',
    reason: `The limit of ${Math.round(limits.wallMs / 1000)} s of running time was reached`,
  };
}

/** True when entering this attempt is worth a warning: once, at the configured attempt. */
export function warnsAt(attempt: number, limits: StopLimits): boolean {
  return attempt === limits.warnAtAttempt && attempt <= limits.attempts;
}
