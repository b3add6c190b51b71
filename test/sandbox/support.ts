// Shared ground for the sandbox's tests: places that an unprivileged identity reaches, and real sandboxes on them.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CommandResult, IsolationRung } from '#contracts/command.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createGit } from '#sandbox/git.ts';
import { createSandbox, type Sandbox, type SandboxCommand } from '#sandbox/runner.ts';
import { sandboxUser } from '#sandbox/user.ts';
import { createWorkspaces, type Workspaces } from '#sandbox/workspace.ts';

export const clock = createSystemClock();
export const log = createLog({ level: 'silent' });
export const git = createGit({ log });
export const user = sandboxUser();

/** Without bubblewrap nothing here proves anything, so the suite fails instead of skipping. */
export function requireBubblewrap(): void {
  if (existsSync('/usr/bin/bwrap')) return;
  throw new Error(
    'bubblewrap is missing: apt-get install bubblewrap; the sandbox tests are not skipped without it',
  );
}

/** The enforcing rungs of this machine: control groups need root or delegation. */
export const RUNGS: readonly IsolationRung[] =
  process.getuid?.() === 0 ? ['bwrap+cgroup', 'bwrap'] : ['bwrap'];

/** A new directory that everybody may enter. */
export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cambium-test-'));
  chmodSync(directory, 0o755);
  return directory;
}

export function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** A plain tree that belongs to the sandbox's identity. */
export function makeTree(directory: string, files: Record<string, string | Uint8Array> = {}): string {
  const root = join(directory, 'tree');
  mkdirSync(root);
  writeFiles(root, files);
  if (user.dropped) execFileSync('/bin/chown', ['-Rh', `${user.uid}:${user.gid}`, root]);
  return root;
}

export function writeFiles(root: string, files: Record<string, string | Uint8Array>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

export function makeResults(directory: string): string {
  const results = join(directory, 'results');
  mkdirSync(results);
  if (user.dropped) lchownSync(results, user.uid, user.gid);
  return results;
}

export function sandboxOn(rung: IsolationRung): Sandbox {
  requireBubblewrap();
  return createSandbox({ rung, clock, log });
}

/** Runs a shell script in a tree; 30 s at most. */
export function runScript(
  sandbox: Sandbox,
  root: string,
  script: string,
  more: Partial<SandboxCommand> = {},
): Promise<CommandResult> {
  const { limits, ...rest } = more;
  return sandbox.run({
    workspace: { root, mounts: [] },
    argv: ['/bin/bash', '-c', script],
    limits: { wallMs: 30_000, ...limits },
    ...rest,
  });
}

/** A repository with one commit, under `directory`. */
export function makeRepository(
  directory: string,
  files: Record<string, string | Uint8Array>,
  name = 'repository',
): string {
  const root = join(directory, name);
  mkdirSync(root, { recursive: true });
  gitAt(root, 'init', '-q', '-b', 'main');
  writeFiles(root, files);
  if (Object.keys(files).length > 0) commitAll(root, 'first');
  return root;
}

export function commitAll(root: string, message: string): string {
  gitAt(root, 'add', '-A');
  gitAt(root, 'commit', '-q', '--allow-empty', '-m', message);
  return gitAt(root, 'rev-parse', 'HEAD');
}

/** The user's own git, as a person would call it but without this machine's settings. */
export function gitAt(root: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'safe.directory=*'];
  return execFileSync('git', ['-C', root, ...identity, ...args], {
    env: {
      PATH: '/usr/bin:/bin',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      HOME: '/nonexistent',
    },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  }).trimEnd();
}

export function workspacesAt(home: string): Workspaces {
  return createWorkspaces({ home, git, clock, log });
}

/** Host processes whose command line holds a text. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => commandLine(name).includes(text))
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Polls until the condition holds, for five seconds at most; the last value comes back. */
export async function eventually(condition: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 250; tries += 1) {
    if (condition()) return true;
    await clock.sleep(20);
  }
  return condition();
}
