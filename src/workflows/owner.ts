// Who executes a run: a process that can be told apart from a later one with the same number, and known to be dead.
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

/** A process, named so that its death can be proven from the same machine. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Boot and process-number space: only inside the same one does `pid` mean anything. Empty where unknown. */
  readonly place: string;
  /** When the process started, in the kernel's clock ticks since boot; empty where unknown. */
  readonly started: string;
}

/** This process. */
export async function thisProcess(): Promise<Owner> {
  return {
    host: hostname(),
    pid: process.pid,
    place: await placeHere(),
    started: (await startedAt(process.pid)) ?? '',
  };
}

/** One line for the queue and for people; `parseOwner` reads it back. */
export function ownerText(owner: Owner): string {
  return `${owner.pid}@${owner.host} ${owner.started || '-'} ${owner.place || '-'}`;
}

/** The short form for messages: `process 4711 on host`. */
export function ownerName(owner: Owner): string {
  return `process ${owner.pid} on ${owner.host}`;
}

/** Null when the text names no process. */
export function parseOwner(text: string): Owner | null {
  const match = /^(\d{1,10})@(\S+) (\S+) (\S+)$/.exec(text);
  if (!match) return null;
  const [, pid = '', host = '', started = '-', place = '-'] = match;
  return {
    host,
    pid: Number(pid),
    started: started === '-' ? '' : started,
    place: place === '-' ? '' : place,
  };
}

/**
 * True only when it is certain: same machine, same boot, same process-number space, and no process of that number
 * that started at that time. In doubt false; the lease decides then.
 */
export async function isCertainlyDead(owner: Owner): Promise<boolean> {
  const here = await placeHere();
  if (owner.host !== hostname() || here === '' || owner.place !== here) return false;
  if (owner.started === '') return !exists(owner.pid);
  const started = await startedAt(owner.pid);
  return started !== owner.started;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

async function placeHere(): Promise<string> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    return `${boot}/${await readlink('/proc/self/ns/pid')}`;
  } catch (error) {
    return noProc(error, '');
  }
}

/** Field 22 of /proc/<pid>/stat, counted after the name, which may hold anything. Null: no such process, or a dead one not yet reaped. */
async function startedAt(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch (error) {
    return noProc(error, null);
  }
}

/** Systems without /proc, and processes that are gone, read the same: nothing there. */
function noProc<T>(error: unknown, value: T): T {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR') return value;
  throw error;
}
