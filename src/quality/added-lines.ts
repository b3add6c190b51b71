// Which lines of the new tree a change adds or writes anew.
import { parsePatch } from 'diff';

/** Line numbers, from 1, that a unified diff adds to each file of the new tree. */
export function addedLines(diff: string): ReadonlyMap<string, ReadonlySet<number>> {
  const files = new Map<string, Set<number>>();
  for (const patch of parsePatch(diff)) {
    const path = patch.newFileName?.replace(/^b\//, '');
    if (path === undefined || path === '/dev/null') continue;
    const lines = files.get(path) ?? new Set<number>();
    files.set(path, lines);
    for (const hunk of patch.hunks) {
      let line = hunk.newStart;
      for (const text of hunk.lines) {
        if (text.startsWith('+')) lines.add(line);
        if (!text.startsWith('-') && !text.startsWith('\\')) line += 1;
      }
    }
  }
  return files;
}
