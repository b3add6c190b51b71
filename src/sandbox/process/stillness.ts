// Foreign processes that still see a tree are stopped while the host's git works on it: between git's look at a
// path and its use of it, a running one could put a link there and have the host read or write outside the tree.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { AppError } from '#foundation/errors.ts';

const MAX_ROUNDS = 200;

/** Runs `work` while every process that has the tree mounted (paths end in `suffix`) stands still. */
export async function whileStill<T>(suffix: string, work: () => Promise<T>): Promise<T> {
  const stopped = new Set<number>();
  try {
    stopAll(suffix, stopped);
    return await work();
  } finally {
    for (const pid of stopped) signal(pid, 'SIGCONT');
  }
}

/** Again and again, because a process may start another one before it is stopped itself. */
function stopAll(suffix: string, stopped: Set<number>): void {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const running = insiders(suffix).filter((pid) => !'TtZX'.includes(stateOf(pid)));
    if (running.length === 0) return;
    for (const pid of running) if (signal(pid, 'SIGSTOP')) stopped.add(pid);
  }
  throw new AppError('RUN_CONFLICT', { message: `commands in ${suffix} could not be stopped` });
}

/** Processes of other mount name spaces that have the tree mounted. */
function insiders(suffix: string): number[] {
  const own = linkOf('self');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const space = linkOf(name);
      return space !== null && space !== own && (textOf(name, 'mountinfo') ?? '').includes(`${suffix} `);
    })
    .map(Number);
}

function stateOf(pid: number): string {
  const stat = textOf(String(pid), 'stat') ?? ') X';
  return stat.charAt(stat.lastIndexOf(')') + 2);
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

function linkOf(name: string): string | null {
  try {
    return readlinkSync(`/proc/${name}/ns/mnt`);
  } catch {
    return null;
  }
}

function textOf(name: string, file: string): string | null {
  try {
    return readFileSync(`/proc/${name}/${file}`, 'utf8');
  } catch {
    return null;
  }
}
