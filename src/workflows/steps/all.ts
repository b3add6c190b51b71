// Which function does the work of which state.
import type { RunState } from '#contracts/run.ts';
import { coding } from './coding.ts';
import { humanReview } from './human-review.ts';
import { init } from './init.ts';
import { planning } from './planning.ts';
import { reflecting } from './reflecting.ts';
import type { Step } from './step.ts';
import { testing } from './testing.ts';
import { verifying } from './verifying.ts';

/** States that are not here are those where a run has ended. */
export const STEPS: Readonly<Partial<Record<RunState, Step>>> = {
  INIT: init,
  PLANNING: planning,
  CODING: coding,
  TESTING: testing,
  REFLECTING: reflecting,
  VERIFYING: verifying,
  HUMAN_REVIEW: humanReview,
};
