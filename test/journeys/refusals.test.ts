// Bad input through the real command line: each ends in one clear message with what to do next, and leaves nothing behind.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliHome, type CliResult, openCliHome } from '../support/cli.ts';
import { BROKEN_MAX, type Files, layOut } from '../support/repository.ts';

let cli: CliHome;

beforeAll(async () => {
  cli = await openCliHome();
});
afterAll(async () => {
  const doctor = JSON.parse((await cli.run(['doctor', '--json'])).stdout);
  expect(doctor.checks.find((each: { name: string }) => each.name === 'leftovers')).toMatchObject({
    status: 'ok',
  });
  await cli[Symbol.asyncDispose]();
});

function expectRefusal(result: CliResult, exit: number, message: RegExp): void {
  expect({ exit: result.exit, stderr: result.stderr }).toEqual({
    exit,
    stderr: expect.stringMatching(message),
  });
  expect(result.stderr).toMatch(/^next: .+$/m);
  expect(result.stderr).not.toContain('unexpected');
}

async function solve(name: string, files: Files, ...args: string[]): Promise<CliResult> {
  return cli.run(['solve', await layOut(join(cli.scratch, name), files), ...args]);
}

describe('before a run begins', () => {
  test('a folder that is no repository, and one that is not there', async () => {
    await mkdir(join(cli.scratch, 'plain'));
    expectRefusal(await cli.run(['solve', join(cli.scratch, 'plain')]), 2, /is not inside a git repository/);
    expectRefusal(await cli.run(['solve', join(cli.scratch, 'nowhere')]), 2, /nowhere/);
  });

  test('a base that names no commit', async () => {
    expectRefusal(await solve('base', BROKEN_MAX, '--base', 'no-such-thing'), 2, /no-such-thing/);
  });

  test('R41: a repository without tests, and one in a language that is not repaired yet', async () => {
    expectRefusal(await solve('testless', { 'src/a.js': 'export const a = 1;\n' }), 2, /test/);
    const go = { 'go.mod': 'module x\n', 'main.go': 'package main\n', 'main_test.go': 'package main\n' };
    expectRefusal(await solve('go', go), 2, /Go/);
  });

  test('S9: a mistake in the configuration is named with file, line and column', async () => {
    const files = { ...BROKEN_MAX, '.cambium/config.yaml': 'solve:\n  limits:\n    atempts: 3\n' };
    expectRefusal(
      await solve('configured', files),
      3,
      /config\.yaml:3:5 .*did you mean "solve\.limits\.attempts"/,
    );
  });

  test('S25: without isolation foreign code does not run, and a repository cannot decide that it may', async () => {
    const files = { ...BROKEN_MAX, '.cambium/config.yaml': 'sandbox:\n  isolation: none\n' };
    expectRefusal(await solve('escaping', files), 3, /may not be set by a repository/);
  });
});

describe('when the tests run', () => {
  test('they pass already: nothing to change, exit status 8', async () => {
    const files = {
      ...BROKEN_MAX,
      'src/largest.js': 'export const largest = (all) => (all.length ? Math.max(...all) : null);\n',
    };
    const { exit, stdout } = await solve('green', files, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'no-change', branch: null });
    expect(exit).toBe(8);
  });

  test('they cannot start: the reason and the next step are said', async () => {
    const { exit, stdout } = await solve(
      'unstartable',
      BROKEN_MAX,
      '--test',
      'no-such-runner --all',
      '--json',
    );
    const report = JSON.parse(stdout);
    expect(exit).toBe(7);
    expect(report.outcome).toBe('failed');
    expect(report.reason).toContain('no-such-runner');
    expect(report.next.length).toBeGreaterThan(0);
  });

  test('a test hangs whatever the code does: it ends at its time limit, and the run says what never ended', async () => {
    const files = {
      ...BROKEN_MAX,
      'test/hang.test.js': `import { test } from 'node:test';\ntest('hangs', () => { for (;;); });\n`,
    };
    const env = { CAMBIUM_SANDBOX__LIMITS__WALL_MS: '3000', CAMBIUM_SOLVE__ATTEMPT_MS: '8000' };
    const path = await layOut(join(cli.scratch, 'hanging'), files);
    const { exit, stdout } = await cli.run(['solve', path, '--json'], { env });
    expect(exit).not.toBe(0);
    const report = JSON.parse(stdout);
    expect(report.outcome).not.toBe('fixed');
    expect(report.certificate?.verdict ?? 'refused').toBe('refused');
    const logs = await cli.run(['run', 'logs', report.run]);
    expect(logs.stdout).toMatch(/timed-out/);
  });

  test('output with control characters, five megabytes in a line and bytes that are no text harms nobody', async () => {
    const files: Files = {
      ...BROKEN_MAX,
      'src/blob.js': new Uint8Array([0x2f, 0x2f, 0x20, 0xff, 0xfe, 0xc3, 0x28, 0x0a]),
      'test/loud.test.js': `import { test } from 'node:test';
test('shouts', () => {
  process.stdout.write('\\u001b[2J\\u001b]0;owned\\u0007' + 'x'.repeat(5 * 1024 * 1024) + '\\n');
});
`,
    };
    const { exit, stdout, stderr } = await solve('loud', files, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'fixed' });
    expect(exit).toBe(0);
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  });

  test('R3: no small edit helps: the run ends as not solved, with the ranking and what was tried', async () => {
    const files = {
      ...BROKEN_MAX,
      'test/largest.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largest } from '../src/largest.js';
test('speaks every language', () => assert.equal(largest([3]), 'trois, drei, három'));
`,
    };
    const path = await layOut(join(cli.scratch, 'hopeless'), files);
    const { exit, stdout } = await cli.run(['solve', path, '--json'], {
      env: { CAMBIUM_SOLVE__ATTEMPT_MS: '4000' },
    });
    const report = JSON.parse(stdout);
    expect(exit).toBe(1);
    expect(report).toMatchObject({ outcome: 'failed', branch: null, certificate: null });
    const faults = await cli.run(['run', 'show', report.run, '--faults']);
    expect(faults.stdout).toContain('src/largest.js:');
    expect(faults.stdout).toContain('Tried, by family');
  });
});
