// Reports of many lines, forged or honest: what they cost grows with their number and not with its square.
import { expect, test } from 'vitest';
import type { TestReport } from '#contracts/tests.ts';
import { parseReportLines } from '#quality/runners/report-lines.ts';
import { toResults } from '#quality/runners/results.ts';
import { judge } from '#quality/verdict.ts';

const LINES = 20_000;
/** Several times what it takes on a busy machine; the square of the number takes longer than that. */
const BOUND_MS = 12_000;

function jsonLines(count: number, line: (number: number) => unknown): string {
  return Array.from({ length: count }, (_, number) => `${JSON.stringify(line(number))}\n`).join('');
}

test('R41: a forged report of tests and files that never end is read in time', { timeout: BOUND_MS }, () => {
  const starts = jsonLines(LINES, (n) => ({ k: 'start', file: `f${n}`, path: [`t${n}`] }));
  const open = parseReportLines(starts + jsonLines(LINES, (n) => ({ k: 'file-start', file: `g${n}` })));
  expect(open.unfinished).toHaveLength(2 * LINES);
  const ended = parseReportLines(starts + jsonLines(LINES, (n) => ({ k: 'file-end', file: `f${n}` })));
  expect(ended.unfinished).toEqual([]);
});

test('R41: a forged report that takes back its results is read in time', { timeout: BOUND_MS }, () => {
  const ends = jsonLines(LINES, (n) => ({
    ...{ k: 'end', file: `f${n % 2}`, path: [`t${n}`] },
    ...{ status: 'passed', ms: 1, message: null },
  }));
  const finals = jsonLines(LINES, () => ({ k: 'file-final', file: 'f0' }));
  const { tests } = parseReportLines(ends + finals);
  expect(tests).toHaveLength(LINES / 2);
  expect(tests.every((one) => one.file === 'f1')).toBe(true);
});

test('R41: tests of one name get numbered ids in time', { timeout: BOUND_MS }, () => {
  const named = (name: string) => ({
    ...{ file: 'a.js', path: [name], status: 'passed' as const },
    ...{ durationMs: 1, message: null, load: false },
  });
  const tests = [named('t'), named('t (3)'), ...Array.from({ length: LINES }, () => named('t'))];
  const results = toResults(tests, { roots: [], directory: '.' }, { files: [], names: [] });
  expect(new Set(results.map((one) => one.id)).size).toBe(tests.length);
  expect(results.slice(0, 4).map((one) => one.id)).toEqual([
    ...['a.js › t', 'a.js › t (3)', 'a.js › t (2)', 'a.js › t (4)'],
  ]);
});

test('S29: the verdict on a suite of thousands of tests is there in time', { timeout: BOUND_MS }, () => {
  const report = (first: 'failed' | 'passed'): TestReport => ({
    ...{ outcome: 'ran', exitCode: first === 'failed' ? 1 : 0, argv: ['x'], durationMs: 1 },
    ...{ outputDigest: 'sha256:0', outputText: '' },
    tests: Array.from({ length: LINES }, (_, n) => ({
      ...{ id: `a.js › ${n}`, file: 'a.js', name: String(n), durationMs: 1, message: null },
      status: n === 0 ? first : ('passed' as const),
    })),
  });
  const run = (first: 'failed' | 'passed') => ({
    report: report(first),
    unlikeCommit: [],
    changedFiles: [],
  });
  const judgement = judge({
    ...{ targets: ['a.js › 0'], descends: true, tampering: [], allowTestChanges: false, build: null },
    ...{ base: run('failed'), baseReruns: [report('failed')] },
    ...{ commit: run('passed'), commitReruns: [report('passed')] },
    canary: { summary: 'seen', reasons: [] },
  });
  expect(judgement).toMatchObject({ verdict: 'passed', fixed: ['a.js › 0'] });
});
