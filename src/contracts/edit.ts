// Changes to source text: edits by offset, candidates made of them, suspects they start from.
import { z } from 'zod';

/** Replace `[start, end)` (UTF-16 offsets into the file's text) with `text`. */
export const textEdit = z.strictObject({
  file: z.string(),
  start: z.int().nonnegative(),
  end: z.int().nonnegative(),
  text: z.string(),
});
export type TextEdit = z.infer<typeof textEdit>;

export const candidate = z.strictObject({
  /** Digest over the edited files' new text: equal changes are one candidate, however they were found. */
  digest: z.string(),
  /** Template family, for the account of what was tried. */
  template: z.string(),
  /** One sentence for people: what is changed and why. */
  reason: z.string(),
  edits: z.array(textEdit).min(1),
});
export type Candidate = z.infer<typeof candidate>;

/** A place that may hold the fault. Places of equal `suspicion` are a tie, in the order of the source. */
export const suspect = z.strictObject({
  file: z.string(),
  line: z.int().positive(),
  /** Of all signals together, in [0, 1]. */
  suspicion: z.number().min(0).max(1),
  source: z.string(),
  /** In words, what speaks for this place; the strongest first. */
  signals: z.array(z.string()).default([]),
});
export type Suspect = z.infer<typeof suspect>;
