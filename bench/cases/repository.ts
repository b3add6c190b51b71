// Lays a case out as a git repository with one commit, and runs its tests to see that the case is what it claims to be.
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Case } from './case.ts';

const DATE = '2025-01-01T00:00:00Z';
const TEST_SECONDS = 60;

/** Writes the case to `directory`, which must not exist, and commits it. */
export async function layOut(item: Case, directory: string): Promise<void> {
  for (const [path, text] of item.files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  await git(directory, ['init', '--quiet', '--initial-branch=main']);
  await git(directory, ['add', '--all']);
  await git(directory, ['commit', '--quiet', `--message=Case ${item.name}`]);
}

export interface CheckedCase {
  readonly buggyFails: boolean;
  readonly fixedPasses: boolean;
}

/** True for both when the tests refuse the bug and accept the reference solution. Runs them on this machine, unconfined. */
export async function checkCase(item: Case, directory: string): Promise<CheckedCase> {
  const copy = await mkdtemp(join(tmpdir(), 'cambium-case-'));
  try {
    await cp(directory, copy, { recursive: true, filter: (path) => !path.endsWith('/.git') });
    const buggyFails = !(await testsPass(item, copy));
    await writeFile(join(copy, item.fixed.path), item.fixed.text);
    return { buggyFails, fixedPasses: await testsPass(item, copy) };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function testsPass({ runner }: Case, cwd: string): Promise<boolean> {
  const [command, args] =
    runner === 'node'
      ? [process.execPath, ['--test']]
      : ['/usr/bin/python3', ['-m', 'pytest', '-q', '-p', 'no:cacheprovider']];
  return (await exitStatus(command, args, cwd)) === 0;
}

async function git(cwd: string, args: readonly string[]): Promise<void> {
  const status = await exitStatus('git', args, cwd);
  if (status !== 0) throw new Error(`git ${args.join(' ')} in ${cwd} ended with status ${status}`);
}

function exitStatus(command: string, args: readonly string[], cwd: string): Promise<number> {
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: cwd,
    PYTHONDONTWRITEBYTECODE: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Benchmark',
    GIT_AUTHOR_EMAIL: 'benchmark@example.org',
    GIT_AUTHOR_DATE: DATE,
    GIT_COMMITTER_NAME: 'Benchmark',
    GIT_COMMITTER_EMAIL: 'benchmark@example.org',
    GIT_COMMITTER_DATE: DATE,
  };
  return new Promise((resolve) => {
    // A group of its own: a test runner that is killed leaves the child with the endless loop behind.
    const child = spawn(command, [...args], { cwd, env, stdio: 'ignore', detached: true });
    const killGroup = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(killGroup, TEST_SECONDS * 1000);
    child.once('error', () => resolve(1));
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}
