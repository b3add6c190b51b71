// What a run tells memory, as plain data: forms of its accepted change, and what became of patterns and templates.
import type { LanguageFamily } from '#contracts/project.ts';

export type PatternOutcome = 'seen' | 'tried' | 'plausible' | 'accepted' | 'rejected' | 'reverted';

/** Source languages that share one set of patterns. */
export type PatternFamily = LanguageFamily;

/** A form of change as text; see `RewriteRule` of the code room. */
export interface PatternForm {
  readonly family: PatternFamily;
  readonly kind: string;
  readonly before: string;
  readonly after: string;
  readonly removes: boolean;
  /** Its regression case: the change it was learned from. */
  readonly proof: { readonly before: string; readonly after: string };
  readonly parentKind: string;
}

/** What happened to a pattern that is known already. */
export interface PatternUse {
  /** `PTN-3` */
  readonly key: string;
  readonly outcome: PatternOutcome;
  /** Places for `seen`, candidates for `tried`, else 1. */
  readonly count: number;
}

export interface TemplateUse {
  readonly family: PatternFamily;
  readonly template: string;
  /** Kind of the changed node. */
  readonly kind: string;
}

export interface Lesson {
  readonly runId: string;
  readonly runKey: string;
  readonly ticketId: string;
  readonly projectId: string;
  /** Commit and certificate of the change; null where it is about a search. */
  readonly commit: string | null;
  readonly certificate: string | null;
  /** Digest of the change, empty where it is about a search. */
  readonly change: string;
  /** Class of error of the failing tests, as their messages name it. */
  readonly errorClass: string;
  /** What was decided of the change; null where it is about a search. */
  readonly verdict: 'accepted' | 'rejected' | null;
  /** Forms of the change. An accepted one is kept; a rejected one only speaks against a pattern that is known. */
  readonly forms: readonly PatternForm[];
  /** Template of the change. */
  readonly template: string;
  readonly templates: readonly TemplateUse[];
  readonly uses: readonly PatternUse[];
  /** Commits that the history takes back. */
  readonly revertedCommits: readonly string[];
}
