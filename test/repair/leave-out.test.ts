// Parts of the engine can be left out by name, so that the bench can show what each is worth.
import { expect, test } from 'vitest';
import { type Layout, repair } from './laid-out.ts';

const twoMistakes: Layout = {
  language: 'javascript',
  plan: { runner: 'node', argv: ['node', '--test'] },
  files: {
    'source.js':
      "module.exports.both = (what, a, b) => {\n  if (what === 'least') return a < b ? b : a;\n  return a * b;\n};\n",
    'a.test.js':
      "const test = require('node:test');\nconst assert = require('node:assert');\nconst { both } = require('./source.js');\ntest('least', () => { assert.equal(both('least', 1, 2), 1); assert.equal(both('least', 5, 4), 4); });\ntest('sum', () => { assert.equal(both('sum', 1, 2), 3); assert.equal(both('sum', 3, 4), 7); });\n",
  },
  sourceFiles: ['source.js'],
  budget: { wallMs: 20_000, candidates: 1_500 },
};

test('two mistakes are mended by two changes, and not when second changes are left out', async () => {
  const { outcome } = await repair(twoMistakes);
  expect(outcome.ending).toBe('found');
  expect(outcome.candidates[0]?.edits.length).toBeGreaterThan(1);
  const single = await repair({ ...twoMistakes, without: ['two-edits'] });
  expect(single.outcome.candidates).toEqual([]);
  expect(Object.keys(single.outcome.triedByTemplate).filter((name) => name.includes('+'))).toEqual([]);
}, 60_000);

test('a clue and a template that are left out take no part in the search', async () => {
  const one: Layout = { ...twoMistakes, budget: { wallMs: 20_000, candidates: 60 } };
  const { outcome } = await repair(one);
  const signals = (from: typeof outcome) => from.suspects.flatMap((suspect) => suspect.signals).join('; ');
  expect(signals(outcome)).toMatch(/the failing test (?:names|uses) both/);
  expect(outcome.triedByTemplate).toHaveProperty('comparison-operator');
  const less = (await repair({ ...one, without: ['names', 'comparison-operator'] })).outcome;
  expect(less.suspects.length).toBeGreaterThan(0);
  expect(signals(less)).not.toMatch(/the failing test (?:names|uses)/);
  expect(less.triedByTemplate).not.toHaveProperty('comparison-operator');
}, 60_000);
