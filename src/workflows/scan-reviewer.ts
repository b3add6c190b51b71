// The built-in reviewer (R9, R31): runs the advisory source scan over the lines that a change adds.
import { parsePatch } from 'diff';
import type { ReviewerInput, ReviewFinding } from '#agents/roles.ts';
import { type Finding, scanSource } from '#code/scan.ts';
import type { Reviewer } from './ports.ts';

const SEVERITIES = { high: 'critical', medium: 'warning', low: 'info' } as const satisfies Record<
  Finding['severity'],
  ReviewFinding['severity']
>;

/** Reports what the scan finds on added lines only: what was there before is not this change's doing. */
export function createScanReviewer(): Reviewer {
  return {
    name: 'source scan',
    review: async (untyped): Promise<ReviewFinding[]> => {
      const input = untyped as ReviewerInput;
      const added = addedLines(input.diff);
      return input.files.flatMap(({ path, text }) =>
        scanSource({ path, language: input.language, text })
          .filter((finding) => added.get(path)?.has(finding.line))
          .map(({ severity, rule, line, message }) => ({
            severity: SEVERITIES[severity],
            rule,
            file: path,
            line,
            message,
          })),
      );
    },
  };
}

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
