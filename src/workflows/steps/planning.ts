// PLANNING: the whole test plan on the base, failing tests once more, since when they fail, and the typed plan.
import { callRole } from '#agents/role.ts';
import { type FailingSince, PLANNER, type Plan } from '#agents/roles.ts';
import { isCodeUnderTest } from '#code/test-files.ts';
import type { NewEvent } from '#contracts/event.ts';
import type { Language } from '#contracts/project.ts';
import type { TestPlan, TestReport } from '#contracts/tests.ts';
import { AppError } from '#foundation/errors.ts';
import type { RunRecord } from '../run-record.ts';
import { subjectOf } from '../run-store.ts';
import { makePlan } from './make-plan.ts';
import { failingOf, reportLog, storedReport, testsRan, whyNoResults } from './reports.ts';
import { failWith, moveTo, type StepContext, type StepMove, type StepResult } from './step.ts';

const SOURCE_FILES = 5_000;
const TEST_TEXTS = 50;
const TEST_TEXT_BYTES = 200_000;

export async function planning(context: StepContext, signal: AbortSignal): Promise<StepResult> {
  const { tests } = target(context.run);
  context.note('running the whole test plan on the base');
  const report = await runOnBase(context, null, signal);
  signal.throwIfAborted();
  const cannot = cannotPlan(context, report);
  if (cannot) return cannot;
  // Suites that hang cost their whole time limit, so they are neither run again nor looked for in history.
  const worthMore = report.outcome === 'ran' && failingOf(report).length > 0;
  const rerun = worthMore ? await rerunFailing(context, report, signal) : null;
  const since = worthMore ? await askHistory(context, report, signal) : null;
  signal.throwIfAborted();
  const plan = await callRole({
    role: PLANNER,
    input: {
      tests,
      report: storedReport(report),
      rerun: rerun && storedReport(rerun),
      since,
      sourceFiles: await sourceFiles(context),
      testTexts: await testTexts(context, report),
    },
    executor: (input) => Promise.resolve(makePlan(input)),
  });
  return decide(context, plan, { report, rerun });
}

/** What the run is to repair. @throws AppError UNSUPPORTED_LANGUAGE, NO_TESTS (checked when it was started, too). */
export function target(run: RunRecord): { tests: TestPlan; language: Language } {
  const { primary, tests } = run.checkpoint.profile;
  if (primary === null) {
    throw new AppError('UNSUPPORTED_LANGUAGE', { message: 'no language that can be repaired was found' });
  }
  if (tests === null) throw new AppError('NO_TESTS', { message: 'no test command was found' });
  return { tests, language: primary };
}

async function runOnBase(
  context: StepContext,
  files: readonly string[] | null,
  signal: AbortSignal,
): Promise<TestReport> {
  const { run, hands, limits } = context;
  const workspace = await context.workspace(run.checkpoint.baseTree);
  const only = files === null ? undefined : { files };
  return hands.tests.run({ workspace, plan: target(run).tests, only, limits }, signal);
}

/** Once more, only the files that hold a failure where the runner names them: what passes now is flaky. */
function rerunFailing(context: StepContext, report: TestReport, signal: AbortSignal): Promise<TestReport> {
  const files = [...new Set(failingOf(report).map((test) => test.file))];
  const named = files.filter((file) => file !== null);
  context.note('running the failing tests once more, to set flaky ones apart');
  return runOnBase(context, named.length === files.length ? named : null, signal);
}

async function askHistory(
  { run, hands, project, limits, note }: StepContext,
  report: TestReport,
  signal: AbortSignal,
): Promise<FailingSince | null> {
  if (!hands.failingSince) return null;
  const failing = failingOf(report);
  const files = [...new Set(failing.map((test) => test.file))].filter((file) => file !== null);
  note('looking for the commit since which they fail');
  return hands.failingSince(
    {
      repository: project.path,
      commit: run.base,
      plan: target(run).tests,
      failing: failing.map((test) => test.id),
      ...(files.length > 0 ? { files } : {}),
      limits,
    },
    signal,
  );
}

function cannotPlan(context: StepContext, report: TestReport): StepMove | null {
  // A suite that was cut short with failures named is the fault that the run is to mend, not an obstacle to it.
  const why = failingOf(report).length > 0 ? null : whyNoResults(report, context.limits.wallMs);
  const silent =
    failingOf(report).length === 0 && report.exitCode !== 0
      ? `No test fails, yet the test command ends with ${report.exitCode === null ? 'a signal' : `status ${report.exitCode}`}`
      : null;
  const reason = why ?? silent;
  if (reason === null) return null;
  return failWith(context, {
    kind: 'cannot-start',
    reason,
    code: 'TESTS_CANNOT_START',
    next: `cambium run logs ${context.run.key}, then cambium solve --test COMMAND with one that runs`,
    step: {
      output: { report: storedReport(report) },
      log: reportLog('tests of the base', report),
      tree: context.run.checkpoint.baseTree,
      events: [{ type: 'tests.ran', subject: subjectOf(context.run), payload: testsRan('base', report) }],
    },
  });
}

async function sourceFiles({ git, project, run }: StepContext): Promise<string[]> {
  const { language } = target(run);
  const { profile, baseTree } = run.checkpoint;
  const all = await git.listFiles(project.path, baseTree);
  return all.filter((path) => isCodeUnderTest(path, language, profile.tests)).slice(0, SOURCE_FILES);
}

async function testTexts(
  { git, project, run }: StepContext,
  report: TestReport,
): Promise<Record<string, string>> {
  const files = [...new Set(failingOf(report).map((test) => test.file))].filter((file) => file !== null);
  const texts: Record<string, string> = {};
  for (const file of files.slice(0, TEST_TEXTS)) {
    const blob = await git.readBlob(project.path, run.checkpoint.baseTree, file);
    if (blob && blob.length <= TEST_TEXT_BYTES) texts[file] = blob.toString('utf8');
  }
  return texts;
}

interface Reports {
  readonly report: TestReport;
  readonly rerun: TestReport | null;
}

function decide(context: StepContext, plan: Plan, { report, rerun }: Reports): StepMove {
  const { run } = context;
  const subject = subjectOf(run);
  const events: NewEvent[] = [{ type: 'tests.ran', subject, payload: testsRan('base', report) }];
  if (rerun) events.push({ type: 'tests.ran', subject, payload: testsRan('rerun', rerun) });
  const common = {
    input: { tests: plan.tests },
    output: { plan, report: storedReport(report) },
    log: reportLog('tests of the base', report) + (rerun ? reportLog('failing tests again', rerun) : ''),
    tree: run.checkpoint.baseTree,
    events,
  };
  const seq = run.stepCount + 1;
  if (plan.failing.length > 0) {
    const checkpoint = { ...run.checkpoint, planStep: seq, reportStep: seq };
    return moveTo(context, { ...common, to: 'CODING', attempt: 1, checkpoint, reason: plan.summary });
  }
  const outcome = {
    kind: 'no-change' as const,
    reason: plan.summary,
    next:
      plan.flaky.length > 0
        ? `Look at the flaky tests: ${plan.flaky.slice(0, 3).join(', ')}`
        : 'Nothing is to be done',
    limit: null,
    code: null,
  };
  const checkpoint = { ...run.checkpoint, planStep: seq };
  return moveTo(context, { ...common, to: 'SUCCESS', checkpoint, reason: plan.summary, outcome });
}
