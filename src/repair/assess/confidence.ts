// The table of weights: in which order plausible changes come, and how probable it is that the first one is right. Where the
// numbers come from is said in the table itself; scripts/train-confidence.ts makes it.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { FIX_FEATURES, type FixFeatures, RANK_FEATURES, type RankFeatures } from './features.ts';

const weights = <Name extends string>(names: readonly Name[]) =>
  z.record(z.enum(names as [Name, ...Name[]]), z.number());

const model = z.strictObject({
  /** Which judged runs the numbers were fitted to. */
  fittedTo: z.string(),
  /** Bits a unit of each feature costs. */
  rank: weights(RANK_FEATURES),
  /** Log-odds of being right. */
  fix: z.strictObject({ intercept: z.number(), weights: weights(FIX_FEATURES) }),
  /** From this probability on a change is offered as a fix. */
  threshold: z.number().min(0).max(1),
});
export type Confidence = z.infer<typeof model>;

export const confidenceTable = z.strictObject({ javascript: model, python: model });
export type ConfidenceTable = z.infer<typeof confidenceTable>;

const TABLE = new URL('../../../presets/repair/confidence.json', import.meta.url);

/** Throws when the table that comes with the program is not one. */
export function readConfidence(from: URL = TABLE): ConfidenceTable {
  return confidenceTable.parse(JSON.parse(readFileSync(from, 'utf8')));
}

/** Lower comes first, bits. */
export function rankScore(features: RankFeatures, { rank }: Confidence): number {
  return RANK_FEATURES.reduce((sum, name) => sum + features[name] * rank[name], 0);
}

/** Belief in each of the changes by the order alone: they add up to one. */
export function beliefs(scores: readonly number[]): number[] {
  const least = Math.min(...scores);
  const powers = scores.map((score) => 2 ** (least - score));
  const all = powers.reduce((sum, one) => sum + one, 0);
  return powers.map((one) => one / all);
}

/** The probability that a change with these features is right, in (0, 1). */
export function probabilityOf(features: FixFeatures, { fix }: Confidence): number {
  const odds = FIX_FEATURES.reduce((sum, name) => sum + features[name] * fix.weights[name], fix.intercept);
  return 1 / (1 + Math.exp(-odds));
}
