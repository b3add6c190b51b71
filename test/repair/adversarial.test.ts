// Repositories that make it hard: tests that exit, depend on order or time, write files, hang or are very many; sources that
// see the harness, are huge, are no text or lie outside. In the sandbox, as a run of the product has it.
import { describe, expect, test } from 'vitest';
import { type Layout, type Repaired, repair } from './laid-out.ts';

const SLOW = { timeout: 120_000 };

/** A package with one faulty source and one test file of node:test. */
function withTests(source: string, tests: string, more: Partial<Layout> = {}): Layout {
  return {
    language: 'javascript',
    plan: { runner: 'node', argv: ['node', '--test'] },
    rung: 'bwrap',
    sourceFiles: ['src/source.js'],
    budget: { wallMs: 30_000 },
    ...more,
    files: {
      'package.json': '{ "type": "commonjs" }\n',
      'src/source.js': source,
      'test/source.test.js': `const assert = require('node:assert');\nconst { test } = require('node:test');\n${tests}`,
      ...more.files,
    },
  };
}

function mended(result: Repaired): string {
  expect(result.outcome.notes.join('; ')).not.toContain('did not reproduce');
  expect(result.outcome.ending).toBe('found');
  return result.fixed('src/source.js');
}

describe('tests', () => {
  test('that a change makes exit early are not passed by it', SLOW, async () => {
    const result = await repair(
      withTests(
        'exports.double = (n) => {\n  if (n < 0) process.exit(0);\n  return n * 2 + 1;\n};\n',
        "const { double } = require('../src/source.js');\ntest('doubles', () => {\n  assert.equal(double(3), 6);\n  assert.equal(double(4), 8);\n});\n",
      ),
    );
    expect(mended(result)).toContain('if (n < 0) process.exit(0);');
    for (const { edits } of result.outcome.candidates)
      expect(edits.some((edit) => edit.start < 'exports.double = (n) => {\n  if (n < 0)'.length)).toBe(false);
  });

  test('that only pass after one another are judged in their order', SLOW, async () => {
    const result = await repair(
      withTests(
        'const stock = [];\nexports.put = (one) => stock.push(one);\nexports.last = () => stock[stock.length];\n',
        "const shop = require('../src/source.js');\ntest('puts', () => assert.equal(shop.put('a'), 1));\ntest('puts more', () => assert.equal(shop.put('b'), 2));\ntest('gives the last', () => assert.equal(shop.last(), 'b'));\n",
      ),
    );
    expect(mended(result)).toMatch(/stock\[stock\.length - 1\]|stock\.at\(-1\)/);
  });

  test('that look at the clock are judged as they are', SLOW, async () => {
    const result = await repair(
      withTests(
        'exports.isOver = (end, now = Date.now()) => now < end;\n',
        "const { isOver } = require('../src/source.js');\ntest('is over', () => assert.equal(isOver(Date.now() - 1000), true));\ntest('is not', () => assert.equal(isOver(Date.now() + 60000), false));\n",
      ),
    );
    expect(mended(result)).toMatch(/now >=? end/);
  });

  test('that write files leave none behind, and find none of an earlier candidate', SLOW, async () => {
    const result = await repair(
      withTests(
        "const fs = require('node:fs');\nexports.save = (name, text) => {\n  if (fs.existsSync(name)) throw new Error('is there already');\n  fs.writeFileSync(name, text + text);\n  return fs.readFileSync(name, 'utf8');\n};\n",
        "const { save } = require('../src/source.js');\nconst fs = require('node:fs');\ntest('saves', (t) => {\n  t.after(() => fs.rmSync('saved.txt', { force: true }));\n  assert.equal(save('saved.txt', 'ab'), 'ab');\n});\n",
      ),
    );
    expect(mended(result)).toMatch(/writeFileSync\(name, text\)/);
  });

  test('that hang with some changes do not keep the search from the others', SLOW, async () => {
    const result = await repair(
      withTests(
        'exports.count = (n) => {\n  let found = 0;\n  let i = 1;\n  while (i < n) {\n    found += 1;\n    i += 1;\n  }\n  return found;\n};\n',
        "const { count } = require('../src/source.js');\ntest('counts', () => {\n  assert.equal(count(5), 5);\n  assert.equal(count(0), 0);\n  assert.equal(count(1), 1);\n});\n",
      ),
    );
    expect(mended(result)).toMatch(/i <= n|let i = 0|n >= i/);
  });

  test('with ten thousand assertions are judged within the budget', SLOW, async () => {
    const result = await repair(
      withTests(
        'exports.clamp = (n, low, high) => Math.max(low, Math.max(n, high));\n',
        "const { clamp } = require('../src/source.js');\ntest('clamps', () => {\n  for (let n = -5000; n < 5000; n += 1) {\n    assert.equal(clamp(n, -10, 10), n < -10 ? -10 : n > 10 ? 10 : n);\n  }\n});\n",
      ),
    );
    expect(mended(result)).toMatch(/Math\.min\(n, high\)|Math\.min\(high, n\)/);
  });

  test('that change what all programs share do not reach the next candidate', SLOW, async () => {
    const result = await repair(
      withTests(
        "exports.sum = (list) => {\n  globalThis.calls = (globalThis.calls ?? 0) + 1;\n  if (globalThis.calls > 1) return Number.NaN;\n  Array.prototype.extra = 'leaked';\n  let all = 1;\n  for (const one of list) all += one;\n  return all;\n};\n",
        "const { sum } = require('../src/source.js');\ntest('sums', () => assert.equal(sum([1, 2, 3]), 6));\n",
      ),
    );
    expect(mended(result)).toMatch(/let all = 0|return all - 1/);
  });
});

