// Watching what functions do on given arguments, in the sandboxed process: reached without being exported, and never believed
// to be harmless.
import { describe, expect, test } from 'vitest';
import type { Observed } from '#repair/harness/protocol.ts';
import { watch } from './observing.ts';

const value = (of: unknown): unknown => ({ kind: 'value', value: of });
const HEAD = "const test = require('node:test');\nconst assert = require('node:assert');\n";

describe('JavaScript', () => {
  test('a function that is not exported is reached, its arguments noted, and each program gives its own results', async () => {
    const { functions, calls, results } = await watch({
      runner: 'node',
      files: {
        'source.js':
          "'use strict';\nfunction half(n, up = false) {\n  return up ? Math.ceil(n / 2) : Math.floor(n / 2);\n}\nmodule.exports.halves = (list) => list.map((one) => half(one));\n",
        'a.test.js': `${HEAD}const { halves } = require('./source.js');\ntest('halves', () => assert.deepEqual(halves([4, 7, undefined]), [2, 3, NaN]));\n`,
      },
      source: 'source.js',
      test: 'a.test.js',
      changes: [['Math.floor', 'Math.round']],
    });
    expect(functions).toEqual(['half']);
    expect(calls.map((call) => call.args)).toEqual([[4], [7], [{ $: 'undefined' }]]);
    const nan = value({ $: 'number', text: 'NaN' });
    expect(results[0]).toEqual([value(2), value(3), nan]);
    expect(results[1]).toEqual([value(2), value(4), nan]);
  }, 30_000);

  test('methods are called on a copy of their object, with the other methods of the program that is watched', async () => {
    const { calls, results } = await watch({
      runner: 'node',
      files: {
        'source.js':
          'class Account {\n  constructor(cents) { this.cents = cents; }\n  fee() { return 5; }\n  take(cents) { this.cents -= cents + this.fee(); return this.cents; }\n}\nmodule.exports = { Account };\n',
        'a.test.js': `${HEAD}const { Account } = require('./source.js');\ntest('take', () => assert.equal(new Account(100).take(10), 85));\n`,
      },
      source: 'source.js',
      test: 'a.test.js',
      changes: [
        ['cents + this.fee()', 'cents'],
        ['return 5', 'return 6'],
      ],
    });
    const take = calls.findIndex((call) => call.args[0] === 10);
    expect(results.map((one) => (one[take] as { value: unknown }).value)).toEqual([85, 90, 84]);
  }, 30_000);

  test('getters are not read and proxies not looked into, and what cannot be copied is handed over as it is', async () => {
    const { calls, results } = await watch({
      runner: 'node',
      files: {
        'source.js': 'module.exports.first = (from, pick) => pick(Object.keys(from)[0] ?? "none");\n',
        'a.test.js': `${HEAD}const { first } = require('./source.js');\nlet read = 0;\nconst trap = new Proxy({ p: 1 }, { getOwnPropertyDescriptor: (t, k) => { read += 1; return Reflect.getOwnPropertyDescriptor(t, k); } });\nconst mine = { get secret() { read += 1; throw new Error('read'); } };\ntest('a getter', () => { first(mine, (one) => one); assert.equal(read, 0); });\ntest('a proxy', () => { first(trap, (one) => one + read); assert.equal(read, 1); });\n`,
      },
      source: 'source.js',
      test: 'a.test.js',
      changes: [['?? "none"', '|| "none"']],
    });
    expect(calls.length).toBe(2);
    expect(calls[0]?.args[0]).toEqual({ $: 'object', entries: [['secret', { $: 'accessor' }]] });
    expect(calls[1]?.args[0]).toMatchObject({ $: 'opaque', of: 'proxy' });
    // The object with a getter has no copy; the proxy is given on, and its trap ran once in the test and once here.
    expect(results[0]?.[0]).toEqual({ kind: 'unknown' });
    expect(results[0]?.[1]).toEqual(value('p2'));
  }, 30_000);

  test('a program that does not end on one input is stopped there, and watched on the others', async () => {
    const inputs = ['aab', 'a'.repeat(40), 'ab'];
    const { results } = await watch({
      runner: 'node',
      files: {
        'source.js': 'module.exports.tidy = (text) => /^(a|b)+$/.test(text);\n',
        'a.test.js': `${HEAD}const { tidy } = require('./source.js');\ntest('tidy', () => assert.equal(tidy('ab'), true));\n`,
      },
      source: 'source.js',
      test: 'a.test.js',
      changes: [
        ['/^(a|b)+$/.test(text)', '/^(a+)+$/.test(text + "!")'],
        ['/^(a|b)+$/.test(text)', '(() => { for (;;) { if (text.length < 9) return 1; } })()'],
      ],
      more: inputs.map((text) => ({ fn: 0, receiver: null, args: [text], failing: false })),
    });
    const kinds = (of: readonly Observed[] | undefined) => of?.map((one) => one.kind).slice(1);
    expect(kinds(results[0])).toEqual(['value', 'value', 'value']);
    expect(kinds(results[1])).toEqual(['value', 'endless', 'value']);
    expect(kinds(results[2])).toEqual(['value', 'endless', 'value']);
  }, 60_000);

  test('a call that changes its arguments shows it, and promises are waited for', async () => {
    const { results } = await watch({
      runner: 'node',
      files: {
        'source.js':
          'module.exports.add = async (list, one) => {\n  list.push(one);\n  return list.length;\n};\n',
        'a.test.js': `${HEAD}const { add } = require('./source.js');\ntest('add', async () => assert.equal(await add([1], 2), 2));\n`,
      },
      source: 'source.js',
      test: 'a.test.js',
      changes: [['list.push(one);', 'await null;']],
    });
    expect(results[0]).toEqual([{ kind: 'value', value: 2, after: [[1, 2], 2] }]);
    expect(results[1]).toEqual([value(1)]);
  }, 30_000);
});

