// The engine on JavaScript and TypeScript repositories: real files, real runners, a real sandbox process.
import { expect, test } from 'vitest';
import { repair } from './laid-out.ts';

const SCRIPT = { runner: 'command', argv: ['node', 'test.js'] } as const;

test('a plain script: the wrong operator is found, and the tree is left as it was', {
  timeout: 60_000,
}, async () => {
  const source =
    'module.exports.biggest = (list) => {\n  let best = list[0];\n  for (const x of list) {\n    if (x < best) best = x;\n  }\n  return best;\n};\n';
  const { outcome, fixed, after, progress } = await repair({
    language: 'javascript',
    plan: SCRIPT,
    files: {
      'source.js': source,
      'test.js':
        "const assert = require('node:assert');\nconst { biggest } = require('./source.js');\nassert.equal(biggest([1, 5, 3]), 5);\nassert.equal(biggest([-1, -5]), -1);\nassert.equal(biggest([4]), 4);\n",
    },
    sourceFiles: ['source.js'],
  });
  expect(outcome.ending).toBe('found');
  expect(outcome.validation).toBe('warm');
  expect(fixed('source.js')).toMatch(/x >=? best/);
  expect(outcome.candidates[0]?.reason).toMatch(/^In source\.js, line 4: replace < by >/);
  expect(after.get('source.js')).toBe(source);
  expect(outcome.suspects[0]).toMatchObject({ file: 'source.js', suspicion: 1 });
  expect(progress.map((one) => one.phase)).toContain('searching');
});

const LIBRARY = {
  'package.json': '{"type":"module"}',
  'src/money.ts':
    'export interface Price { readonly cents: number }\nexport function add(a: Price, b: Price): Price {\n  return { cents: a.cents + b.cents };\n}\n',
  'src/cart.ts':
    "import { add, type Price } from './money.ts';\nexport function total(prices: readonly Price[]): Price {\n  let sum: Price = { cents: 0 };\n  for (let i = 1; i < prices.length; i += 1) {\n    const price = prices[i];\n    if (price !== undefined) sum = add(sum, price);\n  }\n  return sum;\n}\nexport function isFree(prices: readonly Price[]): boolean {\n  return prices.length === 0;\n}\n",
  'test/cart.test.ts':
    "import assert from 'node:assert';\nimport { describe, test } from 'node:test';\nimport { isFree, total } from '../src/cart.ts';\ndescribe('cart', () => {\n  test('adds every price', () => assert.deepEqual(total([{ cents: 5 }, { cents: 7 }]), { cents: 12 }));\n  test('one price', () => assert.deepEqual(total([{ cents: 5 }]), { cents: 5 }));\n  test('nothing is free', async () => assert.equal(isFree([]), true));\n});\n",
  'test/money.test.ts':
    "import assert from 'node:assert';\nimport test from 'node:test';\nimport { add } from '../src/money.ts';\ntest('adds', () => assert.deepEqual(add({ cents: 1 }, { cents: 2 }), { cents: 3 }));\n",
};

test('a TypeScript library under node:test: the faulty file and loop are ranked first and mended', {
  timeout: 60_000,
}, async () => {
  const { outcome, fixed } = await repair({
    language: 'typescript',
    plan: { runner: 'node', argv: ['node', '--test'] },
    files: LIBRARY,
    sourceFiles: ['src/cart.ts', 'src/money.ts'],
  });
  expect(outcome.validation).toBe('warm');
  expect(outcome.suspects[0]?.file).toBe('src/cart.ts');
  expect(fixed('src/cart.ts')).toContain('let i = 0;');
});

test('the same request gives the same candidates in the same order', { timeout: 90_000 }, async () => {
  const request = {
    language: 'typescript',
    plan: { runner: 'node', argv: ['node', '--test'] },
    files: LIBRARY,
    sourceFiles: ['src/cart.ts', 'src/money.ts'],
  } as const;
  const [first, second] = [await repair(request), await repair(request)];
  expect(second.outcome.candidates).toEqual(first.outcome.candidates);
  expect(second.outcome.tried).toBe(first.outcome.tried);
  const taken = first.outcome.candidates[0]?.digest ?? '';
  const third = await repair({ ...request, exclude: new Set([taken]) });
  expect(third.outcome.candidates.map((one) => one.digest)).not.toContain(taken);
});

