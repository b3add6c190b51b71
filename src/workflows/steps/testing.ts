// TESTING: the whole plan on the changed tree; what the coder said about it counts for nothing.
import { callRole } from '#agents/role.ts';
import { type Plan, TESTER } from '#agents/roles.ts';
import type { TestReport } from '#contracts/tests.ts';
import { plural } from '#foundation/text.ts';
import { outcomesOf } from '#quality/verdict.ts';
import type { Trouble } from '../checkpoint.ts';
import { subjectOf } from '../run-store.ts';
import { target } from './planning.ts';
import {
  countsOf,
  failingOf,
  reportLog,
  storedReport,
  storedReportOutput,
  testsRan,
  whyNoResults,
} from './reports.ts';
import { moveTo, type StepContext, type StepResult } from './step.ts';
import { planOutput } from './stored.ts';

const FAILURES_KEPT = 50;
const MESSAGE_CHARS = 2_000;

export async function testing(context: StepContext, signal: AbortSignal): Promise<StepResult> {
  const { run, hands, limits } = context;
  const { tests } = target(run);
  const workspace = await context.workspace(run.checkpoint.tree);
  const report = await callRole(
    {
      role: TESTER,
      input: { tests, attempt: run.attempt },
      executor: ({ tests: plan }) => hands.tests.run({ workspace, plan, limits }, signal),
    },
    signal,
  );
  signal.throwIfAborted();
  const { plan } = await planOutput(context);
  const start = storedReportOutput.parse(await context.output(run.checkpoint.reportStep ?? 0)).report;
  const failures = failuresOf(context, plan, report);
  const common = {
    input: { tree: run.checkpoint.tree },
    output: { report: storedReport(report), failures },
    log: reportLog(`tests of attempt ${run.attempt}`, report),
    tree: run.checkpoint.tree,
    events: [
      {
        type: 'tests.ran' as const,
        subject: subjectOf(run),
        payload: testsRan(`attempt ${run.attempt}`, report),
      },
    ],
  };
  if (failures.length === 0) {
    const reason = `${plural(countsOf(report).passed, 'test')} passed`;
    return moveTo(context, {
      ...common,
      to: 'VERIFYING',
      reason,
      checkpoint: { ...run.checkpoint, trouble: null },
    });
  }
  const trouble: Trouble = {
    stage: 'tests',
    failures: failures.slice(0, FAILURES_KEPT),
    progress: improves(start, report, plan),
  };
  const reason =
    failures.length === 1
      ? `${failures[0]?.id} stands against it`
      : `${failures.length} failures stand against it`;
  return moveTo(context, { ...common, to: 'REFLECTING', reason, checkpoint: { ...run.checkpoint, trouble } });
}

/** Everything that keeps the change from being good: failures that are not flaky, targets that are gone, a bad ending. */
function failuresOf({ limits }: StepContext, plan: Plan, report: TestReport): Trouble['failures'] {
  const none = whyNoResults(report, limits.wallMs);
  if (none !== null) return [{ id: plan.tests.argv.join(' '), message: none }];
  const flaky = new Set(plan.flaky);
  const failed = failingOf(report)
    .filter((test) => !flaky.has(test.id))
    .map((test) => ({
      id: test.id,
      message: (test.message ?? 'failed without a message').slice(0, MESSAGE_CHARS),
    }));
  // A test that stood for a file that hung or did not load is answered by the cases that took its place.
  const now = outcomesOf(report);
  const gone = plan.failing.flatMap(({ id }) => {
    const status = now.of(id);
    if (status === null) return [{ id, message: 'is no longer there' }];
    return status === 'skipped' ? [{ id, message: 'is skipped now' }] : [];
  });
  const all = [...failed, ...gone];
  const flakyFailed = failingOf(report).some((test) => flaky.has(test.id));
  if (all.length === 0 && report.exitCode !== 0 && !flakyFailed) {
    return [
      {
        id: plan.tests.argv.join(' '),
        message: `ends with status ${report.exitCode ?? 'unknown'} although no test fails`,
      },
    ];
  }
  return all;
}

/** True when a failing test passes now and nothing that passed fails or is gone. */
function improves(start: TestReport, now: TestReport, plan: Plan): boolean {
  if (now.outcome !== 'ran') return false;
  const flaky = new Set(plan.flaky);
  const status = outcomesOf(now);
  const steady = start.tests.filter((test) => !flaky.has(test.id));
  const kept = steady.every((test) => test.status !== 'passed' || status.of(test.id) === 'passed');
  const known = new Set(start.tests.map((test) => test.id));
  const newFailures = failingOf(now).some((test) => !known.has(test.id));
  const fixed = steady.some((test) => test.status === 'failed' && status.of(test.id) === 'passed');
  return kept && fixed && !newFailures;
}
