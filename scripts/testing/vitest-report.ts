// Counts the outcomes in vitest's JSON report, so that a suite that did not load or was skipped cannot look green.

export interface TestCounts {
  readonly passed: number;
  /** Failed tests, and files that failed before a test of theirs ran. */
  readonly failed: number;
  /** Skipped, pending and to-do tests. */
  readonly skipped: number;
}

/** Counts of a report; anything that is no report counts as one failure. */
export function countTests(report: unknown): TestCounts {
  if (!isRecord(report) || !Array.isArray(report['testResults'])) return { passed: 0, failed: 1, skipped: 0 };
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report['testResults'].filter(isRecord)) {
    const tests = Array.isArray(file['assertionResults']) ? file['assertionResults'].filter(isRecord) : [];
    for (const { status } of tests) {
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') counts.failed += 1;
      else counts.skipped += 1;
    }
    const explained = tests.some(({ status }) => status === 'failed');
    if (file['status'] !== 'passed' && !explained) counts.failed += 1;
  }
  return counts;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
