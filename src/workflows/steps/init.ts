// INIT: the workspace of the base commit, and the isolation that the run will have throughout.
import type { NewEvent } from '#contracts/event.ts';
import { lessonOfReverts } from '../lessons.ts';
import { subjectOf } from '../run-store.ts';
import { lessonSubject } from './learning.ts';
import { moveTo, type StepContext, type StepResult } from './step.ts';

/** How far back commits are looked for that take others back. */
const HISTORY_COMMITS = 1_000;

export async function init(context: StepContext): Promise<StepResult> {
  const { run, hands } = context;
  const workspace = await context.workspace(run.checkpoint.baseTree);
  const dependencies = workspace.mounts.map((mount) => mount.inside);
  const prepared: NewEvent = {
    type: 'workspace.prepared',
    subject: subjectOf(run),
    payload: { commit: run.base, isolation: hands.rung, dependencies },
  };
  const reverted = await context.git.revertedCommits(context.project.path, run.base, HISTORY_COMMITS);
  return moveTo(context, {
    to: 'PLANNING',
    reason: `The workspace of ${run.base.slice(0, 12)} stands, isolation ${hands.rung}`,
    checkpoint: { ...run.checkpoint, isolation: hands.rung },
    input: { base: run.base, isolation: run.options.isolation },
    output: { isolation: hands.rung, dependencies, profile: run.checkpoint.profile },
    tree: run.checkpoint.baseTree,
    events: [prepared],
    lesson: lessonOfReverts(lessonSubject(run), reverted),
  });
}
