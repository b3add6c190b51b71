// A run: one execution of a ticket by the state machine of R1, with its checkpoint and its stop limits.
import { z } from 'zod';

/** States of the machine (R1), in the order of a run that goes well; the last three are where a run rests. */
export const RUN_STATES = [
  'INIT',
  'PLANNING',
  'CODING',
  'TESTING',
  'REFLECTING',
  'VERIFYING',
  'HUMAN_REVIEW',
  'SUCCESS',
  'FAILED',
  'CANCELLED',
] as const;
export const runState = z.enum(RUN_STATES);
export type RunState = z.infer<typeof runState>;

/** Where a run is for its users; derived from state, lease and requests in one place (`run-status.ts` of workflows). */
export const runStatus = z.enum([
  'queued',
  'running',
  'waiting-human',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
]);
export type RunStatus = z.infer<typeof runStatus>;

export const runRequest = z.enum(['pause', 'cancel']);
export type RunRequest = z.infer<typeof runRequest>;

/** Stop limits (R3): counted in attempts, money-free here, wall time and lack of progress. */
export const stopLimits = z.strictObject({
  attempts: z.int().min(1).max(100).default(15).describe('Rounds of coding and testing before the run stops'),
  warnAtAttempt: z.int().min(1).max(100).default(12).describe('Attempt at which a warning event is written'),
  wallMs: z
    .int()
    .positive()
    .default(1_800_000)
    .describe('Time spent running, over all sessions of the run, milliseconds'),
  noProgressAttempts: z
    .int()
    .min(1)
    .max(100)
    .default(4)
    .describe('Attempts in a row that fix no further test'),
});
export type StopLimits = z.infer<typeof stopLimits>;
