// Learned rewrites and costs inside the space of candidates: who comes first, under which name, and within which bounds.
import { describe, expect, test } from 'vitest';
import { parseSource } from '#code/syntax.ts';
import { enumerateIdeas } from '#repair/enumerate.ts';
import { javascriptGrammar } from '#repair/grammar/javascript.ts';
import { createAdvice } from '#repair/learn/propose.ts';
import { type LearnedRewrite, learnedKeys, learnedUses, plainTemplate } from '#repair/learned.ts';
import { scopesOf } from '#repair/scope.ts';

const LESS: LearnedRewrite = {
  key: 'PTN-4',
  family: 'javascript',
  kind: 'binary_expression',
  before: '$A < $B',
  after: '$A <= $B',
  removes: false,
  template: 'comparison-operator',
  origin: 'RUN-3',
  accepted: 2,
  refused: 0,
  tried: 2,
  parentKinds: ['while_statement'],
  errorClasses: ['AssertionError'],
};
const NO_PRIOR = { templates: {}, kinds: {} };

function ideasFor(text: string, rewrites: readonly LearnedRewrite[], errorClasses: string[] = []) {
  const { root } = parseSource('javascript', text);
  const learned = { rewrites, outcomes: [], errorClasses };
  const files = [{ path: 'a.js', text }];
  const advice = createAdvice({ family: 'javascript', learned, files, prior: NO_PRIOR });
  const located = scopesOf('a.js', root, javascriptGrammar).map((scope) => ({
    scope,
    grammar: javascriptGrammar,
    suspicionOf: () => 1,
  }));
  return { ideas: enumerateIdeas(located, { testStrings: [], advice }, 5_000).ideas, advice };
}

const LOOP = 'function f(a, n) {\n  let s = 0;\n  while (s < n && a.b - 1 > s) s += a[s];\n  return s;\n}\n';

describe('a learned rewrite', () => {
  test('is tried first where it matches, though a template makes the same change, and says where it was learned', () => {
    const { ideas, advice } = ideasFor(LOOP, [LESS]);
    expect(ideas[0]).toMatchObject({
      template: 'comparison-operator+learned:PTN-4',
      edits: [{ text: 's <= n' }],
      reason: '$A < $B becomes $A <= $B, learned from RUN-3 (2 of 2 accepted)',
    });
    expect(ideas.filter((idea) => idea.reason === 'replace < by <=')).toHaveLength(0);
    expect(advice.matches.get('PTN-4')).toBe(1);
  });

  test('that people refused comes after what the templates know', () => {
    const { ideas } = ideasFor(LOOP, [{ ...LESS, accepted: 1, refused: 3 }]);
    expect(ideas[0]?.template).not.toContain('learned');
    expect(ideas.some((idea) => idea.template.includes('learned:PTN-4'))).toBe(true);
  });

  test('costs less for the class of error that it mended before', () => {
    const elsewhere = { ...LESS, parentKinds: [], tried: 100 };
    const cost = (errorClasses: string[]) => ideasFor(LOOP, [elsewhere], errorClasses).ideas[0]?.cost ?? 0;
    expect(cost(['AssertionError'])).toBeLessThan(cost(['TypeError']));
  });

  test('of another language, or that is no pattern, is left out', () => {
    const { ideas, advice } = ideasFor(LOOP, [
      { ...LESS, family: 'python' },
      { ...LESS, key: 'PTN-5', before: '((((' },
    ]);
    expect(ideas.some((idea) => idea.template.includes('learned'))).toBe(false);
    expect(advice.matches.size).toBe(0);
  });

  test('is looked for in a bounded number of places, and only so many are used', () => {
    const many = `function f(a) {\n${'  if (a < 1) a += 1;\n'.repeat(300)}}\n`;
    const { advice } = ideasFor(many, [LESS]);
    expect(advice.matches.get('PTN-4')).toBe(60);
    const crowd = Array.from({ length: 200 }, (_, index) => ({ ...LESS, key: `PTN-${index + 1}` }));
    expect(ideasFor(LOOP, crowd).advice.matches.size).toBe(64);
  });
});

test('names of templates tell learned rewrites apart, also in pairs', () => {
  const pair = 'comparison-operator+learned:PTN-4+constant+learned:PTN-12';
  expect(learnedKeys(pair)).toEqual(['PTN-4', 'PTN-12']);
  expect(plainTemplate(pair)).toBe('comparison-operator+constant');
  expect(learnedKeys('learned:x+relearned:PTN-1+constant')).toEqual([]);
  expect(
    learnedUses([LESS], new Map([['PTN-4', 3]]), { [pair]: 2, 'wrap+learned:PTN-4': 5, wrap: 9 }),
  ).toMatchObject([{ key: 'PTN-4', matched: 3, tried: 7 }]);
});
