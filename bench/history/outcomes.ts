// Statuses of tests by name, and what a fix changes about them.
import type { TestReport, TestResult } from '#contracts/tests.ts';

export interface Change {
  /** Failed before and passes with the fix. */
  readonly failToPass: readonly TestResult[];
  readonly passToPass: readonly TestResult[];
  /** Passed before and fails with the fix. */
  readonly passToFail: readonly TestResult[];
  /** Fails with the fix, whatever it did before. */
  readonly failing: readonly TestResult[];
}

export function changeBetween(before: TestReport, after: TestReport): Change {
  const fixed = statuses(after);
  const was = (status: TestResult['status']) => before.tests.filter((test) => test.status === status);
  return {
    failToPass: was('failed').filter((test) => fixed.get(test.id) === 'passed'),
    passToPass: was('passed').filter((test) => fixed.get(test.id) === 'passed'),
    passToFail: was('passed').filter((test) => fixed.get(test.id) === 'failed'),
    failing: after.tests.filter((test) => test.status === 'failed'),
  };
}

/** `suite > name`, as manifests write it. */
export function plainName(name: string): string {
  return name.replaceAll(' › ', ' > ').replace(/\s+/g, ' ').trim();
}

/** Why a run says nothing about tests; null when it does. */
export function whyNoResults(report: TestReport): string | null {
  if (report.outcome === 'ran') return null;
  const last = report.outputText.split('\n').filter((line) => /error|cannot|not found/i.test(line))[0] ?? '';
  return `${report.outcome}: ${(report.reason ?? '').slice(0, 160)} ${last.trim().slice(0, 200)}`.trim();
}

function statuses(report: TestReport): Map<string, TestResult['status']> {
  const map = new Map<string, TestResult['status']>();
  // Two tests of one name: the worse one counts.
  for (const { id, status } of report.tests) if (map.get(id) !== 'failed') map.set(id, status);
  return map;
}
