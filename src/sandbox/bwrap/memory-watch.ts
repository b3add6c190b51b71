// Memory of a whole sandbox where no control group can bound it: proportional set sizes, polled.
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '#foundation/clock.ts';

const POLL_MS = 100;
const PAGE_BYTES = 4096;
const MAX_PROCESSES = 4096;

export interface MemoryWatch {
  /** Pid of the sandbox's first process as the host sees it; every other one descends from it. */
  readonly pid: number;
  readonly memoryBytes: number;
  readonly clock: Clock;
  readonly onExceeded: () => void;
}

/** Polls until the signal is aborted or the limit is passed. */
export async function watchMemory(watch: MemoryWatch, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (exceeds(watch)) return watch.onExceeded();
    // An abort ends the pause early; the loop's condition sees it.
    await watch.clock.sleep(POLL_MS, signal).catch(() => undefined);
  }
}

/** Resident sizes count shared pages once a process, so they only tell when to look closer. */
function exceeds(watch: MemoryWatch): boolean {
  const pids = descendants(watch.pid);
  const residentBytes = sum(pids, (pid) => residentOf(pid));
  if (residentBytes <= watch.memoryBytes) return false;
  return sum(pids, (pid) => proportionalOf(pid) ?? residentOf(pid)) > watch.memoryBytes;
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0);
}

/** The process and all that descend from it, at most 4096. */
function descendants(first: number): number[] {
  const found = [first];
  for (let index = 0; index < found.length && found.length < MAX_PROCESSES; index += 1) {
    const pid = found[index] ?? first;
    for (const thread of entries(`/proc/${pid}/task`)) {
      const children = text(`/proc/${pid}/task/${thread}/children`) ?? '';
      found.push(...children.split(' ').filter(Boolean).map(Number));
    }
  }
  return found;
}

function residentOf(pid: number): number {
  return Number(text(`/proc/${pid}/statm`)?.split(' ')[1] ?? 0) * PAGE_BYTES;
}

function proportionalOf(pid: number): number | null {
  const kib = text(`/proc/${pid}/smaps_rollup`)?.match(/^Pss:\s+(\d+) kB$/m)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
