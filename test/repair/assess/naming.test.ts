// Names that a change brings in: those that resemble what they replace or stand beside are likelier meant.
import { expect, test } from 'vitest';
import { likenessOf, strangeNames } from '#repair/assess/naming.ts';

test('names share words, a number at their end or a beginning; others have nothing in common', () => {
  expect(likenessOf('maxDepth', 'depth')).toBeGreaterThan(0.5);
  expect(likenessOf('max_depth', 'depth')).toBe(likenessOf('maxDepth', 'depth'));
  expect(likenessOf('value1', 'value2')).toBe(0.8);
  expect(likenessOf('str', 'string')).toBe(0.6);
  expect(likenessOf('row', 'total')).toBe(0);
});

test('a change to a like name is less strange than one to any other, and one that brings in no name is not strange', () => {
  const text = 'let depth = 0;\nif (x) limit = maxDepth;\n';
  const start = text.indexOf('maxDepth');
  const at = (inserted: string) => strangeNames([{ start, end: start + 8, text: inserted }], text);
  expect(at('minDepth')).toBeLessThan(at('colour'));
  expect(at('colour')).toBe(1);
  expect(at('0')).toBe(0);
  expect(at('limit')).toBe(0);
  expect(at('round(maxDepth)')).toBe(0);
});

test('what a change only moves is not strange where it arrives', () => {
  const text = 'first(colour);\nif (x) go();\n';
  const moved = [
    { start: 0, end: 14, text: '' },
    { start: text.length - 1, end: text.length - 1, text: '\nfirst(colour);' },
  ];
  expect(strangeNames(moved, text)).toBe(0);
  expect(strangeNames(moved.slice(1), text)).toBe(1);
});
