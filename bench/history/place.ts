// How well a fault ranking points at the lines that the developers changed.
import type { Suspect } from '#contracts/edit.ts';

export interface Placing {
  /** Place of the first suspect in the fix's file, among files; equal suspicion shares the place. Null when it is not ranked. */
  readonly fileRank: number | null;
  /** Files that share the first place. */
  readonly filesFirst: number;
  /** Best place of a changed line: ties averaged, and when it comes first in its tie; null when none is ranked. */
  readonly lineAveraged: number | null;
  readonly lineBest: number | null;
}

/** Lines of the old text that a change touches, 1-based; for an insertion the lines on both sides of it. */
export function changedLines(before: string, after: string): number[] {
  const old = before.split('\n');
  const now = after.split('\n');
  const keep = commonLines(old, now);
  const touched = new Set<number>();
  let at = 0;
  let next = 0;
  for (const [left, right] of [...keep, [old.length, now.length] as const]) {
    if (left > at) for (let line = at; line < left; line += 1) touched.add(line + 1);
    else if (right > next)
      for (const line of [at, at + 1]) if (line >= 1 && line <= old.length) touched.add(line);
    at = left + 1;
    next = right + 1;
  }
  return [...touched].filter((line) => old[line - 1]?.trim() !== '' || touched.size === 1);
}

/** Pairs of equal lines of a longest common subsequence, after equal ends are taken off. */
function commonLines(old: readonly string[], now: readonly string[]): [number, number][] {
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail))
    tail += 1;
  const left = old.slice(head, old.length - tail);
  const right = now.slice(head, now.length - tail);
  const best = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0));
  const cell = (i: number, j: number) => best[i]?.[j] ?? 0;
  for (let i = left.length - 1; i >= 0; i -= 1)
    for (let j = right.length - 1; j >= 0; j -= 1)
      (best[i] as number[])[j] =
        left[i] === right[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
  const pairs: [number, number][] = [];
  for (let i = 0; i < head; i += 1) pairs.push([i, i]);
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    if (left[i] === right[j]) pairs.push([head + i++, head + j++]);
    else if (cell(i + 1, j) >= cell(i, j + 1)) i += 1;
    else j += 1;
  }
  for (let i = tail; i > 0; i -= 1) pairs.push([old.length - i, now.length - i]);
  return pairs;
}

/** `lines` are of the file `source`; a line inside a longer statement counts as the statement's first line. */
export function placeOf(
  suspects: readonly Pick<Suspect, 'file' | 'line' | 'suspicion'>[],
  source: string,
  lines: readonly number[],
): Placing {
  const top = new Map<string, number>();
  for (const { file, suspicion } of suspects) top.set(file, Math.max(top.get(file) ?? 0, suspicion));
  const own = top.get(source);
  const highest = Math.max(0, ...top.values());
  const starts = suspects.filter(({ file }) => file === source).map(({ line }) => line);
  const targets = new Set(
    lines.map((line) =>
      starts.includes(line) ? line : Math.max(0, ...starts.filter((start) => start < line)),
    ),
  );
  let averaged: number | null = null;
  let best: number | null = null;
  for (const { file, line, suspicion } of suspects) {
    if (file !== source || !targets.has(line)) continue;
    const above = suspects.filter((other) => other.suspicion > suspicion).length;
    const equal = suspects.filter((other) => other.suspicion === suspicion).length;
    averaged = Math.min(averaged ?? Number.POSITIVE_INFINITY, above + (equal + 1) / 2);
    best = Math.min(best ?? Number.POSITIVE_INFINITY, above + 1);
  }
  return {
    fileRank: own === undefined ? null : [...top.values()].filter((value) => value > own).length + 1,
    filesFirst: [...top.values()].filter((value) => value === highest).length,
    lineAveraged: averaged,
    lineBest: best,
  };
}
