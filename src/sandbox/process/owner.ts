// Who owns a leftover: a process is told by its id and its start time, because ids are used again.
import { readFileSync } from 'node:fs';

/** `<pid>-<start ticks>` of this process. */
export function ownerTag(): string {
  return `${process.pid}-${startTicks(process.pid) ?? 0}`;
}

/** Whether the process of a tag still runs. */
export function ownerLives(tag: string): boolean {
  const [pid, start] = tag.split('-');
  return start !== undefined && startTicks(Number(pid)) === Number(start);
}

function startTicks(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and brackets, so fields are counted from the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[19]);
  } catch {
    return null;
  }
}

/** Kills a process, or a group by its negative id; true when a signal was sent. */
export function killNow(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
