// The space of changes as a whole: its order, its bounds, what is left out, and second changes on top of first ones.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSyntaxReader, parseSource } from '#code/syntax.ts';
import { applyEdits, composeEdits } from '#repair/edits.ts';
import { createIdeaQueue } from '#repair/enumerate.ts';
import { javascriptGrammar } from '#repair/grammar/javascript.ts';
import { scopesOf } from '#repair/scope.ts';
import { createSequels } from '#repair/sequels.ts';
import { ideasFor } from './reached.ts';

const SOURCE =
  'function f(list, limit) {\n  let sum = 0;\n  for (const x of list) {\n    if (x < limit) sum += x;\n  }\n  return sum;\n}\n';

test('ideas come in order of cost, each text once, and none that changes nothing', () => {
  const ideas = ideasFor(SOURCE);
  expect(ideas.length).toBeGreaterThan(200);
  const costs = ideas.map((idea) => idea.cost);
  expect(costs).toEqual([...costs].sort((a, b) => a - b));
  const texts = ideas.map((idea) => applyEdits(SOURCE, idea.edits).replace(/\s+/g, ' '));
  expect(texts).not.toContain(SOURCE.replace(/\s+/g, ' '));
});

test('names that every object has are names like others', () => {
  const ideas = ideasFor(
    'function f(a) {\n  const constructor = a.toString;\n  return constructor === a;\n}\n',
  );
  expect(ideas.map((idea) => idea.reason)).toContain('replace === by !==');
});

test('the bound on the number of ideas is kept and told', () => {
  const scopes = scopesOf('a.js', parseSource('javascript', SOURCE).root, javascriptGrammar);
  const located = scopes.map((scope) => ({ scope, grammar: javascriptGrammar, suspicionOf: () => 1 }));
  const queue = createIdeaQueue(located, { testStrings: [], maxIdeas: 50 });
  expect(queue.expected()).toBe(50);
  while (queue.next() !== null);
  expect(queue.cut()).toBe(true);
  expect(queue.given.length).toBeLessThan(1_000);
});

test('how many ideas there will be is told beforehand, and exactly at the end', () => {
  const scopes = scopesOf('a.js', parseSource('javascript', SOURCE).root, javascriptGrammar);
  const located = scopes.map((scope) => ({ scope, grammar: javascriptGrammar, suspicionOf: () => 1 }));
  const queue = createIdeaQueue(located, { testStrings: [], maxIdeas: 50_000 });
  queue.next();
  const early = queue.expected();
  while (queue.next() !== null);
  expect(queue.expected()).toBe(queue.given.length);
  expect(early / queue.given.length).toBeGreaterThan(0.2);
  expect(early / queue.given.length).toBeLessThan(5);
});

test('a template can be left out, and learned bits move one forward', () => {
  const without = ideasFor(SOURCE, { options: { without: new Set(['comparison-operator']) } });
  expect(without.map((idea) => idea.template)).not.toContain('comparison-operator');
  const shift = (template: string) => (template === 'delete' ? -2.5 : 2.5);
  expect(ideasFor(SOURCE, { options: { advice: { shift, proposals: () => [] } } })[0]?.template).toBe(
    'delete',
  );
});

test('two sets of edits in one do the same as one after the other', () => {
  const edits = fc.array(fc.tuple(fc.nat(40), fc.nat(4), fc.string({ maxLength: 4 })), { maxLength: 3 });
  const on = (text: string, raw: readonly [number, number, string][]) => {
    let at = 0;
    let last = -1;
    return [...raw]
      .map(([start, length, to]) => ({ start: Math.min(start, text.length), length, text: to }))
      .sort((a, b) => a.start - b.start)
      .flatMap(({ start, length, text: to }) => {
        // Neighbours may touch, as when a block is replaced and something follows it.
        if (start < at || start === last) return [];
        last = start;
        at = Math.min(text.length, start + length);
        return [{ start, end: at, text: to }];
      });
  };
  fc.assert(
    fc.property(fc.string({ minLength: 5, maxLength: 40 }), edits, edits, (text, a, b) => {
      const first = on(text, a);
      const middle = applyEdits(text, first);
      const second = on(middle, b);
      expect(applyEdits(text, composeEdits(text, first, second))).toBe(applyEdits(middle, second));
    }),
    { numRuns: 2_000 },
  );
});

test('a second change may lie inside what the first one brought', () => {
  const scopes = scopesOf('a.js', parseSource('javascript', SOURCE).root, javascriptGrammar);
  const located = scopes.map((scope) => ({ scope, grammar: javascriptGrammar, suspicionOf: () => 1 }));
  const options = { testStrings: [], maxIdeas: 10_000 };
  const sequels = createSequels({ located, reader: createSyntaxReader(), options });
  const first = ideasFor(SOURCE).find((idea) => applyEdits(SOURCE, idea.edits).includes('return sum - 1;'));
  if (first === undefined) throw new Error('the first change is not in the space');
  const queue = sequels.after(first);
  const texts: string[] = [];
  for (let second = queue?.next(); second; second = queue?.next())
    texts.push(applyEdits(SOURCE, second.edits));
  expect(texts).toContain(SOURCE.replace('return sum;', 'return sum - 2;'));
  expect(texts).toContain(SOURCE.replace('return sum;', 'return sum - 1;').replace('<', '<='));
});
