// The built-in reviewer (R9, R31): runs the advisory source scan over the lines that a change adds.
import type { ReviewerInput, ReviewFinding } from '#agents/roles.ts';
import { type Finding, scanSource } from '#code/scan.ts';
import { addedLines } from '#quality/added-lines.ts';
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
