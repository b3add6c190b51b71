// What learning hands to a search, as plain data: rewrites with the counts of their evidence, and outcomes of templates.
import type { Grammar } from './grammar/types.ts';

/** A rewrite as it is learned from one accepted change. */
export interface Rewrite {
  readonly family: Grammar['family'];
  /** Kind of the node that `before` matches. */
  readonly kind: string;
  /** ast-grep pattern with metavariables. */
  readonly before: string;
  readonly after: string;
  /** Only takes something away: such a rewrite is never cheap. */
  readonly removes: boolean;
  /** Kind of the node round the changed one. */
  readonly parentKind: string;
  /** The change itself, as the rewrite's regression case. */
  readonly proof: { readonly before: string; readonly after: string };
}

/** A learned rewrite with what its evidence says. */
export interface LearnedRewrite extends Omit<Rewrite, 'proof' | 'parentKind'> {
  /** `PTN-3` */
  readonly key: string;
  /** Template of the change that it was first learned from. */
  readonly template: string;
  /** Where it was learned, for people: `RUN-3`. */
  readonly origin: string;
  /** Changes of this form that were accepted, and that were rejected or reverted. */
  readonly accepted: number;
  readonly refused: number;
  /** Candidates of it that were tried, in all runs. */
  readonly tried: number;
  /** Kinds of nodes round the places where it was accepted, and error classes of the tests that it mended. */
  readonly parentKinds: readonly string[];
  readonly errorClasses: readonly string[];
}

/** How often a template's change was accepted, or rejected, at a kind of node. */
export interface TemplateOutcome {
  readonly template: string;
  readonly kind: string;
  readonly accepted: number;
  readonly refused: number;
}

export interface Learned {
  readonly rewrites: readonly LearnedRewrite[];
  readonly outcomes: readonly TemplateOutcome[];
  /** Classes of error of the tests that fail now, as who asks names them. */
  readonly errorClasses: readonly string[];
}

export const NOTHING_LEARNED: Learned = { rewrites: [], outcomes: [], errorClasses: [] };

/** What became of a learned rewrite in one search. */
export interface LearnedUse {
  readonly key: string;
  /** Places of the suspected files where it matched. */
  readonly matched: number;
  /** Candidates of it that were tried. */
  readonly tried: number;
  /** The rewrite and its record, in words. */
  readonly told: string;
}

/** `$A < $B becomes $A <= $B, learned from RUN-3 (2 of 2 accepted)`, on one line. */
export function toldOf({ before, after, origin, accepted, refused }: LearnedRewrite): string {
  const line = (text: string) => text.replaceAll('\n', ' ⏎ ');
  const form = after === '' ? `${line(before)} is left out` : `${line(before)} becomes ${line(after)}`;
  return `${form}, learned from ${origin} (${accepted} of ${accepted + refused} accepted)`;
}

/** Only rewrites that matched are told of, most tried first. */
export function learnedUses(
  rewrites: readonly LearnedRewrite[],
  matches: ReadonlyMap<string, number>,
  triedByTemplate: Readonly<Record<string, number>>,
): LearnedUse[] {
  const tried = new Map<string, number>();
  for (const [template, count] of Object.entries(triedByTemplate)) {
    for (const key of new Set(learnedKeys(template))) tried.set(key, (tried.get(key) ?? 0) + count);
  }
  return rewrites
    .map((rewrite) => ({
      key: rewrite.key,
      matched: matches.get(rewrite.key) ?? 0,
      tried: tried.get(rewrite.key) ?? 0,
      told: toldOf(rewrite),
    }))
    .filter((use) => use.matched > 0)
    .sort((a, b) => b.tried - a.tried);
}

/** Of the template name of a candidate that a learned rewrite made: `comparison-operator+learned:PTN-3`. */
const LEARNED_MARK = /(?:^|\+)learned:([A-Z]+-\d+)(?=\+|$)/g;

export function learnedTemplate(rewrite: Pick<LearnedRewrite, 'key' | 'template'>): string {
  return `${rewrite.template}+learned:${rewrite.key}`;
}

/** Keys of the learned rewrites in a template name. */
export function learnedKeys(template: string): string[] {
  return [...template.matchAll(LEARNED_MARK)].map((match) => match[1] ?? '');
}

/** The template name without learned rewrites. */
export function plainTemplate(template: string): string {
  return template.replace(LEARNED_MARK, '').replace(/^\+/, '');
}
