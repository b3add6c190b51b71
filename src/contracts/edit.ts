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

/** An input on which plausible candidates differ: the call as it is written, and what each does on it. */
export const distinguishing = z.strictObject({
  call: z.string(),
  results: z.array(z.strictObject({ digest: z.string(), result: z.string() })).min(2),
});
export type Distinguishing = z.infer<typeof distinguishing>;

/** What is known of the first of the plausible candidates, beyond that it passes the tests. */
export const assessment = z.strictObject({
  /** `fix` from the threshold on; a `candidate` passes the tests, and that is all that is known. */
  offered: z.enum(['fix', 'candidate']),
  /** Calibrated probability that it is right beyond the tests. */
  probability: z.number().min(0).max(1),
  threshold: z.number().min(0).max(1),
  /** Kinds of behaviour among the plausible candidates, as far as they were watched. */
  groups: z.int().positive(),
  /** Inputs on which they were compared; 0 when they could not be watched. */
  inputs: z.int().nonnegative(),
  /** The best candidate of each other behaviour, best first. */
  alternatives: z.array(z.strictObject({ digest: z.string(), template: z.string(), reason: z.string() })),
  differs: distinguishing.nullable(),
  /** In words: what was wrong, where, and why this edit. */
  explanation: z.string(),
  /** In words: what the tests do not pin down. */
  open: z.array(z.string()),
  /** A test that would decide; offered for itself, never part of the change. */
  suggestedTest: z.strictObject({ file: z.string().nullable(), text: z.string() }).nullable(),
  /** The numbers behind the probability, by name. */
  features: z.record(z.string(), z.number()),
});
export type Assessment = z.infer<typeof assessment>;
