// The real command line in a process of its own, with a data directory of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopEmbedded } from '#database/embedded.ts';
import { createSystemClock } from '#foundation/clock.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/cambium.js', import.meta.url));
const LIMIT_MS = 120_000;

export interface CliResult {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRun {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
  /** Resolves when standard error has said something that matches; rejects when the process ends without. */
  readonly said: (pattern: RegExp) => Promise<void>;
}

export interface CliHome extends AsyncDisposable {
  readonly home: string;
  /** An empty directory for repositories, which the sandbox's user can pass through. */
  readonly scratch: string;
  start(args: readonly string[], options?: { cwd?: string; env?: Record<string, string> }): CliRun;
  run(args: readonly string[], options?: { cwd?: string; env?: Record<string, string> }): Promise<CliResult>;
}

/** `await using cli = await openCliHome()`: stops its database server and removes everything at the end. */
export async function openCliHome(): Promise<CliHome> {
  const root = await mkdtemp('/tmp/cambium-journey-');
  await chmod(root, 0o755);
  const home = join(root, 'home');
  const scratch = await mkdtemp(join(root, 'repositories-'));
  await chmod(scratch, 0o755);
  const start: CliHome['start'] = (args, options = {}) => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: root,
      CAMBIUM_HOME: home,
      NO_COLOR: '1',
      ...options.env,
    };
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd: options.cwd ?? scratch,
      env,
      timeout: LIMIT_MS,
    });
    return follow(child);
  };
  return {
    home,
    scratch,
    start,
    run: (args, options) => start(args, options).done,
    [Symbol.asyncDispose]: async () => {
      await stopEmbedded({ home, clock: createSystemClock() });
      await rm(root, { recursive: true, force: true });
    },
  };
}

function follow(child: ChildProcess): CliRun {
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const listener of listeners) listener();
  });
  const done = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, stdout, stderr }));
  });
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(stderr)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
      void done.then(() => reject(new Error(`ended without saying ${pattern}:\n${stderr}`)));
    });
  return { child, done, said };
}
