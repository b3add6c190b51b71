// HUMAN_REVIEW: carries out a person's word on a certified change.
import { AppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import { changeLesson } from './learning.ts';
import { moveTo, type StepContext, type StepResult } from './step.ts';
import { fixedOutcome } from './verifying.ts';

const NOTE_CHARS = 2_000;

export async function humanReview(context: StepContext): Promise<StepResult> {
  const { run } = context;
  const { decision, checkpoint } = run;
  if (!decision)
    throw new AppError('INTERNAL', { message: `${run.key} was taken up before a person decided` });
  const by = plainText(decision.by);
  const note = plainText(decision.note).slice(0, NOTE_CHARS);
  const output = { decision: { ...decision, by, note } };
  const lesson = await changeLesson(
    context,
    decision.decision === 'approved' ? 'accepted' : 'rejected',
    checkpoint,
  );
  if (decision.decision === 'approved') {
    return moveTo(context, {
      to: 'SUCCESS',
      reason: `Approved by ${by}`,
      output,
      lesson,
      tree: checkpoint.tree,
      outcome: fixedOutcome(checkpoint.branch ?? ''),
    });
  }
  const message = note === '' ? `rejected by ${by}` : `rejected by ${by}: ${note}`;
  return moveTo(context, {
    to: 'REFLECTING',
    reason: message,
    output,
    lesson,
    tree: checkpoint.tree,
    checkpoint: {
      ...checkpoint,
      trouble: { stage: 'review', failures: [{ id: 'review', message }], progress: false },
    },
  });
}
