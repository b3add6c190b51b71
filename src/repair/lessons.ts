// The face of learning: what an accepted change teaches.
import { type ChangedFile, changedKinds, learnFrom } from './learn/learn.ts';
import type { Rewrite } from './learned.ts';

export interface Lessons {
  /** Forms of the change that may be of use elsewhere. */
  readonly rewrites: readonly Rewrite[];
  /** Kinds of the changed nodes by family of languages. */
  readonly kinds: readonly { readonly family: Rewrite['family']; readonly kind: string }[];
  /** Why some place taught nothing, in words. */
  readonly refusals: readonly string[];
}

const MAX_FILES = 20;

/** What a change of source files teaches. Pure: equal texts, equal lessons. */
export function lessonsOf(files: readonly ChangedFile[]): Lessons {
  const some = files.slice(0, MAX_FILES);
  const places = some.flatMap(learnFrom);
  return {
    rewrites: places.flatMap((place) => (place.ok ? [place.rewrite] : [])),
    kinds: some.flatMap(changedKinds),
    refusals: places.flatMap((place) => (place.ok ? [] : [place.reason])),
  };
}
