// What is known of values without running anything, and that ill-typed changes are left out or dearer for it.
import { expect, test } from 'vitest';
import { parseSource } from '#code/syntax.ts';
import { javascriptGrammar } from '#repair/grammar/javascript.ts';
import { fitsPattern, kindOf, kindsOf } from '#repair/kinds.ts';
import { ideasFor } from './reached.ts';

function kindOfLast(source: string) {
  const { root } = parseSource('typescript', source);
  const statement = root.children.findLast((child) => child.kind === 'expression_statement');
  const value = statement?.children[0];
  return value === undefined ? undefined : kindOf(value, kindsOf(root, javascriptGrammar));
}

test.each([
  ["'a';", 'string'],
  ['1 + 2;', 'number'],
  ["'a' + 2;", 'string'],
  ['a < b;', 'boolean'],
  ['a.length;', 'number'],
  ['a.map(b);', 'list'],
  ['a.slice(1);', null],
  ['function f(a: string[]) {}\na;', 'list'],
  ['function f(a: number, b: unknown) {}\na;', 'number'],
  ['let a = 1;\nlet b = a;\na;', 'number'],
  ["let a = 1;\nfunction f(a = '') {}\na;", null],
  ['anything;', null],
])('%s is %s', (source, kind) => {
  expect(kindOfLast(source)).toBe(kind);
});

test('patterns are tried on kinds that they make sense for', () => {
  expect(fitsPattern('Math.abs($)', 'string')).toBe(false);
  expect(fitsPattern('$.trim()', 'number')).toBe(false);
  expect(fitsPattern('$.length', 'string')).toBe(true);
  expect(fitsPattern('Math.abs($)', null)).toBe(true);
});

test('annotations make ill-typed changes fewer, and names of another kind dearer', () => {
  const text = (types: readonly [string, string]) =>
    `function f(first${types[0]}, second${types[1]}) {\n  return first.concat(second);\n}\n`;
  const typed = text([': string[]', ': number']);
  const ideas = ideasFor(typed, { language: 'typescript' });
  const plain = ideasFor(text(['', '']), { language: 'typescript' });
  const reasons = (list: typeof ideas) => list.map((idea) => idea.reason);
  expect(reasons(plain)).toContain('replace second by second.trim()');
  expect(reasons(ideas)).not.toContain('replace second by second.trim()');
  expect(ideas.length).toBeLessThan(plain.length);
  const swap = (list: typeof ideas) =>
    list.find((idea) => idea.reason === 'use first in place of second')?.bits;
  expect(swap(ideas)).toBe((swap(plain) ?? 0) + 3);
});
