// Learning from accepted changes: what rewrites come of them, that they run, and that they do not run where they must not.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findRewrites } from '#code/rewrite.ts';
import { isProved, type LearnedPlace, learnFrom } from '#repair/learn/learn.ts';
import type { Rewrite } from '#repair/learned.ts';

function learned(before: string, after: string, path = 'a.js'): LearnedPlace[] {
  const wrap = (body: string) =>
    path.endsWith('.py') ? `def f(a, b, i, n):\n    ${body}\n` : `function f(a, b, i, n) {\n  ${body}\n}\n`;
  return learnFrom({ path, before: wrap(before), after: wrap(after) });
}

function rewriteOf(before: string, after: string, path = 'a.js'): Rewrite {
  const [place] = learned(before, after, path);
  if (!place?.ok) throw new Error(`nothing was learned: ${place?.reason}`);
  return place.rewrite;
}

/** Every place of a text where the rewrite matches, replaced one at a time. */
function applied(rewrite: Rewrite, text: string, language: 'javascript' | 'python' = 'javascript'): string[] {
  const [found = []] = findRewrites(language, text, { rules: [rewrite], maxEach: 50 });
  return found.map((match) => text.slice(0, match.start) + match.text + text.slice(match.end));
}

describe('S33: an accepted change becomes a rewrite over metavariables', () => {
  test.each([
    [
      'for (let k = 0; k < n.length; k++) use(k);',
      'for (let k = 0; k <= n.length; k++) use(k);',
      '$A < $B',
      '$A <= $B',
    ],
    ['return a[i];', 'return a[i - 1];', '$A[$B]', '$A[$B - 1]'],
    ['return a.slice(0, n);', 'return a.slice(0, n + 1);', '$A.slice(0, $B)', '$A.slice(0, $B + 1)'],
    ['return parseInt(a.x);', 'return parseInt(a.x, 10);', 'parseInt($A)', 'parseInt($A, 10)'],
    [
      'return a.map(x => x.y);',
      'if (!a) return [];\n  return a.map(x => x.y);',
      'return $A.map($B)',
      'if (!$A) return [];\nreturn $A.map($B)',
    ],
    ['if (a && b) { use(a); }', 'if (a) { use(a); }', 'if ($A && $B) { $$$C }', 'if ($A) { $$$C }'],
    ['const k = (a + b) * n;', 'const k = (a + b + 1) * n;', '$A + $B', '$A + $B + 1'],
  ])('%s', (before, after, pattern, replacement) => {
    expect(rewriteOf(before, after)).toMatchObject({ before: pattern, after: replacement });
  });

  test.each([
    ['return a is b', 'return a == b', '$A is $B', '$A == $B'],
    ['return a.get(i)', 'return a.get(i, 0)', '$A.get($B)', '$A.get($B, 0)'],
    [
      'for k in range(n):\n        g(k)',
      'for k in range(n + 1):\n        g(k)',
      'range($A)',
      'range($A + 1)',
    ],
  ])('Python: %s', (before, after, pattern, replacement) => {
    expect(rewriteOf(before, after, 'a.py')).toMatchObject({ before: pattern, after: replacement });
  });

  test('two places changed at once give a rewrite each', () => {
    const [first, second] = learned(
      'if (a < 1) i = a * 2;\n  b = a > n;',
      'if (a <= 1) i = a * 2;\n  b = a >= n;',
    );
    expect(first).toMatchObject({ ok: true, rewrite: { before: '$A < 1', after: '$A <= 1' } });
    expect(second).toMatchObject({ ok: true, rewrite: { before: '$A > $B', after: '$A >= $B' } });
  });
});

describe('what would be of no use elsewhere is refused, with the reason', () => {
  test.each([
    ['only metavariables would be left', 'return a;', 'return !a;', 'everywhere'],
    ['a deletion that would match everywhere', 'use(a);\n  return a;', 'return a;', 'everywhere'],
    ['a variable that other places do not have', 'return a + 1;', 'return b + 1;', 'needs b'],
    ['too long', `return [${'a + 1, '.repeat(60)}0];`, `return [${'a + 1, '.repeat(60)}1];`, 'too long'],
    [
      'too many varying parts',
      'return [a+1, b, i, n, f, g, h, j, k, l];',
      'return [a+2, b, i, n, f, g, h, j, k, l];',
      'too many|everywhere|',
    ],
    [
      'an address',
      'return get(a, "https://example.org/x");',
      'return get(a, "https://example.org/y");',
      'of its own',
    ],
    ['a path', 'return get(a, "/srv/ada/x");', 'return get(a, "/srv/ada/y");', 'of its own'],
    ['a key', `return a + '${'k3y'.repeat(20)}';`, `return a - '${'k3y'.repeat(20)}';`, ''],
  ])('%s', (_why, before, after, reason) => {
    const [place] = learned(before, after);
    if (place?.ok) expect(JSON.stringify(place.rewrite.before)).not.toMatch(/k3yk3y|example|ada/);
    else expect(place?.reason).toMatch(reason);
  });

  test('hostile text cannot pass for a metavariable', () => {
    expect(learned('return a < "$B";', 'return a <= "$B";')[0]).toMatchObject({
      ok: true,
      rewrite: { before: '$A < $B', after: '$A <= $B' },
    });
    for (const text of ['$B', '$$$B', '$_', '$$$']) {
      const [place] = learned(`return a.x("${text}", 1);`, `return a.x("${text}", 2);`);
      if (place?.ok) expect(place.rewrite.before).toBe('$A.x($B, 1)');
      const [other] = learned('return a + "x";', `return a + "${text}";`);
      expect(other).toMatchObject({ ok: false, reason: 'a name looks like a metavariable' });
    }
    expect(learned('return $A < $$$B;', 'return $A <= $$$B;')[0]).toMatchObject({
      rewrite: { before: '$A < $B', after: '$A <= $B' },
    });
    expect(learned('return $A.$B < 1;', 'return $A.$C < 1;')[0]).toMatchObject({ ok: false });
  });

  test('a file that cannot be parsed teaches nothing', () => {
    expect(learned('return a <;', 'return a <= 1;')).toEqual([
      { ok: false, reason: 'the file cannot be read' },
    ]);
    expect(learnFrom({ path: 'a.txt', before: 'a', after: 'b' })).toEqual([]);
  });
});

