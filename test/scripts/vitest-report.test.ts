// The count behind `npm test`: nothing that did not run may look as if it had passed.
import { expect, test } from 'vitest';
import { countTests } from '../../scripts/testing/vitest-report.ts';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((outcome) => ({ status: outcome })),
});

test('counts outcomes over all files', () => {
  const report = { testResults: [file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed')] };
  expect(countTests(report)).toEqual({ passed: 3, failed: 1, skipped: 0 });
});

test('a file that failed to load counts as a failure', () => {
  expect(countTests({ testResults: [file('failed')] })).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('a file whose hook failed after its tests passed counts as a failure', () => {
  expect(countTests({ testResults: [file('failed', 'passed')] })).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
  });
});

test('skipped, pending and to-do tests are not passed', () => {
  const report = { testResults: [file('passed', 'skipped', 'pending', 'todo', 'passed')] };
  expect(countTests(report)).toEqual({ passed: 1, failed: 0, skipped: 3 });
});

test.each([null, 'text', {}, { testResults: 3 }])('no report (%j) counts as a failure', (report) => {
  expect(countTests(report)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
