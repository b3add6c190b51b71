// The main job through the real command line: repositories that fail go in, proven fixes come out, nothing else moves.
import { execFile } from 'node:child_process';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliHome, openCliHome } from '../support/cli.ts';
import { BROKEN_MAX, layOut, scribble } from '../support/repository.ts';

let cli: CliHome;

beforeAll(async () => {
  cli = await openCliHome();
});
afterAll(() => cli[Symbol.asyncDispose]());

async function git(directory: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', directory, ...args]);
  return stdout.trim();
}

describe('a repository with a mistake', () => {
  test('S1, S27, R41: is registered, repaired, proven on a branch, and the checkout stays as it was', async () => {
    const path = await layOut(join(cli.scratch, 'largest'), BROKEN_MAX);
    const before = await readFile(join(path, '.git', 'index'));
    const { exit, stdout, stderr } = await cli.run(['solve', path, '--json']);
    expect(stderr).toContain('step=verify');
    expect(exit).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      outcome: 'fixed',
      testsBefore: { passed: 2, failed: 2 },
      testsAfter: { passed: 4, failed: 0 },
      branch: expect.stringMatching(/^cambium\/TKT-\d+$/),
      certificate: { verdict: 'passed' },
    });
    expect(report.diff).toContain('-    if (number < best) best = number;');
    expect(await git(path, 'rev-parse', report.branch)).toBe(report.commit);
    expect(await git(path, 'log', '-1', '--format=%B', report.branch)).toMatch(/Cambium-Run: RUN-\d+/);
    expect(await git(path, 'status', '--porcelain')).toBe('');
    expect(await git(path, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('main');
    expect(await readFile(join(path, '.git', 'index'))).toEqual(before);
    expect(await git(path, 'worktree', 'list', '--porcelain')).not.toContain('prunable');
  });

  test('its proof is confirmed by a second run of the checks, and by the file alone', async () => {
    const path = await layOut(join(cli.scratch, 'twice'), BROKEN_MAX);
    const report = JSON.parse((await cli.run(['solve', path, '--json'])).stdout);
    expect((await cli.run(['verify', report.ticket])).exit).toBe(0);
    expect((await cli.run(['verify', report.certificate.path, '--repository', path])).exit).toBe(0);
    const forged = JSON.parse(await readFile(report.certificate.path, 'utf8'));
    forged.body.tests[0].commit = 'passed';
    forged.body.fixed.push('something else');
    await scribble(cli.scratch, { 'forged.json': JSON.stringify(forged) });
    const refused = await cli.run(['verify', join(cli.scratch, 'forged.json'), '--repository', path]);
    expect(refused.exit).toBe(7);
    expect(refused.stderr).toContain('changed after it was made');
  });

  test('a checkout with uncommitted changes is worked beside, and the report says so', async () => {
    const path = await layOut(join(cli.scratch, 'dirty'), BROKEN_MAX);
    await scribble(path, { 'src/largest.js': 'syntax error in progress (', 'new.txt': 'mine' });
    const { exit, stdout } = await cli.run(['solve', '--json'], { cwd: path });
    expect(exit).toBe(0);
    expect(JSON.parse(stdout).notes.join()).toContain('uncommitted changes');
    expect(await readFile(join(path, 'src/largest.js'), 'utf8')).toBe('syntax error in progress (');
    expect(await readFile(join(path, 'new.txt'), 'utf8')).toBe('mine');
  });

  test('a path with spaces, reached through a link, from a folder inside the repository', async () => {
    const path = await layOut(join(cli.scratch, 'a path with spaces and ünï'), BROKEN_MAX);
    await symlink(path, join(cli.scratch, 'link'));
    const { exit, stdout } = await cli.run([
      'solve',
      join(cli.scratch, 'link', 'src'),
      '--test',
      'node --test',
      '--json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'fixed' });
    expect(exit).toBe(0);
  });

  test('R38: a fault that loops for ever is stopped at the time limit, mended and proven', {
    timeout: 180_000,
  }, async () => {
    const path = await layOut(join(cli.scratch, 'endless'), {
      ...BROKEN_MAX,
      'src/largest.js': `export function largest(numbers) {
  if (numbers.length === 0) return null;
  let best = numbers[0];
  for (let i = 1; i < numbers.length; i -= 1) {
    if (numbers[i] > best) best = numbers[i];
  }
  return best;
}
`,
    });
    const env = { CAMBIUM_SANDBOX__LIMITS__WALL_MS: '6000' };
    const { exit, stdout } = await cli.run(['solve', path, '--json'], { env });
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'fixed', testsAfter: { passed: 4, failed: 0 } });
    expect(exit).toBe(0);
  });

  test('S28: a TypeScript package that is built before its tests', async () => {
    const path = await layOut(join(cli.scratch, 'built'), {
      'package.json': JSON.stringify({
        name: 'clamp',
        type: 'module',
        scripts: { pretest: 'tsc -p .', test: 'node --test dist/test/*.test.js' },
      }),
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          outDir: 'dist',
          rootDir: '.',
          module: 'nodenext',
          target: 'es2022',
          types: [],
          noCheck: true,
        },
        include: ['src', 'test'],
      }),
      '.gitignore': 'node_modules\ndist\n',
      'src/clamp.ts': `export function clamp(value: number, low: number, high: number): number {
  if (value < low) return low;
  if (value > high) return low;
  return value;
}
`,
      'test/clamp.test.ts': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clamp } from '../src/clamp.js';
test('below', () => assert.equal(clamp(1, 2, 3), 2));
test('above', () => assert.equal(clamp(5, 2, 3), 3));
test('between', () => assert.equal(clamp(2.5, 2, 3), 2.5));
`,
    });
    await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(path, 'node_modules'));
    const { exit, stdout } = await cli.run(['solve', path, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'fixed', certificate: { verdict: 'passed' } });
    expect(exit).toBe(0);
  });

  test('two at once on one repository and one data directory: two tickets, two branches, two proofs', async () => {
    const path = await layOut(join(cli.scratch, 'both'), BROKEN_MAX);
    const reports = (await Promise.all([1, 2].map(() => cli.run(['solve', path, '--json'])))).map((each) =>
      JSON.parse(each.stdout),
    );
    expect(reports.map((each) => each.outcome)).toEqual(['fixed', 'fixed']);
    expect(new Set(reports.map((each) => each.branch)).size).toBe(2);
    expect(new Set(reports.map((each) => each.ticket)).size).toBe(2);
  });
});

describe('interruptions', () => {
  test('R5, R6: a closed terminal pauses the run, and resume ends it with the same proof', async () => {
    const path = await layOut(join(cli.scratch, 'hangup'), BROKEN_MAX);
    const run = cli.start(['solve', path, '--json']);
    await run.said(/step=code/);
    run.child.kill('SIGHUP');
    const paused = await run.done;
    expect(paused.exit).toBe(143);
    const report = JSON.parse(paused.stdout);
    expect(report.outcome).toBe('paused');
    expect(report.next[0].command).toBe(`cambium run resume ${report.run}`);
    const resumed = await cli.run(['run', 'resume', report.run, '--json']);
    expect(resumed.exit).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({
      outcome: 'fixed',
      certificate: { verdict: 'passed' },
    });
  });

  test('R4, R5: a killed process loses nothing; resume takes the run over at its step', async () => {
    const path = await layOut(join(cli.scratch, 'killed'), BROKEN_MAX);
    const run = cli.start(['solve', path]);
    await run.said(/step=test/);
    run.child.kill('SIGKILL');
    await run.done;
    const [line] = (await cli.run(['run', 'list', '--limit', '1', '--json'])).stdout
      ? [JSON.parse((await cli.run(['run', 'list', '--limit', '1', '--json'])).stdout).runs[0]]
      : [];
    const resumed = await cli.run(['run', 'resume', line.key, '--json']);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ outcome: 'fixed' });
    expect(resumed.stderr.match(/step=code/g) ?? []).toHaveLength(0);
    const doctor = JSON.parse((await cli.run(['doctor', '--fix', '--json'])).stdout);
    expect(doctor.checks.find((each: { name: string }) => each.name === 'leftovers').status).toBe('ok');
  });

  test('R6: a run is cancelled from another terminal, and nothing of it stays', async () => {
    const path = await layOut(join(cli.scratch, 'cancelled'), {
      ...BROKEN_MAX,
      'test/slow.test.js': `import { test } from 'node:test';\ntest('takes its time', () => new Promise((resolve) => setTimeout(resolve, 20000)));\n`,
    });
    const run = cli.start(['solve', path, '--json']);
    await run.said(/step=plan/);
    const key = JSON.parse((await cli.run(['run', 'list', '--limit', '1', '--json'])).stdout).runs[0].key;
    expect((await cli.run(['run', 'cancel', key])).exit).toBe(0);
    const ended = await run.done;
    expect(ended.exit).toBe(1);
    expect(JSON.parse(ended.stdout).outcome).toBe('cancelled');
    expect(await git(path, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
  });

  test('R1: with --review the change waits for a person, and goes on by their word', async () => {
    const path = await layOut(join(cli.scratch, 'reviewed'), BROKEN_MAX);
    const waiting = await cli.run(['solve', path, '--review', '--json']);
    expect(waiting.exit).toBe(5);
    const { run } = JSON.parse(waiting.stdout);
    const approved = await cli.run(['run', 'approve', run, '--json']);
    expect(approved.exit).toBe(0);
    expect(JSON.parse(approved.stdout).outcome).toBe('fixed');
  });
});

test('S1, S27, R41: a Ruby repository is repaired and certified as any other', async () => {
  const path = await layOut(join(cli.scratch, 'ruby'), {
    'lib/largest.rb': `def largest(numbers)
  return nil if numbers.empty?

  best = numbers.first
  numbers.each { |number| best = number if number < best }
  best
end
`,
    'test/largest_test.rb': `require 'minitest/autorun'
require 'largest'

class LargestTest < Minitest::Test
  def test_nothing
    assert_nil largest([])
  end

  def test_anywhere
    assert_equal 5, largest([1, 5, 3])
    assert_equal 7, largest([7, 5, 3])
  end
end
`,
  });
  const { exit, stdout } = await cli.run(['solve', path, '--json']);
  expect(exit).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ outcome: 'fixed', certificate: { verdict: 'passed' } });
  expect(report.diff).toMatch(/\+ .*number > best/);
  expect((await cli.run(['verify', report.ticket])).exit).toBe(0);
});
