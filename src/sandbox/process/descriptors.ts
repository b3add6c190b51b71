// Descriptors that our own parent left open would pass to every child: they are covered with the null device.
import { openSync, readdirSync, readFileSync } from 'node:fs';

type Entry = 'pipe' | 'ignore' | number;

/** Close-on-exec, in the octal flags of /proc/self/fdinfo. */
const CLOSE_ON_EXEC = 0o2000000;

/** Builds `stdio` arrays: the first entries are pipes, inherited descriptors beyond them are covered. */
export type StdioPlan = (pipes: number) => Entry[];

/** Looks once, because what was inherited is known from the start; Node's own descriptors close by themselves. */
export function createStdioPlan(): StdioPlan {
  const inherited = inheritedDescriptors();
  const cover = inherited.length === 0 ? null : openSync('/dev/null', 'r');
  return (pipes) => {
    const entries: Entry[] = Array.from({ length: pipes }, () => 'pipe');
    if (cover === null) return entries;
    for (const fd of inherited) {
      while (entries.length < fd) entries.push('ignore');
      if (fd >= pipes) entries[fd] = cover;
    }
    return entries;
  };
}

function inheritedDescriptors(): number[] {
  return list('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isInheritable(fd))
    .sort((a, b) => a - b);
}

function isInheritable(fd: number): boolean {
  try {
    const flags = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^flags:\s*(\d+)$/m)?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // Closed in the meantime: it was the one that listed the directory.
    return false;
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
