// Sandboxes whose bubblewrap was killed in the middle of setting up: nothing foreign runs in them, but they wait for ever.
import { readdirSync, readFileSync } from 'node:fs';

/** The first words of every bubblewrap that we start. */
const OURS = /^[^\0]*\0--args\x003\0--\0\/bin\/sh\0-c\0echo ready /;

/** Whether a process is the first of a process name space and belongs to an identity: ids are used again. */
export function isFirstInside(pid: number, uid: number): boolean {
  const status = statusOf(pid);
  return (
    status !== null && status.uid === uid && status.insidePids.length > 1 && status.insidePids.at(-1) === 1
  );
}

/** First processes of sandboxes of ours that have lost their bubblewrap. */
export function orphanedSandboxes(uid: number): number[] {
  return processIds().filter((pid) => {
    if (!isFirstInside(pid, uid) || !OURS.test(commandOf(pid))) return false;
    return !OURS.test(commandOf(statusOf(pid)?.parent ?? 0));
  });
}

function statusOf(pid: number): { uid: number; parent: number; insidePids: number[] } | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string): number[] =>
      (text.match(new RegExp(`^${name}:\\s+(.*)$`, 'm'))?.[1] ?? '').split(/\s+/).map(Number);
    return { uid: field('Uid')[0] ?? 0, parent: field('PPid')[0] ?? 0, insidePids: field('NSpid') };
  } catch {
    return null;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}
