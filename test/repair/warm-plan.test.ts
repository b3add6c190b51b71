// Which test plans a warm process may stand in for.
import { expect, test } from 'vitest';
import type { TestPlan, TestResult } from '#contracts/tests.ts';
import { warmPlanOf } from '#repair/warm-plan.ts';

const workspace = {
  root: '/nowhere',
  mounts: [],
  read: async () => JSON.stringify({ scripts: { test: 'node check.js' } }),
};
const failing: TestResult = {
  id: 'a.test.js › x',
  file: 'a.test.js',
  name: 'x',
  status: 'failed',
  durationMs: 1,
  message: null,
};

const plan = (runner: TestPlan['runner'], ...argv: string[]): TestPlan => ({
  runner,
  argv,
  directory: '.',
  origin: 'test',
});

test.each([
  [plan('node', 'node', '--test'), 'javascript'],
  [plan('mocha', 'mocha'), 'javascript'],
  [plan('vitest', 'vitest', 'run', '--typecheck'), 'javascript'],
  [plan('jest', 'env', 'CI=1', 'jest', '--ci'), 'javascript'],
  [plan('pytest', 'pytest'), 'python'],
  [plan('command', 'npm', 'test'), 'javascript'],
  [plan('command', 'python3', 'check.py'), 'python'],
])('%o runs warm', async (given, family) => {
  expect(await warmPlanOf(given, [failing], workspace)).toMatchObject({ plan: { family }, reason: null });
});

test('a build before the tests is left out, and told; files with failing tests come first', async () => {
  const build = ['sh', '-c', 'tsc -p . && exec "$@"', 'sh'];
  const passing: TestResult = { ...failing, file: '0.test.js', status: 'passed' };
  const tests = [passing, failing];
  const found = await warmPlanOf(plan('vitest', ...build, 'vitest', 'run', '--typecheck'), tests, workspace);
  expect(found.plan).toMatchObject({
    afterBuild: true,
    failingEntries: 1,
    entries: [{ file: 'a.test.js' }, { file: '0.test.js' }],
    options: ['run', '--typecheck'],
  });
  expect((await warmPlanOf(plan('vitest', 'vitest', 'run'), tests, workspace)).plan?.afterBuild).toBe(false);
});

test.each([
  ['a shell without a runner after it', plan('node', 'sh', '-c', 'tsc -p . && node --test dist/')],
  ['options before the script', plan('command', 'node', '--import', './setup.js', 'check.js')],
  ['a command that is no interpreter', plan('command', 'make', 'test')],
])('%s is left to the real command', async (_why, given) => {
  expect(await warmPlanOf(given, [failing], workspace)).toMatchObject({
    plan: null,
    reason: expect.any(String),
  });
});
