// Coverage of changed lines by each runner's own means: what ran counts, what did not is named.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endingAt, executablePlaces } from '../../../src/quality/coverage/executable.ts';
import { type Files, type Laboratory, openLaboratory } from '../laboratory.ts';
import { tried } from './bench.ts';

let laboratory: Laboratory;
beforeAll(async () => {
  laboratory = await openLaboratory();
});
afterAll(async () => {
  await laboratory[Symbol.asyncDispose]();
});

const PYTHON = `def add(a, b):
    return a + b


def twice(a):
    if a == 0:
        return 0
    total = add(a, a)
    return total
`;
const JEST = `exports.add = (a, b) => a + b;
exports.twice = (a) => {
  if (a === 0) {
    return 0;
  }
  const total = exports.add(a, a);
  return total;
};
`;

/** Two of three or four changed lines run with `twice(0)` alone, all with `twice(2)` beside it. */
const projects: readonly [
  runner: string,
  base: Files,
  change: (calls: readonly string[]) => Files,
  missed: RegExp,
][] = [
  [
    'unittest',
    {
      'sums.py': PYTHON.slice(0, PYTHON.indexOf('\n\n') + 1),
      'test_sums.py':
        'import unittest\nfrom sums import add\n\n\nclass Sums(unittest.TestCase):\n    def test_adds(self):\n        self.assertEqual(add(1, 2), 3)\n',
    },
    (calls) => ({
      'sums.py': PYTHON,
      'test_twice.py': `import unittest\nfrom sums import twice\n\n\nclass Twice(unittest.TestCase):\n    def test_doubles(self):\n${calls.map((call) => `        self.assertEqual(${call})\n`).join('')}`,
    }),
    /50 % of 4 changed lines.*sums\.py:8; sums\.py:9/,
  ],
  [
    'jest',
    {
      'package.json': '{"name":"sums","scripts":{"test":"jest"}}',
      'sums.js': 'exports.add = (a, b) => a + b;\n',
      'sums.test.js':
        "const { add } = require('./sums.js');\ntest('adds', () => { expect(add(1, 2)).toBe(3); });\n",
    },
    (calls) => ({
      'sums.js': JEST,
      'twice.test.js': `const { twice } = require('./sums.js');\ntest('doubles', () => {\n${calls.map((call) => `  expect(${call.replace(', ', ').toBe(')});\n`).join('')}});\n`,
    }),
    /60 % of 5 changed lines.*sums\.js:6; sums\.js:7/,
  ],
];

describe('O60: coverage of changed lines is measured by the system', () => {
  test.each(projects)('%s', async (...[runner, base, change, missed]) => {
    const trial = { base, checks: [{ type: 'coverage' }], nodeModules: runner === 'jest' };
    const half = await tried(laboratory, { ...trial, changes: [change(['twice(0), 0'])] });
    expect(half.reasons.join()).toMatch(missed);
    const whole = await tried(laboratory, { ...trial, changes: [change(['twice(0), 0', 'twice(2), 4'])] });
    expect(whole.reasons).toEqual([]);
    expect(whole.checks[0]?.reason).toContain('100 %');
  });

  test('lines that run are told from those that do not, and a place keeps its meaning when it is made to end', () => {
    const source =
      "'use strict';\n// words\nlet a;\nfunction f(x) {\n  if (x) return 1;\n  return [1].map((y) =>\n    y + x);\n}\n";
    const places = executablePlaces('a.js', source) ?? [];
    expect(places.map(({ line, room }) => [line, room])).toEqual([
      [3, 'statement'],
      [5, 'statement'],
      [5, null],
      [6, 'statement'],
      [7, 'expression'],
    ]);
    for (const place of places.filter(({ room }) => room !== null)) {
      expect(executablePlaces('a.js', endingAt(source, place, 'a.js'))).not.toBeNull();
    }
    expect(executablePlaces('a.js', 'function (')).toBeNull();
    expect(executablePlaces('a.rs', 'fn main() {}')).toBeNull();
  });
});