describe('Python', () => {
  test('functions and methods are watched with tuples, sets and instances of the tree as arguments', async () => {
    const { functions, calls, results } = await watch({
      runner: 'pytest',
      files: {
        'shop.py':
          'class Cart:\n    def __init__(self, items):\n        self.items = items\n\n    def total(self, tax):\n        return _sum(self.items) * tax\n\n\ndef _sum(pairs):\n    return sum(price for _, price in pairs)\n',
        'test_shop.py':
          "from shop import Cart\n\n\ndef test_total():\n    assert Cart([('a', 2), ('b', 3.5)]).total(2) == 11.0\n",
      },
      source: 'shop.py',
      test: 'test_shop.py',
      changes: [
        ['sum(price', 'max(price'],
        ['* tax', '+ tax'],
      ],
    });
    expect(functions).toEqual(['Cart.total', '_sum']);
    expect(calls.length).toBe(2);
    const total = calls.findIndex((call) => call.fn === 0);
    const float = (text: string) => value({ $: 'float', text });
    expect(results.map((one) => one[total])).toEqual([float('11.0'), float('7.0'), float('7.5')]);
  }, 30_000);

  test('an endless program is stopped at the input, and an exit is only a result', async () => {
    const { results } = await watch({
      runner: 'pytest',
      files: {
        'a.py': 'def down(n):\n    while n > 0:\n        n -= 1\n    return n\n',
        'test_a.py': 'from a import down\n\n\ndef test_down():\n    assert down(3) == 0\n',
      },
      source: 'a.py',
      test: 'test_a.py',
      changes: [
        ['n > 0', 'n != 0'],
        ['return n', 'return __import__("os")._exit(0) if n < 0 else n'],
      ],
      more: [-2, 5].map((n) => ({ fn: 0, receiver: null, args: [n], failing: false })),
    });
    expect(results[0]?.map((one) => one.kind)).toEqual(['value', 'value', 'value']);
    expect(results[1]).toEqual([value(0), { kind: 'endless' }, value(0)]);
    expect(results[2]?.map((one) => one.kind)).toEqual(['value', 'unknown', 'value']);
  }, 30_000);
});
