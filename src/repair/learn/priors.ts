// How likely a template's change is the right one: hand costs corrected by what history and own outcomes say (bits).
import type { Grammar } from '../grammar/types.ts';
import type { TemplateOutcome } from '../learned.ts';

/** Of one template (at one kind of node): fixes it explains, and as many as the hand costs would have expected. */
export interface PriorCount {
  readonly hits: number;
  readonly expected: number;
}

export interface FamilyPrior {
  readonly templates: Readonly<Record<string, PriorCount>>;
  /** `template@node kind`. */
  readonly kinds: Readonly<Record<string, PriorCount>>;
}

/** A language that no history was read for has none. */
export type ShippedPrior = Readonly<Record<'javascript' | 'python', FamilyPrior>> &
  Readonly<Partial<Record<Grammar['family'], FamilyPrior>>>;
export const NO_PRIOR: FamilyPrior = { templates: {}, kinds: {} };

/** Pseudo-counts by which a ratio is drawn to that of the next coarser group, at last to 1. */
const SMOOTHING = 4;
/** How much of the learned correction is used; the rest is the hand's. */
const WEIGHT = 0.5;
/** No template gets cheaper or dearer by more than this, so that none dies and none drowns the others. */
const MAX_SHIFT_BITS = 2.5;
/** Outcomes of own runs beyond this many are scaled down to it: the newest habits shall not erase the shipped counts. */
const MAX_OWN = 400;

/** Templates that only take away: history is full of them, and weak tests let them pass; they get no discount. */
const REMOVING = /^(?:delete|drop-|argument-drop|unwrap|condition-constant|remove-)/;

export type BitsShift = (template: string, kind: string) => number;

/**
 * Bits to add to the hand cost of a change of `template` at a node of `kind`; negative for what proved itself.
 * Back-off: kind, then template, then the hand cost alone.
 */
export function createBitsShift(prior: FamilyPrior, outcomes: readonly TemplateOutcome[]): BitsShift {
  const own = ownCounts(prior, outcomes);
  const known = new Map<string, number>();
  return (template, kind) => {
    const key = `${template}@${kind}`;
    const ready = known.get(key);
    if (ready !== undefined) return ready;
    const coarse = ratio(sum(entry(prior.templates, template), own.templates.get(template)), 1);
    const fine = ratio(sum(entry(prior.kinds, key), own.kinds.get(key)), coarse);
    const bits = clamp(-WEIGHT * Math.log2(fine), REMOVING.test(template) ? 0 : -MAX_SHIFT_BITS);
    known.set(key, bits);
    return bits;
  };
}

/** Template names come from coders of any make: one may be called `constructor`. */
function entry(table: Readonly<Record<string, PriorCount>>, key: string): PriorCount | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function ratio(count: PriorCount, coarser: number): number {
  return (count.hits + SMOOTHING * coarser) / (count.expected + SMOOTHING);
}

function clamp(bits: number, least: number): number {
  return Math.min(MAX_SHIFT_BITS, Math.max(least, bits));
}

function sum(a: PriorCount = NOTHING, b: PriorCount = NOTHING): PriorCount {
  return { hits: a.hits + b.hits, expected: a.expected + b.expected };
}

const NOTHING: PriorCount = { hits: 0, expected: 0 };

/**
 * Own outcomes in the same currency. An accepted change is a hit, and one more case of which every group was expected
 * to explain its share; a refused one is a case that the group was expected to explain and did not.
 */
function ownCounts(prior: FamilyPrior, outcomes: readonly TemplateOutcome[]) {
  const templates = new Map<string, PriorCount>();
  const kinds = new Map<string, PriorCount>();
  const accepted = outcomes.reduce((total, one) => total + one.accepted, 0);
  const all = outcomes.reduce((total, one) => total + one.accepted + one.refused, 0);
  const scale = all > MAX_OWN ? MAX_OWN / all : 1;
  const put = (into: Map<string, PriorCount>, key: string, count: PriorCount) =>
    into.set(key, sum(into.get(key), { hits: count.hits * scale, expected: count.expected * scale }));
  for (const [groups, into] of [
    [prior.templates, templates],
    [prior.kinds, kinds],
  ] as const) {
    const total = Object.values(groups).reduce((mass, one) => mass + one.expected, 0);
    if (total === 0) continue;
    for (const [key, one] of Object.entries(groups)) {
      put(into, key, { hits: 0, expected: (accepted * one.expected) / total });
    }
  }
  for (const { template, kind, accepted: hits, refused } of outcomes) {
    put(templates, template, { hits, expected: refused });
    put(kinds, `${template}@${kind}`, { hits, expected: refused });
  }
  return { templates, kinds };
}

interface Chances {
  readonly accepted: number;
  readonly refused: number;
  readonly tried: number;
  readonly removes: boolean;
  /** It was accepted round the same kind of node, or for the same class of error. */
  readonly fits: boolean;
}

/** A candidate that failed its tests says less against a rewrite than a person who refused it. */
const TRIED_WEIGHT = 0.02;
const FIT_BITS = 0.5;
/** A form that was accepted once comes before the likeliest template at the same place. */
const HEAD_START_BITS = 1;
const LEAST_BITS = 0.1;
const LEAST_BITS_REMOVING = 3;
const MOST_BITS = 9;

/** Cost of a learned rewrite's candidate: by the mean of the Beta posterior of its evidence, bounded. */
export function rewriteBits({ accepted, refused, tried, removes, fits }: Chances): number {
  const failures = refused + TRIED_WEIGHT * Math.max(0, tried - accepted);
  const mean = (accepted + 1) / (accepted + failures + 2);
  const bits = -2 * Math.log2(mean) - HEAD_START_BITS + (fits ? 0 : FIT_BITS);
  return Math.min(MOST_BITS, Math.max(removes ? LEAST_BITS_REMOVING : LEAST_BITS, bits));
}