test('candidates that loop, exit, flood the console or leave state in globals and files spoil nothing', {
  timeout: 90_000,
}, async () => {
  const { outcome, fixed } = await repair({
    language: 'javascript',
    plan: SCRIPT,
    files: {
      'source.js': `const fs = require('node:fs');
function steps(n) {
  globalThis.calls = (globalThis.calls ?? 0) + 1;
  if (globalThis.calls > 3) return -1;
  if (fs.existsSync('trace.txt')) return -2;
  fs.writeFileSync('trace.txt', 'x');
  console.log('x'.repeat(100000));
  let count = 0;
  while (n > 1) {
    n = n % 2 === 0 ? n / 2 : 3 * n - 1;
    count += 1;
  }
  if (count > 1000) process.exit(0);
  fs.unlinkSync('trace.txt');
  return count;
}
module.exports = { steps };
`,
      'test.js':
        "const assert = require('node:assert');\nconst { steps } = require('./source.js');\nassert.equal(steps(1), 0);\nassert.equal(steps(8), 3);\nassert.equal(steps(6), 8);\n",
    },
    sourceFiles: ['source.js'],
    budget: { wallMs: 12_000 },
  });
  expect(outcome.ending).toBe('found');
  expect(fixed('source.js')).toContain('3 * n + 1');
});

test('no fix in reach: exhausted, with the ranking, the count by template and the nearest misses', {
  timeout: 90_000,
}, async () => {
  const { outcome } = await repair({
    language: 'javascript',
    plan: { runner: 'node', argv: ['node', '--test'] },
    files: {
      'source.js': 'module.exports.name = (n) => {\n  return n;\n};\n',
      'a.test.js':
        "const test = require('node:test');\nconst assert = require('node:assert');\nconst { name } = require('./source.js');\ntest('seven', () => assert.equal(name(7), 'sept huit neuf'));\ntest('one', () => assert.equal(name(41), '1'));\ntest('two', () => assert.equal(name(2), 2));\n",
    },
    sourceFiles: ['source.js'],
  });
  expect(outcome.ending).toBe('exhausted');
  expect(outcome.candidates).toEqual([]);
  expect(outcome.suspects[0]).toMatchObject({ file: 'source.js', line: 2 });
  expect(Object.values(outcome.triedByTemplate).reduce((a, b) => a + b, 0)).toBe(outcome.tried);
});

test('a file that is not UTF-8 is never edited, and that is said', { timeout: 60_000 }, async () => {
  const { outcome } = await repair({
    language: 'javascript',
    plan: SCRIPT,
    files: {
      'source.js': Buffer.from('module.exports.two = () => 3; // \xe9\n', 'latin1'),
      'test.js': "require('node:assert').equal(require('./source.js').two(), 2);\n",
    },
    sourceFiles: ['source.js'],
  });
  expect(outcome.ending).toBe('exhausted');
  expect(outcome.notes.join()).toContain('source.js is left as it is');
});

test('bounds are kept and named: candidates, wall time, cancellation within a second', {
  timeout: 90_000,
}, async () => {
  const layout = {
    language: 'javascript',
    plan: SCRIPT,
    files: {
      'source.js':
        'module.exports.f = (a, b, c) => {\n  const d = a * b + c;\n  if (d > a) return d - b;\n  return [a, b, c, d].map((x) => x + d);\n};\n',
      'test.js': "require('node:assert').equal(require('./source.js').f(1, 2, 3), 'nothing like it');\n",
    },
    sourceFiles: ['source.js'],
  } as const;
  const few = await repair({ ...layout, budget: { candidates: 30 } });
  expect(few.outcome).toMatchObject({ ending: 'candidate-limit', tried: 30 });
  const short = await repair({ ...layout, budget: { wallMs: 1_000 } });
  expect(short.outcome.ending).toBe('wall-limit');
  const stopper = new AbortController();
  stopper.abort();
  const cancelled = await repair(layout, stopper.signal);
  expect(cancelled.outcome.ending).toBe('cancelled');
});

const BUILT = {
  'package.json': '{"type":"module"}',
  'src/last.js': 'export function last(list) {\n  return list[list.length];\n}\n',
};

test.each([
  ['src', 'warm'],
  ['dist', 'command'],
])(
  'tests behind a build that import from %s are judged by way of: %s',
  {
    timeout: 60_000,
  },
  async (folder, way) => {
    const build = 'mkdir -p dist && cp src/last.js dist/ && exec "$@"';
    const { outcome, fixed } = await repair({
      language: 'javascript',
      plan: { runner: 'node', argv: ['sh', '-c', build, 'sh', 'node', '--test'] },
      files: {
        ...BUILT,
        'test/last.test.js': `import assert from 'node:assert';\nimport test from 'node:test';\nimport { last } from '../${folder}/last.js';\ntest('last', () => assert.equal(last([1, 2]), 2));\n`,
      },
      sourceFiles: ['src/last.js'],
      budget: { candidates: way === 'warm' ? 2_000 : 1 },
    });
    expect(outcome.validation).toBe(way);
    if (way === 'warm') expect(fixed('src/last.js')).toMatch(/list\.length - 1|list\.at\(-1\)/);
  },
);