describe('S33: a rewrite runs', () => {
  const names = fc.constantFrom('x', 'items', 'row', 'count', '_tmp', 'é', '$', '$A', '$$$B', 'self2');
  const operand = fc.oneof(
    names,
    names.map((name) => `${name}.length`),
    fc.tuple(names, names).map(([a, b]) => `${a}[${b}]`),
    fc.tuple(names, names).map(([a, b]) => `(${a} + ${b})`),
    fc.tuple(names, names).map(([a, b]) => `${a}(${b}, 1)`),
    fc.integer({ min: 0, max: 99 }).map((value) => `(${value})`),
  );
  const changes = fc.constantFrom<[(a: string, b: string) => string, (a: string, b: string) => string]>(
    [(a, b) => `${a} < ${b}`, (a, b) => `${a} <= ${b}`],
    [(a, b) => `${a} || ${b}`, (a, b) => `${a} ?? ${b}`],
    [(a, b) => `Math.min(${a}, ${b})`, (a, b) => `Math.max(${a}, ${b})`],
    [(a, b) => `${a}.slice(${b})`, (a, b) => `${a}.slice(${b} + 1)`],
    [(a, b) => `${a} % ${b} === 0`, (a, b) => `${a} % ${b} !== 0`],
  );
  const line = (text: string) => `const out = ${text};\n`;

  test('learned from a pair, applied to the text before, it yields the text after', () => {
    fc.assert(
      fc.property(changes, operand, operand, ([old, now], a, b) => {
        const places = learnFrom({ path: 'a.js', before: line(old(a, b)), after: line(now(a, b)) });
        for (const place of places) {
          if (!place.ok) continue;
          expect(isProved(place.rewrite)).toBe(true);
          expect(applied(place.rewrite, line(old(a, b)))).toContain(line(now(a, b)));
        }
        expect(places).toHaveLength(1);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test('learned with some names, it mends the same mistake with others, and nothing is lost on the way', () => {
    fc.assert(
      fc.property(changes, operand, operand, ([old, now], a, b) => {
        const [place] = learnFrom({ path: 'a.js', before: line(old('p', 'q')), after: line(now('p', 'q')) });
        if (!place?.ok) throw new Error(place?.reason);
        expect(applied(place.rewrite, line(old(a, b)))).toContain(line(now(a, b)));
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  test('it leaves alone what has another operator, method or shape', () => {
    const rewrite = rewriteOf('return a.slice(0, n);', 'return a.slice(0, n + 1);');
    for (const other of [
      'a.slice(1, n)',
      'a.slice(0)',
      'a.splice(0, n)',
      'slice(0, n)',
      'a?.slice(0, n)',
      'a.slice(0, n, 1)',
    ]) {
      expect(applied(rewrite, line(other))).toEqual([]);
    }
    const less = rewriteOf('return a < n;', 'return a <= n;');
    for (const other of ['a <= n', 'a > n', 'a << n']) expect(applied(less, line(other))).toEqual([]);
  });

  test('a bound part stays one part: brackets come where an operator would tear it apart', () => {
    const rewrite = rewriteOf('return n - a.size();', 'return n * a.size();');
    expect(applied(rewrite, 'return x + 1 - a.size();')).toEqual(['return (x + 1) * a.size();']);
    const chosen = rewriteOf('return parseInt(a);', 'return parseInt(a) + 1;');
    expect(applied(chosen, 'return parseInt(x ? y : z);')).toEqual(['return parseInt(x ? y : z) + 1;']);
  });

  test('an added statement takes the indentation of its place', () => {
    const rewrite = rewriteOf('return a.map(b);', 'if (!a) return [];\n  return a.map(b);');
    expect(applied(rewrite, 'if (x) {\n      return rows.map(one);\n}\n')).toEqual([
      'if (x) {\n      if (!rows) return [];\n      return rows.map(one);\n}\n',
    ]);
    expect(applied(rewrite, 'if (x) return rows.map(one);\n')).toEqual([]);
  });

  test('comments inside the place are never lost', () => {
    const rewrite = rewriteOf('return a < n;', 'return a <= n;');
    expect(applied(rewrite, 'return x /* why */ < y;')).toEqual([]);
  });

  test('a rule that is no pattern matches nowhere and does no harm', () => {
    for (const before of ['', '$', '((((', 'a $$$ b', '\u0000', '$A'.repeat(400)]) {
      const rules = [{ kind: 'binary_expression', before, after: 'x' }];
      expect(findRewrites('javascript', 'a < b', { rules, maxEach: 5 })).toEqual([[]]);
    }
    expect(
      findRewrites('javascript', 'a < b', {
        rules: [{ kind: 'no_such_kind', before: 'a', after: 'b' }],
        maxEach: 5,
      }),
    ).toEqual([[]]);
  });
});
