// How far a proposed change is believed, as text: a fix is called one only with its probability, a candidate never.
import { expect, test } from 'vitest';
import { solveReport } from '../../src/operations/solve-report.ts';
import { createPaint } from '../../src/surfaces/cli/output.ts';
import { solveText } from '../../src/surfaces/cli/solve-text.ts';

const known = {
  offered: 'candidate',
  probability: 0.413,
  threshold: 0.75,
  groups: 3,
  inputs: 120,
  alternatives: [
    { digest: 'b', template: 'arithmetic-operator', reason: 'In a.js, line 2: replace - by *.' },
    { digest: 'c', template: 'wrap', reason: 'In a.js, line 2: \u001b[31mnegate.' },
  ],
  differs: {
    call: 'mid(2, 4)',
    results: [
      { digest: 'a', result: '6' },
      { digest: 'b', result: '8' },
      { digest: 'c', result: 'throws RangeError' },
    ],
  },
  explanation: 'An arithmetic operator was the wrong one in mid. 1 failing test passes with it.',
  open: ['mid(2, 4): 6 with this change, 8 with another that passes (-2 today)'],
  suggestedTest: {
    file: 'a.test.js',
    text: "test('mid(2, 4)', () => {\n  assert.equal(mid(2, 4), 6);\n});\n",
  },
  features: { lead: 0.2 },
};

function shown(assessment: object | null, outcome = 'fixed'): string {
  const report = solveReport.parse({
    ticket: 'TKT-1',
    run: 'RUN-1',
    title: 'a title',
    repository: '/r',
    base: 'b',
    outcome,
    reason: '',
    code: null,
    fault: { file: 'a.js', template: 'arithmetic-operator', reason: 'In a.js, line 2: replace - by +.' },
    since: null,
    diff: null,
    testsBefore: null,
    testsAfter: null,
    attempts: 1,
    candidatesTried: 40,
    search: {
      ending: 'found',
      tried: 40,
      plausible: 3,
      suspects: [],
      triedByTemplate: {},
      nearMisses: [],
      assessment,
    },
    branch: null,
    commit: null,
    certificate: null,
    isolation: null,
    runningMs: 0,
    notes: [],
    next: [],
  });
  return solveText(report, { paint: createPaint(false), program: 'cambium' });
}

test('below the threshold it is plausible, unproven, with what else passes and the input that would decide', () => {
  const text = shown(known);
  expect(text).toContain('tests pass, plausible, unproven');
  expect(text).not.toContain('fixed and proven');
  expect(text).toContain('plausible, unproven (p = 0.41), 3 ways to behave pass the tests');
  expect(text).toContain('An arithmetic operator was the wrong one in mid.');
  expect(text).toMatch(/also pass\n +In a\.js, line 2: replace - by \*\.\n +In a\.js, line 2: .*negate/);
  expect(text).toContain(
    'undecided mid(2, 4)\n            this change: 6; change 2: 8; change 3: throws RangeError',
  );
  expect(text).toMatch(/decide by a test of your own, for example in a\.test\.js:\n {2}test\('mid\(2, 4\)'/);
  expect(text).not.toContain('\u001b');
});

test('from the threshold on it is a fix, with its probability', () => {
  const lone = { ...known, offered: 'fix', probability: 0.927, groups: 1, alternatives: [], differs: null };
  const text = shown({ ...lone, suggestedTest: null });
  expect(text).toContain('fixed and proven');
  expect(text).toContain('fix (p = 0.93), nothing else that passes differs on 120 inputs');
  expect(text).not.toMatch(/also pass|undecided|decide by/);
});

test('what was not compared is said, and what is not known is not made up', () => {
  const unwatched = { ...known, inputs: 0, groups: 1, alternatives: [], differs: null, suggestedTest: null };
  expect(shown(unwatched)).toContain('not compared on further inputs');
  expect(shown(null)).not.toContain('belief');
  expect(shown(known, 'failed')).not.toContain('belief');
});
