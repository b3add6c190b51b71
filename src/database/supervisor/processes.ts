// What the operating system says about a process id: alive or not, since when, and running what.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { codeOf } from './failures.ts';

const PS_TIMEOUT_MS = 5_000;

/** False for a pid that is free, and for one that has ended but was not collected by its parent yet. */
export async function isAlive(pid: number): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false;
  }
  const fields = await statFields(pid);
  return fields === null || (fields[0] !== 'Z' && fields[0] !== 'X');
}

/** A text that differs between two processes that had the same pid; empty where the system does not tell. */
export async function startTicks(pid: number): Promise<string> {
  return (await statFields(pid))?.[19] ?? '';
}

/** The command line of a process; null when it is gone or not to be seen. */
export async function commandOf(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null);
    return text === null ? null : text.replaceAll('\u0000', ' ');
  }
  const run = promisify(execFile);
  return run('ps', ['-o', 'command=', '-p', String(pid)], { timeout: PS_TIMEOUT_MS }).then(
    (result) => result.stdout,
    () => null,
  );
}

/** Fields of /proc/PID/stat from the state on (the name before it may hold spaces); null where there is no /proc. */
async function statFields(pid: number): Promise<string[] | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}
