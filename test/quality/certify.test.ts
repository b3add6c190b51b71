// An honest fix gets a certificate with every runner that people use; what it says can be checked and verified.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestPlan } from '#contracts/tests.ts';
import { checkCertificate } from '#quality/certificate-file.ts';
import { claim, type Files, type Laboratory, openLaboratory, planOf } from './laboratory.ts';

let laboratory: Laboratory;
beforeAll(async () => {
  laboratory = await openLaboratory();
});
afterAll(async () => {
  await laboratory[Symbol.asyncDispose]();
});

const JS_BUG = 'exports.add = (a, b) => a - b;\nexports.twice = (a) => a * 2;\n';
const JS_FIX = 'exports.add = (a, b) => a + b;\nexports.twice = (a) => a * 2;\n';
const PY_BUG = 'def add(a, b):\n    return a - b\n\n\ndef twice(a):\n    return a * 2\n';

interface Sample {
  readonly name: string;
  readonly plan: TestPlan;
  readonly base: Files;
  readonly fix: Files;
  readonly nodeModules?: boolean;
}

const SAMPLES: readonly Sample[] = [
  {
    name: 'node:test in CommonJS',
    plan: planOf('node', 'node', '--test'),
    base: {
      'package.json': '{"name":"x"}',
      'math.js': JS_BUG,
      'math.test.js': `const { test } = require('node:test');
const assert = require('node:assert');
const { add, twice } = require('./math.js');
test('adds', () => { assert.strictEqual(add(1, 2), 3); });
test('doubles', () => { assert.strictEqual(twice(2), 4); });
`,
    },
    fix: { 'math.js': JS_FIX },
  },
  {
    name: 'node:test in TypeScript modules with suites',
    plan: planOf('node', 'node', '--test', 'test/math.test.ts'),
    base: {
      'package.json': '{"name":"x","type":"module"}',
      'src/math.ts': 'export const add = (a: number, b: number): number => a - b;\n',
      'test/math.test.ts': `import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { add } from '../src/math.ts';
describe('add', () => {
  it('adds two numbers', () => { assert.equal(add(1, 2), 3); });
  it('is neutral for zero', () => { assert.ok(add(1, 0) === 1); });
});
`,
    },
    fix: { 'src/math.ts': 'export const add = (a: number, b: number): number => a + b;\n' },
  },
  {
    name: 'a plain script',
    plan: planOf('command', 'node', 'test.js'),
    base: {
      'math.js': JS_BUG,
      'test.js': `const assert = require('assert');
const { add } = require('./math.js');
const check = async () => { await null; assert(add(1, 2) === 3); };
check().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
`,
    },
    fix: { 'math.js': JS_FIX },
  },
  {
    name: 'a plain Python script',
    plan: planOf('command', 'python3', 'check.py'),
    base: {
      'math_.py': PY_BUG,
      'check.py':
        'from math_ import add\n\ndef main():\n    assert add(1, 2) == 3\n\nif __name__ == "__main__":\n    main()\n',
    },
    fix: { 'math_.py': PY_BUG.replace('a - b', 'a + b') },
  },
  {
    name: 'pytest',
    plan: planOf('pytest', 'python3', '-m', 'pytest'),
    base: {
      'sums.py': PY_BUG,
      'test_sums.py': `import pytest
from sums import add, twice

@pytest.mark.parametrize("a,b,c", [(1, 2, 3), (0, 0, 0)])
def test_add(a, b, c):
    assert add(a, b) == c

def test_twice():
    assert twice(2) == 4
`,
    },
    fix: { 'sums.py': PY_BUG.replace('a - b', 'a + b') },
  },
  {
    name: 'unittest',
    plan: planOf('unittest', 'python3', '-m', 'unittest'),
    base: {
      'sums.py': PY_BUG,
      'test_sums.py': `import unittest
from sums import add

class TestAdd(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)

if __name__ == '__main__':
    unittest.main()
`,
    },
    fix: { 'sums.py': PY_BUG.replace('a - b', 'a + b') },
  },
  {
    name: 'vitest',
    plan: planOf('vitest', 'vitest', 'run'),
    nodeModules: true,
    base: {
      'package.json': '{"name":"x","type":"module"}',
      'src/math.ts': 'export const add = (a: number, b: number): number => a - b;\n',
      'src/math.test.ts': `import { describe, expect, it } from 'vitest';
import { add } from './math.ts';
describe('add', () => {
  it('adds', () => { expect(add(1, 2)).toBe(3); });
  it('has a neutral element', () => { expect(add(1, 0)).toEqual(1); });
});
`,
    },
    fix: { 'src/math.ts': 'export const add = (a: number, b: number): number => a + b;\n' },
  },
];

