// What a reader would wonder at points to its own repair, in both languages and in other code than any benchmark's.
import { expect, test } from 'vitest';
import { ideasFor, reasonFor } from './reached.ts';

const lines = (...text: string[]) => `${text.join('\n')}\n`;

test.each([
  [
    'a loop that asks again and again about the same',
    lines('function trim(path) {', '  let at = 0;', '  while (blank(path)) at += 1;', '  return at;', '}'),
    lines(
      'function trim(path) {',
      '  let at = 0;',
      '  while (blank(path.slice(at))) at += 1;',
      '  return at;',
      '}',
    ),
    /path\.slice\(at\).*the loop does not change/,
  ],
  [
    'a loop that never takes its step',
    lines(
      'function coins(left) {',
      '  let n = 0;',
      '  while (left) {',
      '    n += left % 10;',
      '    show(n);',
      '  }',
      '}',
    ),
    lines(
      'function coins(left) {',
      '  let n = 0;',
      '  while (left) {',
      '    n += left % 10;',
      '    show(n);',
      '    left = left % 10;',
      '  }',
      '}',
    ),
    /add left = left % 10; to the loop that asks about left/,
  ],
  [
    'a count that stays at its first value, beside a flag that nobody reads',
    lines(
      'function odd(rows) {',
      '  let seen = 0;',
      '  for (const row of rows) {',
      '    let fresh = true;',
      '    if (row.old) { fresh = false }',
      '  }',
      '  return seen;',
      '}',
    ),
    lines(
      'function odd(rows) {',
      '  let seen = 0;',
      '  for (const row of rows) {',
      '    let fresh = true;',
      '    if (row.old) { fresh = false }',
      '    if (fresh) { seen += 1; }',
      '  }',
      '  return seen;',
      '}',
    ),
    /nothing changes seen/,
  ],
  [
    'two answers the wrong way round',
    lines(
      'function all(list) {',
      "  for (const one of list) if (!one.ok) return 'pass';",
      "  return 'stop';",
      '}',
    ),
    lines(
      'function all(list) {',
      "  for (const one of list) if (!one.ok) return 'stop';",
      "  return 'pass';",
      '}',
    ),
    /and the other way round/,
  ],
  [
    'both sides of a comparison in one order',
    'const same = (a, b) => String([...a]) === String([...b]);\n',
    'const same = (a, b) => String([...a].sort()) === String([...b].sort());\n',
    /and 1 like it/,
  ],
  [
    'a sister of a test is missing',
    'const near = (a, b, c) => a - b < c;\n',
    'const near = (a, b, c) => (a - b < c || b - a < c);\n',
    /a - b < c \|\| b - a < c/,
  ],
  [
    'text that is taken apart at a mark and put together without it',
    lines(
      'function turn(text) {',
      "  const parts = text.split('-');",
      "  let out = '';",
      '  for (let i = 0; i < parts.length; i++) {',
      '    out = out + parts[i];',
      '  }',
      '  return out;',
      '}',
    ),
    lines(
      'function turn(text) {',
      "  const parts = text.split('-');",
      "  let out = '';",
      '  for (let i = 0; i < parts.length; i++) {',
      "    if (i > 0) { out += '-'; }",
      '    out = out + parts[i];',
      '  }',
      '  return out;',
      '}',
    ),
    /put '-' between the pieces of out/,
  ],
])('%s', (_, before, after, reason) => {
  expect(reasonFor(before, after)).toMatch(reason);
});

test.each([
  [
    'a loop that asks again and again about the same',
    lines('def trim(path):', '    at = 0', '    while blank(path):', '        at += 1', '    return at'),
    lines('def trim(path):', '    at = 0', '    while blank(path[at:]):', '        at += 1', '    return at'),
  ],
  [
    'a count that stays at its first value, beside a flag that nobody reads',
    lines(
      'def odd(rows):',
      '    seen = 0',
      '    for row in rows:',
      '        fresh = True',
      '        if row.old:',
      '            fresh = False',
      '    return seen',
    ),
    lines(
      'def odd(rows):',
      '    seen = 0',
      '    for row in rows:',
      '        fresh = True',
      '        if row.old:',
      '            fresh = False',
      '        if fresh:',
      '            seen += 1',
      '    return seen',
    ),
  ],
  [
    'two answers the wrong way round',
    lines(
      'def every(rows):',
      '    for row in rows:',
      '        if not row:',
      '            return True',
      '    return False',
    ),
    lines(
      'def every(rows):',
      '    for row in rows:',
      '        if not row:',
      '            return False',
      '    return True',
    ),
  ],
])('in Python: %s', (_, before, after) => {
  expect(reasonFor(before, after, { language: 'python' })).not.toBeNull();
});

const templatesOf = (source: string) => new Set(ideasFor(source).map((one) => one.template));

test('a loop that changes what it asks about, a count that is kept up and a function with three answers are nothing to wonder at', () => {
  const sound = lines(
    'function f(n) {',
    '  let k = 0;',
    '  while (n > 0) {',
    '    n -= 2;',
    '    k += 1;',
    '  }',
    '  if (k > 3) return 1;',
    '  return k > 2 ? 2 : k;',
    '}',
  );
  const found = templatesOf(sound);
  expect(found).not.toContain('idle-loop');
  expect(found).not.toContain('kept-value');
  expect(found).not.toContain('swapped-results');
  expect(found).toContain('comparison-operator');
});

const bitsOf = (source: string, reason: string) =>
  ideasFor(source).find((one) => one.reason === reason)?.bits ?? Number.NaN;

test('what nobody means to write costs more: adding nothing, an order of texts, leaving out the falsy among numbers', () => {
  expect(bitsOf('const f = (i) => i + 1;\n', 'replace 1 by 0')).toBeGreaterThan(
    bitsOf('const f = (i) => i < 1;\n', 'replace 1 by 0'),
  );
  expect(bitsOf('const f = (a) => String(a) === x;\n', 'replace === by >')).toBeGreaterThan(
    bitsOf('const f = (a) => a === x;\n', 'replace === by >'),
  );
  const numbers = 'const f = (a) => a.map((x) => x * 2);\n';
  const things = 'const f = (a) => a.map((x) => x.name);\n';
  expect(
    bitsOf(numbers, 'replace a.map((x) => x * 2) by a.map((x) => x * 2).filter(Boolean)'),
  ).toBeGreaterThan(bitsOf(things, 'replace a.map((x) => x.name) by a.map((x) => x.name).filter(Boolean)'));
});
