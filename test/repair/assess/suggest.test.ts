// The suggested test in the style of each runner; values as source text; examples read out of documents.
import { expect, test } from 'vitest';
import { examplesIn } from '#repair/assess/examples.ts';
import type { HeldFunction } from '#repair/assess/holds.ts';
import { looselyEqual, readLiteral } from '#repair/assess/literals.ts';
import { suggestTest, type ToSuggest } from '#repair/assess/suggest.ts';
import { sourceOf } from '#repair/assess/written.ts';
import type { Observed, Value } from '#repair/harness/protocol.ts';

const node = {
  kind: 'program',
  named: true,
  start: 0,
  end: 0,
  field: null,
  children: [],
  parent: null,
  text: '',
};

function target(file: string, name: string): HeldFunction {
  return { file, name, node, parameters: ['list', 'n'] };
}

function suggestion(to: Partial<ToSuggest>, result: Observed = { kind: 'value', value: [2] }): string | null {
  const call = { fn: 0, receiver: null, args: [[1, 2], 1], failing: false };
  const base: ToSuggest = {
    call: { call, pinned: false, before: result, after: [result] },
    target: target('src/take.js', 'take'),
    source: 'export function take(list, n) {}\n',
    runner: 'vitest',
    testFile: 'test/take.test.js',
    family: 'javascript',
    other: { kind: 'throws', name: 'RangeError' },
  };
  return suggestTest({ ...base, ...to })?.text ?? null;
}

test('each runner gets its own style, the function by a path from the test, and the other result as a remark', () => {
  expect(suggestion({})).toBe(
    "import { expect, test } from 'vitest';\nimport { take } from '../src/take.js';\n\ntest('take([1, 2], 1)', () => {\n  // Both this result and throws RangeError pass the tests so far: keep the one that is meant.\n  expect(take([1, 2], 1)).toEqual([2]);\n});\n",
  );
  const scripted = { source: 'module.exports = { take };\n' };
  expect(suggestion({ ...scripted, runner: 'jest' })).toMatch(
    /^const \{ take \} = require\('\.\.\/src\/take\.js'\);\n\ntest\(/,
  );
  expect(suggestion({ ...scripted, runner: 'mocha' })).toMatch(
    /require\('node:assert'\);\n[\s\S]*\nit\('take/,
  );
  const python = {
    family: 'python',
    target: target('shop/take.py', 'take'),
    source: 'def take(a, n):\n',
    testFile: null,
  } as const;
  expect(suggestion({ ...python, runner: 'pytest' })).toMatch(
    /^from shop\.take import take\n\n\ndef test_take_on_an_undecided_input\(\):\n {4}# .*\n {4}assert take\(\[1, 2\], 1\) == \[2\]\n$/,
  );
  expect(suggestion({ ...python, runner: 'unittest' })).toContain(
    '        self.assertEqual(take([1, 2], 1), [2])',
  );
  const fails: Observed = { kind: 'throws', name: 'ValueError' };
  expect(suggestion({ ...python, runner: 'pytest' }, fails)).toContain(
    'with pytest.raises(ValueError):\n        take([1, 2], 1)',
  );
});

test('nothing is suggested for what cannot be imported or written down', () => {
  expect(suggestion({ source: 'function take(list, n) {}\n' })).toBeNull();
  expect(suggestion({ target: target('src/take.js', 'Box.take') })).toBeNull();
  expect(suggestion({}, { kind: 'value', value: { $: 'opaque', id: 3 } })).toBeNull();
  expect(suggestion({}, { kind: 'endless' })).toBeNull();
});

test('values are written as the language writes them', () => {
  const tuple: Value = { $: 'tuple', items: [1, { $: 'float', text: '2.0' }] };
  expect(sourceOf(tuple, 'python')).toBe('(1, 2.0)');
  expect(sourceOf({ $: 'dict', entries: [['a', null]] }, 'python')).toBe("{'a': None}");
  expect(sourceOf({ $: 'object', entries: [['a b', { $: 'undefined' }]] }, 'javascript')).toBe(
    "{ 'a b': undefined }",
  );
  expect(sourceOf({ $: 'map', entries: [[1, "it's"]] }, 'javascript')).toBe('new Map([[1, "it\'s"]])');
  expect(sourceOf([{ $: 'proxy' }], 'javascript')).toBeNull();
});

test('literals are read without being run, and are equal as people write them', () => {
  expect(readLiteral("[1, -2.5, 'a\\n', {k: [true]}] rest", 'javascript')?.value).toEqual([
    1,
    -2.5,
    'a\n',
    { $: 'object', entries: [['k', [true]]] },
  ]);
  expect(readLiteral('(0, 1.5)', 'python')?.value).toEqual({
    $: 'tuple',
    items: [0, { $: 'float', text: '1.5' }],
  });
  for (const text of ['process.exit(1)', '[1, f()]', `\`\${x}\``, "'open", '1abc'])
    expect(readLiteral(text, 'javascript')).toBeNull();
  expect(looselyEqual({ $: 'tuple', items: [2] }, [{ $: 'float', text: '2.0' }])).toBe(true);
  expect(looselyEqual([2], [3])).toBe(false);
});

test('examples are found in the ways that documents write them, and mere mentions are not examples', () => {
  const named = [target('a.js', 'mid')];
  const read = (text: string) =>
    examplesIn([text], named, 'javascript').map(({ call, expected }) => [call.args, expected]);
  expect(read(' * mid(2, 4) // => 3')).toEqual([[[2, 4], 3]]);
  expect(read('mid([1]) → "x"\nlib.mid(0) === null')).toEqual([
    [[[1]], 'x'],
    [[0], null],
  ]);
  expect(read('`mid(1, 2)` returns it; mid(1) returns 5.')).toEqual([[[1], 5]]);
  expect(read(' * >>> mid(5)\n * (1, 2)')).toEqual([[[5], { $: 'tuple', items: [1, 2] }]]);
  expect(read('see mid(1, 2)\n3 more; pyramid(1) => 2; mid(x) => 1; mid(3) => mid(4)')).toEqual([]);
});
