// Runs the public command line as a user would, in a process of its own, bounded in time and output.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const CAMBIUM = fileURLToPath(new URL('../../bin/cambium.js', import.meta.url));
const GRACE_SECONDS = 20;

export interface Outcome {
  /** Exit status; null when it was ended because its time was over. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface CallOptions {
  /** Data directory. */
  readonly home: string;
  readonly cwd: string;
  readonly seconds: number;
  /** Settings on top of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `cambium` with `args`. When its time is over it is asked to end, and killed if it does not. */
export async function cambium(args: readonly string[], options: CallOptions): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(process.execPath, [CAMBIUM, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env, CAMBIUM_HOME: options.home, CI: '1', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let late = false;
  const ask = setTimeout(() => {
    late = true;
    child.kill('SIGTERM');
  }, options.seconds * 1000);
  const force = setTimeout(() => child.kill('SIGKILL'), (options.seconds + GRACE_SECONDS) * 1000);
  try {
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    const seconds = (performance.now() - started) / 1000;
    return { status: late ? null : child.exitCode, stdout, stderr, seconds };
  } finally {
    clearTimeout(ask);
    clearTimeout(force);
  }
}

/** The one JSON document on standard output; null when there is none. */
export function jsonDocument(outcome: Outcome): unknown {
  try {
    return JSON.parse(outcome.stdout);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
