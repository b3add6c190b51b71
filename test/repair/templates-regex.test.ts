// Edits of regular expressions: from a wrong pattern to the right one, with the reason in words.
import { expect, test } from 'vitest';
import { patternEdits } from '#repair/templates/patterns.ts';
import { reasonFor } from './reached.ts';

const literal = (pattern: string) => `const f = (s) => {\n  return s.replace(${pattern}, '');\n};\n`;

test.each([
  ['/a/', '/a/g', 'match every match: flag g for /a/'],
  ['/[a-f]/g', '/[a-f]/gi', 'match letters of either case: flag i for /[a-f]/g'],
  ['/^x/gm', '/^x/g', 'drop the flag m (line by line) of /^x/gm'],
  ['/\\d+/', '/^\\d+/', 'match from the start only in /\\d+/'],
  ['/a|b/', '/^(?:a|b)$/', 'match the whole text only in /a|b/'],
  ['/^\\d+$/', '/^\\d*$/', 'replace + by * in /^\\d+$/'],
  ['/<.+>/', '/<.+?>/', 'match as little as possible in /<.+>/'],
  ['/^\\w{2,4}$/', '/^\\w{2,5}$/', 'replace {2,4} by {2,5} in /^\\w{2,4}$/'],
  ['/1.5/', '/1\\.5/', 'take the dot literally in /1.5/'],
  ['/^[a-z]+$/', '/^[a-z-]+$/', 'let [a-z] hold - too in /^[a-z]+$/'],
  ['/[1,2,3]x[4,5]/', '/[123]x[45]/', 'leave , out of every class in /[1,2,3]x[4,5]/'],
  ['/^[a-z]/', '/^[^a-z]/', 'negate [a-z] in /^[a-z]/'],
  ['/foo-bar/', '/foo-?bar/', 'let - be absent in /foo-bar/'],
  ['/cat/', '/\\bcat\\b/', 'match whole words only in /cat/'],
  ['/^a|b$/', '/^(?:a|b)$/', 'anchor every alternative in /^a|b$/'],
])('%s becomes %s', (before, after, reason) => {
  expect(reasonFor(literal(before), literal(after))).toBe(reason);
});

test('an alternative that the tests speak of is added', () => {
  const options = { testStrings: ["'webp'"] };
  expect(reasonFor(literal('/png|gif/'), literal('/png|webp|gif/'), { options })).toMatch(/match webp too/);
});

test('a pattern in a string is edited with its escapes kept', () => {
  const text = (pattern: string) => `function f(s) {\n  return new RegExp(${pattern}).test(s);\n}\n`;
  expect(reasonFor(text("'^\\\\d+'"), text("'^\\\\d+$'"))).toMatch(/match up to the end only/);
  const python = (pattern: string) => `import re\ndef f(s):\n    return re.match(${pattern}, s)\n`;
  expect(reasonFor(python("r'\\d+'"), python("r'\\d+$'"), { language: 'python' })).toMatch(/up to the end/);
});

test('every changed pattern is one that the language accepts, for many kinds of patterns', () => {
  const patterns = [
    '^a+b*?[^c-e]{2,3}(?:x|y)(?=z)$',
    '(\\d{1,2})\\/(\\w+)',
    '[-_.]',
    '\\u00e9|[\\]x]',
    '((a)|b)+?',
    '.*',
  ];
  for (const pattern of patterns) {
    const edits = patternEdits(pattern, ['a-b']);
    expect(edits.length).toBeGreaterThan(10);
    const broken = edits.filter(({ text }) => {
      try {
        return new RegExp(text) === null;
      } catch {
        return true;
      }
    });
    expect(broken.map(({ text }) => text)).toEqual([]);
  }
});
