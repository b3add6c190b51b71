// REFLECTING: what the failed attempt teaches, and whether another one is allowed (R3, R14).
import { reflect } from '#agents/reflect.ts';
import { callRole } from '#agents/role.ts';
import { REFLECTOR } from '#agents/roles.ts';
import { AppError } from '#foundation/errors.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { subjectOf } from '../run-store.ts';
import { nextAttempt } from './attempts.ts';
import { releaseBranch } from './branch.ts';
import type { StepContext, StepResult } from './step.ts';

export async function reflecting(context: StepContext): Promise<StepResult> {
  const { run } = context;
  const { trouble, candidate: refuted, hypotheses } = run.checkpoint;
  if (!trouble) throw new AppError('INTERNAL', { message: `${run.key} reflects without a failure` });
  // What the candidate stated of its worth is nothing to reflect on.
  const candidate = refuted && { digest: refuted.digest, template: refuted.template, reason: refuted.reason };
  const input = { stage: trouble.stage, candidate, failures: trouble.failures, tried: hypotheses };
  const reflection = await callRole({
    role: REFLECTOR,
    input,
    executor: (checked) => Promise.resolve(reflect(checked)),
  });
  if (run.checkpoint.branch !== null) await releaseBranch(context);
  const { signature, errorType, hypothesis } = reflection;
  return nextAttempt(context, {
    checkpoint: afterReflection(run.checkpoint, hypothesis, context),
    input: { stage: trouble.stage, failures: trouble.failures.map((failure) => failure.id) },
    output: { reflection },
    reason: hypothesis,
    events: [
      { type: 'failure.recorded', subject: subjectOf(run), payload: { signature, errorType, hypothesis } },
    ],
  });
}

/** The candidate is refuted; a change that fixed something and broke nothing is where the next attempt starts. */
function afterReflection(before: Checkpoint, hypothesis: string, { run }: StepContext): Checkpoint {
  const progress = before.trouble?.progress === true;
  const startTree = progress ? before.tree : before.startTree;
  return {
    ...before,
    startTree,
    tree: startTree,
    // The report of the better tree is that of the TESTING step just before this one.
    reportStep: progress ? run.stepCount : before.reportStep,
    candidate: null,
    excluded: before.candidate ? [...before.excluded, before.candidate.digest] : before.excluded,
    hypotheses: [...before.hypotheses, hypothesis],
    withoutProgress: progress ? 0 : before.withoutProgress + 1,
    trouble: null,
    commit: null,
    branch: null,
    certificate: null,
  };
}
