// The reading sheet: the engine's first change and the developers' side by side, shuffled and unlabelled, and what readers made of it.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Row } from './examine.ts';
import { randomOf } from './harvest.ts';

/** Which of the two changes mends the fault as described, for all inputs that the reader can think of. */
export const ANSWERS = ['both', 'a', 'b', 'neither'] as const;
export const answers = z.record(z.string(), z.enum(ANSWERS));
export type Answers = z.infer<typeof answers>;

export interface SheetEntry {
  readonly id: string;
  readonly repository: string;
  readonly commit: string;
  /** Which letter the engine's change has. */
  readonly ours: 'a' | 'b';
  readonly text: string;
}

/** An entry for every row with a change of the engine that is not the developers' own; shuffled by `seed`. */
export function sheetOf(rows: readonly Row[], seed: number): SheetEntry[] {
  const random = randomOf(seed);
  const entries = rows.flatMap((row) => {
    if (row.best === null || row.best.sameProgram) return [];
    const ours = random() < 0.5 ? 'a' : 'b';
    const pair = ours === 'a' ? [row.best.diff, row.realDiff] : [row.realDiff, row.best.diff];
    const id = createHash('sha256').update(`${seed} ${row.commit}`).digest('hex').slice(0, 8);
    const head = `## ${id}\n\n${row.repository}: ${row.message}\n`;
    const text = [
      head,
      ...pair.map((diff, at) => `### ${id} ${'ab'[at]}\n\n\`\`\`diff\n${body(diff)}\n\`\`\`\n`),
    ];
    return [
      {
        id,
        repository: row.repository,
        commit: row.commit,
        ours,
        text: text.join('\n'),
        key: random(),
      } as const,
    ];
  });
  return [...entries].sort((x, y) => x.key - y.key).map(({ key: _, ...entry }) => entry);
}

export interface Reading {
  readonly read: number;
  /** Both readers took the engine's change for right. */
  readonly bothRight: readonly string[];
  /** One of them did. */
  readonly disputed: readonly string[];
  /** Share of entries on which both say the same about the engine's change, and Cohen's kappa of it. */
  readonly agreement: number;
  readonly kappa: number;
}

/** What two readers say about the engine's changes; entries that either left out do not count as read. */
export function evaluate(key: readonly SheetEntry[], first: Answers, second: Answers): Reading {
  const read = key.filter(({ id }) => first[id] !== undefined && second[id] !== undefined);
  const right = (by: Answers, { id, ours }: SheetEntry) => by[id] === 'both' || by[id] === ours;
  const one = read.filter((entry) => right(first, entry)).length / Math.max(1, read.length);
  const two = read.filter((entry) => right(second, entry)).length / Math.max(1, read.length);
  const same = read.filter((entry) => right(first, entry) === right(second, entry));
  const agreement = same.length / Math.max(1, read.length);
  const chance = one * two + (1 - one) * (1 - two);
  return {
    read: read.length,
    bothRight: read
      .filter((entry) => right(first, entry) && right(second, entry))
      .map(({ commit }) => commit),
    disputed: read.filter((entry) => !same.includes(entry)).map(({ commit }) => commit),
    agreement,
    kappa: chance === 1 ? 1 : (agreement - chance) / (1 - chance),
  };
}

/** The diff without its header, which would tell nothing but file names twice. */
function body(diff: string): string {
  return diff.replace(/^(=+|---.*|\+\+\+.*)\n/gm, (line) => (line.startsWith('+++') ? line : ''));
}