const RUNNERS_OF_GLOBALS: readonly Sample[] = (['jest', 'mocha'] as const).map((runner) => ({
  name: `${runner} in a package of a repository`,
  plan: { ...planOf(runner, runner), directory: 'packages/math' },
  nodeModules: true,
  base: {
    'package.json': '{"name":"x"}',
    'packages/math/package.json': '{"name":"math"}',
    'packages/math/math.js': JS_BUG,
    'packages/math/test/math.test.js': `const assert = require('assert');
const { add } = require('../math.js');
describe('add', () => { it('adds', () => { assert.deepEqual([add(1, 2)], [3]); }); });
`,
  },
  fix: { 'packages/math/math.js': JS_FIX },
}));

test.each([...SAMPLES, ...RUNNERS_OF_GLOBALS])(
  'R41: an honest fix is certified: $name',
  async ({ plan, base, fix, nodeModules }) => {
    const repository = await laboratory.repository([base, fix], nodeModules);
    const request = await claim(laboratory, repository, { plan });
    expect(request.targets).not.toEqual([]);
    const certificate = await laboratory.certifier.certify(request);
    expect(certificate.body.reasons).toEqual([]);
    expect(certificate.body.verdict).toBe('passed');
    expect(certificate.body.fixed).toEqual([...request.targets].sort());
    expect(checkCertificate(JSON.parse(JSON.stringify(certificate)))).toEqual(certificate);
    expect(certificate.body.isolation.rung).toBe(laboratory.parts.sandbox.rung);
    expect(await laboratory.parts.workspaces.list()).toEqual([]);
    const summary = certificate.body.checks.find((check) => check.name === 'canary')?.summary;
    expect(summary).toMatch(
      /[1-9]\d* failures? planted, [1-9]\d* claimed tests? made to fail: all were reported/,
    );
  },
);

test('a file that does not load on the base is fixed when its tests run', async () => {
  const [sample] = SAMPLES;
  if (!sample) throw new Error('no sample');
  const broken = { ...sample.base, 'math.js': `${JS_BUG}\nnot JavaScript at all` };
  const repository = await laboratory.repository([broken, { 'math.js': JS_FIX }]);
  const request = await claim(laboratory, repository, { plan: sample.plan });
  expect(request.targets).toEqual(['math.test.js › (file)']);
  const certificate = await laboratory.certifier.certify(request);
  expect(certificate.body.reasons).toEqual([]);
  expect(certificate.body.fixed).toEqual(request.targets);
});

test('S28: the exit status of the build command decides, not its output', async () => {
  const [sample] = SAMPLES;
  if (!sample) throw new Error('no sample');
  const repository = await laboratory.repository([sample.base, sample.fix]);
  const request = await claim(laboratory, repository, { plan: sample.plan });
  const script = "console.log('build succeeded'); process.exit(3)";
  const failing = await laboratory.certifier.certify({ ...request, build: ['node', '-e', script] });
  expect(failing.body.verdict).toBe('refused');
  expect(failing.body.reasons).toEqual(['The build command failed (exit status 3).']);
  const sound = await laboratory.certifier.certify({ ...request, build: ['node', '-e', '0'] });
  expect(sound.body.checks.find((check) => check.name === 'build')).toMatchObject({
    exitCode: 0,
    verdict: 'passed',
  });
});

test('new tests beside the fix are fine, and changed ones only when allowed', async () => {
  const [sample] = SAMPLES;
  if (!sample) throw new Error('no sample');
  const tests = String(sample.base['math.test.js']);
  const grown = `${tests}test('adds negative numbers', () => { assert.strictEqual(add(-1, -2), -3); });\n`;
  const more = "require('node:test').test('new', () => {});\n";
  const added = await laboratory.repository([
    sample.base,
    { ...sample.fix, 'math.test.js': grown, 'more.test.js': more },
  ]);
  const request = await claim(laboratory, added, { plan: sample.plan });
  const certificate = await laboratory.certifier.certify(request);
  expect(certificate.body.reasons).toEqual([]);
  expect(certificate.body.tampering).toEqual([]);

  const changed = await laboratory.repository([
    sample.base,
    { ...sample.fix, 'math.test.js': tests.replace('2), 4', '3), 6') },
  ]);
  const second = await claim(laboratory, changed, { plan: sample.plan });
  const refused = await laboratory.certifier.certify(second);
  expect(refused.body.tampering).toMatchObject([{ kind: 'edited', file: 'math.test.js' }]);
  expect(refused.body.verdict).toBe('refused');
  const allowed = await laboratory.certifier.certify({ ...second, allowTestChanges: true });
  expect(allowed.body).toMatchObject({ verdict: 'passed', tamperingAllowed: true });
  expect(allowed.body.tampering).toHaveLength(1);
});
