// The context of a ticket: what was decided, found and feared on the way, each with its source (O11-O13).
import { z } from 'zod';
import { contextKind } from './workflow.ts';

/** Where an item comes from, so that whoever doubts it can look. */
export const contextSource = z.strictObject({
  kind: z.enum(['person', 'run', 'step', 'task', 'file', 'gate']),
  /** `RUN-3`, a path, a name. */
  ref: z.string().min(1).max(500),
});

export const contextItem = z.strictObject({
  id: z.string(),
  phase: z.string().nullable(),
  kind: contextKind,
  /** What it is about, in a word or two; empty where it is about everything. */
  subject: z.string(),
  text: z.string(),
  source: contextSource,
  at: z.string(),
  withdrawn: z.strictObject({ reason: z.string(), by: z.string(), at: z.string() }).nullable(),
});
export type ContextItem = z.infer<typeof contextItem>;

/** Items that say different things of one subject; a person has to say which of them holds. */
export const contradiction = z.strictObject({ subject: z.string(), items: z.array(z.string()).min(2) });
export type Contradiction = z.infer<typeof contradiction>;

/** What a step is handed of the context. */
export const contextPackage = z.strictObject({
  text: z.string(),
  /** Ids of the items in it, in their order. */
  items: z.array(z.string()),
  /** Items that were left out for want of room or of relevance. */
  omitted: z.int().nonnegative(),
  /** Estimate; the tokens of a model differ by a few in a hundred. */
  tokens: z.int().nonnegative(),
  budgetTokens: z.int().positive(),
  /** False when the constraints alone are longer than the budget: then they are all there, and nothing else is. */
  fits: z.boolean(),
  contradictions: z.array(contradiction),
});
export type ContextPackage = z.infer<typeof contextPackage>;
