// One process at a time prepares and starts the server; a lock whose holder died is taken over.
import { link, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { codeOf } from './failures.ts';
import { isAlive, startTicks } from './processes.ts';

interface LockContent {
  readonly pid: number;
  /** Start time of the holder, so that a reused pid is not taken for it. */
  readonly ticks: string;
  readonly nonce: string;
}

export interface StartLock {
  release(): Promise<void>;
}

/**
 * Takes the lock file, or null when a live process holds it. It appears by `link` with its content complete, so there
 * is no moment with an empty lock. Should two processes ever hold it at once after a crash, PostgreSQL's own interlock
 * (postmaster.pid and the shared memory key) still admits one server, and a cluster appears by one `rename`.
 */
export async function tryStartLock(path: string): Promise<StartLock | null> {
  if ((await lockHolder(path)) !== null) return null;
  const draftDirectory = await mkdtemp(`${path}.`);
  const nonce = basename(draftDirectory);
  const draft = join(draftDirectory, 'lock');
  try {
    const mine = { pid: process.pid, ticks: await startTicks(process.pid), nonce };
    await writeFile(draft, JSON.stringify(mine));
    for (let tries = 0; tries < 3; tries += 1) {
      if (await linked(draft, path)) return { release: () => release(path, nonce) };
      if (!(await dropDeadHolder(path, draft))) return null;
    }
    return null;
  } finally {
    await rm(draftDirectory, { recursive: true, force: true });
  }
}

/** The pid of the live holder, for messages; null when nobody holds it. */
export async function lockHolder(path: string): Promise<number | null> {
  const content = await readLock(path);
  return content !== null && (await holds(content)) ? content.pid : null;
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * True when the way is free: the holder is gone and its lock is removed. Who removes holds a second lock for that
 * moment, so that nobody removes the lock of a process that took over meanwhile.
 */
async function dropDeadHolder(path: string, draft: string): Promise<boolean> {
  const seen = await readLock(path);
  if (seen === null) return true;
  if (await holds(seen)) return false;
  const guard = `${path}.takeover`;
  if (!(await linked(draft, guard))) {
    const rival = await readLock(guard);
    if (rival !== null && !(await holds(rival))) await rm(guard, { force: true });
    return false;
  }
  try {
    const still = await readLock(path);
    if (still !== null && (await holds(still))) return false;
    await rm(path, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

async function holds(content: LockContent): Promise<boolean> {
  if (!(await isAlive(content.pid))) return false;
  return content.ticks === (await startTicks(content.pid));
}

async function readLock(path: string): Promise<LockContent | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as Partial<LockContent>;
    return { pid: Number(value.pid), ticks: String(value.ticks), nonce: String(value.nonce) };
  } catch {
    return { pid: -1, ticks: '', nonce: 'unreadable' };
  }
}

async function release(path: string, nonce: string): Promise<void> {
  const content = await readLock(path);
  if (content?.nonce === nonce) await rm(path, { force: true });
}
