// What a decided change teaches, from the trees of its run: only sources, and never at the price of the run itself.
import { isCodeUnderTest } from '#code/test-files.ts';
import type { Lesson } from '#memory/lesson.ts';
import { type LessonOf, lessonOfChange } from '../lessons.ts';
import type { RunRecord } from '../run-record.ts';
import { changedTexts } from './edits.ts';
import { target } from './planning.ts';
import type { StepContext } from './step.ts';
import { planOutput } from './stored.ts';

export function lessonSubject({ id, key, ticketId, projectId }: RunRecord): LessonOf {
  return { runId: id, runKey: key, ticketId, projectId };
}

/** The lesson of the run's change as it was certified; null when no candidate made it. */
export async function changeLesson(
  context: StepContext,
  verdict: 'accepted' | 'rejected',
  proof: { readonly commit: string | null; readonly certificate: string | null },
): Promise<Lesson | null> {
  const { run, git, project } = context;
  const { candidate, baseTree, tree } = run.checkpoint;
  if (candidate === null) return null;
  const { language, tests } = target(run);
  const { plan } = await planOutput(context);
  const changed = await changedTexts(git, project.path, { from: baseTree, to: tree });
  return lessonOfChange(lessonSubject(run), {
    verdict,
    change: candidate,
    commit: proof.commit,
    certificate: proof.certificate,
    files: changed.filter(({ path }) => isCodeUnderTest(path, language, tests)),
    failures: plan.failing.map(({ message }) => message),
  });
}
