// Guards against fixes that only please the tests: what takes behaviour away is never first while something else passes.
import { expect, test } from 'vitest';
import type { Idea } from '#repair/enumerate.ts';
import { rankPlausible } from '#repair/rank.ts';
import { repair } from './laid-out.ts';
import { ideasFor } from './reached.ts';

function idea(template: string, cost: number, text: string): Idea {
  return {
    template,
    kind: '',
    bits: cost,
    cost,
    file: 'a.js',
    edits: [{ start: 0, end: 9, text }],
    reason: text,
  };
}

test('deletions, decided conditions and constant returns come after dearer changes of every other kind', () => {
  const ranked = rankPlausible([
    idea('delete', 1, ''),
    idea('condition-constant', 1, 'false'),
    idea('return-value', 1, '0'),
    idea('return-value', 1, 'return [];'),
    idea('delete+constant', 2, '1'),
    idea('comparison-operator', 14, '<='),
    idea('return-value', 13, 'count'),
  ]);
  expect(ranked.map((one) => one.template).slice(0, 2)).toEqual(['comparison-operator', 'return-value']);
  expect(ranked[1]?.reason).toBe('count');
});

test('a constant in place of a result that nothing was computed for takes nothing away', () => {
  const given = { ...idea('return-value', 4, '-1'), nothingLost: true };
  const ranked = rankPlausible([idea('return-value', 1, '0'), idea('comparison-operator', 9, '<='), given]);
  expect(ranked.map((one) => one.reason)).toEqual(['-1', '<=', '0']);
});

test('only an argument handed back as it came, or a literal, counts as nothing computed', () => {
  const lost = (source: string) =>
    ideasFor(source)
      .filter((one) => one.template === 'return-value')
      .map((one) => one.nothingLost === true);
  const head = 'function f(a, b) {\n  if (a > b) return 1;\n';
  expect(lost(`${head}  return a;\n}\n`)).not.toContain(false);
  expect(lost(`${head}  a += 1;\n  return a;\n}\n`)).toContain(false);
  expect(lost('function f(a) {\n  return a;\n}\n')).not.toContain(true);
});

test('the engine looks further when only a deletion passes, and puts the mended condition first', {
  timeout: 90_000,
}, async () => {
  const { outcome, fixed } = await repair({
    language: 'javascript',
    plan: { runner: 'node', argv: ['node', '--test'] },
    files: {
      'source.js':
        'module.exports.price = (cents, member) => {\n  if (member && cents > 0) cents = cents - 500;\n  return cents;\n};\n',
      'a.test.js':
        "const test = require('node:test');\nconst assert = require('node:assert');\nconst { price } = require('./source.js');\ntest('a small price stays', () => assert.equal(price(300, true), 300));\ntest('not a member', () => assert.equal(price(900, false), 900));\n",
    },
    sourceFiles: ['source.js'],
  });
  expect(outcome.ending).toBe('found');
  const kinds = outcome.candidates.map((one) => one.template);
  expect(kinds.some((kind) => /delete|condition-constant/.test(kind))).toBe(true);
  expect(kinds[0]).not.toMatch(/delete|condition-constant/);
  expect(fixed('source.js')).toContain('cents');
});