describe('sources', () => {
  test.each([
    ['its tick', "typeof globalThis.__cambiumTick !== 'undefined'"],
    ['its arguments', "process.argv.join(' ').includes('cambium')"],
    ['its environment', "JSON.stringify(process.env).includes('ambium')"],
  ])('that see the harness by %s and behave there get no false fix', SLOW, async (_what, seen) => {
    const layout = withTests(
      `const seen = ${seen};\nexports.next = (n) => (seen ? n + 1 : n - 1);\n`,
      "const { next } = require('../src/source.js');\ntest('next', () => {\n  assert.equal(next(1), 2);\n  assert.equal(next(7), 8);\n});\n",
    );
    const { outcome, fixed } = await repair(layout);
    const first = outcome.candidates[0];
    expect(outcome.ending === 'found' || first === undefined).toBe(true);
    if (first === undefined) return;
    // What is proposed holds where nothing of the harness is: in a program of its own.
    const again = await repair({
      ...layout,
      files: { ...layout.files, 'src/source.js': fixed('src/source.js') },
    });
    expect(again.failingAtFirst).toBe(0);
  });

  test('that are huge, or no text, or outside the tree are left alone, and said to be', SLOW, async () => {
    const result = await repair(
      withTests(
        'exports.half = (n) => n * 2;\n',
        "const { half } = require('../src/source.js');\nrequire('../src/huge.js');\ntest('halves', () => {\n  assert.equal(half(4), 2);\n  assert.equal(half(10), 5);\n});\n",
        {
          sourceFiles: [
            'src/source.js',
            'src/huge.js',
            'src/latin.js',
            '../outside.js',
            '/etc/hostname.js',
            'src/gone.js',
          ],
          files: {
            'src/huge.js': `// ${'x'.repeat(700_000)}\nexports.huge = 1;\n`,
            'src/latin.js': new Uint8Array([0x2f, 0x2f, 0x20, 0xe9, 0xff, 0x0a]),
          },
        },
      ),
    );
    expect(mended(result)).toContain('n / 2');
    const notes = result.outcome.notes.join('\n');
    expect(notes).toContain('src/huge.js is left as it is');
    expect(notes).toContain('src/latin.js is left as it is');
    expect(notes).not.toContain('outside');
  });

  test('whose failing path could be deleted get another fix first, where there is one', SLOW, async () => {
    const result = await repair(
      withTests(
        "exports.age = (n) => {\n  if (n < 0) throw new RangeError('below zero');\n  if (n > 100) throw new RangeError('too old');\n  return n;\n};\n",
        "const { age } = require('../src/source.js');\ntest('takes very old people', () => assert.equal(age(101), 101));\ntest('takes the young', () => assert.equal(age(3), 3));\ntest('no ghosts', () => assert.throws(() => age(-1), RangeError));\n",
      ),
    );
    const text = mended(result);
    expect(text).toContain('too old');
    expect(text).toMatch(/if \(/g);
    expect(result.outcome.candidates[0]?.template).not.toMatch(/delete|condition-constant/);
  });
});
