// The project's tests on the exact commit: all green, enough of them, the named ones among them, and able to fail.
import type { GateCheckOf } from '#contracts/gate.ts';
import type { TestPlan, TestReport, TestResult } from '#contracts/tests.ts';
import { canonicalJson } from '#foundation/digest.ts';
import { plural } from '#foundation/text.ts';
import { runCanaries } from '../canary.ts';
import { type HostTask, runWholePlan } from '../host-run.ts';
import { type HostRun, listed, outcomeWords } from '../verdict.ts';
import { type CheckContext, type CheckFinding, observed, passed, type RunCheck, refused } from './check.ts';
import { inFreshTree, lineOf, shellLine } from './reproduce.ts';
import { touchedTests } from './untouched.ts';

type Tested = Pick<GateCheckOf<'tests'>, 'run' | 'directory' | 'time_limit_seconds'>;

export const runTestsCheck: RunCheck<'tests'> = async (context, check, signal) => {
  const plan = await planFor(context, check);
  if (plan === null) return noPlan(context, check);
  const { subject, parts } = context;
  const reproduce = inFreshTree(subject, plan.directory, shellLine(plan.argv));
  const touched = check.allow_changes ? [] : await touchedTests(context, plan);
  if (touched.length > 0) return refused(touched, { reproduce });
  const task = taskFor(context, plan, check);
  const ran = await runWholePlan(parts, task, signal);
  const seen = { reproduce, evidence: [reportOf(ran.report)] };
  const reasons = [...greenReasons(ran), ...enoughReasons(ran.report.tests, check)];
  if (reasons.length > 0) return refused(reasons, seen);
  const targets = ran.report.tests.filter((test) => test.status === 'passed').map((test) => test.id);
  const request = { ...task, base: subject.base, targets, report: ran.report };
  const canary = await runCanaries(parts, { ...request, addedTestFiles: [], allowTestChanges: true }, signal);
  if (canary.reasons.length > 0) return refused(canary.reasons, seen);
  return passed(`${plural(targets.length, 'test')} passed, none failed; ${canary.summary}.`, seen);
};

/** The plan by the base's word, never by the change's: who wrote the change may have written the manifest anew. */
export async function planFor({ parts, subject }: CheckContext, check: Tested): Promise<TestPlan | null> {
  const profile = await parts.detect({
    repository: subject.repository,
    commit: subject.base,
    directory: check.directory,
    ...(check.run === undefined ? {} : { testCommand: lineOf(check.run) }),
  });
  return profile.tests;
}

export function noPlan({ subject }: CheckContext, check: Tested): CheckFinding {
  const where = check.directory === '.' ? '' : ` in ${check.directory}`;
  const text = `No test command was found in the base ${subject.base.slice(0, 12)}${where}; write one as \`run:\` in the workflow.`;
  return refused([text], { reproduce: null });
}

export function taskFor({ subject }: CheckContext, plan: TestPlan, check: Tested): HostTask {
  const { repository, commit } = subject;
  return {
    repository,
    commit,
    plan,
    limits: { ...subject.limits, wallMs: check.time_limit_seconds * 1_000 },
  };
}

export function reportOf(report: TestReport) {
  const tests = report.tests.map(({ id, status }) => ({ id, status }));
  return observed('report', canonicalJson({ outcome: report.outcome, exitCode: report.exitCode, tests }));
}

/** Why a run is not green; empty when it is. */
export function greenReasons({ report, unlikeCommit, changedFiles }: HostRun): string[] {
  if (report.outcome !== 'ran') {
    const more = report.reason === undefined ? '' : ` ${report.reason}`;
    return [`No result: ${outcomeWords(report)}.${more}`];
  }
  const failed = report.tests.filter((test) => test.status === 'failed').map((test) => test.id);
  const reasons = failed.length === 0 ? [] : [`${plural(failed.length, 'test')} failed: ${listed(failed)}.`];
  if (failed.length === 0 && report.exitCode !== 0) {
    const why = report.reason ?? 'every test passed all the same';
    reasons.push(`The test command ended with ${report.exitCode ?? 'no status'}: ${why}.`);
  }
  if (unlikeCommit.length > 0) {
    reasons.push(`The tree was not that of the commit: ${listed(unlikeCommit)}.`);
  }
  if (changedFiles.length > 0) reasons.push(`The run changed tracked files: ${listed(changedFiles)}.`);
  return reasons;
}

function enoughReasons(tests: readonly TestResult[], { min, named }: GateCheckOf<'tests'>): string[] {
  const good = tests.filter((test) => test.status === 'passed').length;
  const few = good < min ? [`${plural(good, 'test')} passed, fewer than ${min}.`] : [];
  const missing = named.flatMap((name) => {
    const found = tests.filter((test) => test.id === name || test.name === name);
    if (found.length === 0) return [`${name} (there is no such test)`];
    const bad = found.find((test) => test.status !== 'passed');
    return bad ? [`${name} (${bad.status})`] : [];
  });
  return missing.length === 0 ? few : [...few, `Named tests that did not pass: ${listed(missing)}.`];
}
