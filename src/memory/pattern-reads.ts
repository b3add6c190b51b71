// Reading the pattern library: what a search is handed, and what people are shown; every count from the evidence.

import { z } from 'zod';
import { reproduces } from '#code/rewrite.ts';
import { syntaxesOf } from '#code/syntax.ts';
import { LANGUAGE_FAMILIES } from '#contracts/project.ts';
import type { Database } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import type { PatternFamily } from './lesson.ts';

/** A pattern with what its evidence says. */
export const patternView = z.strictObject({
  /** `PTN-3` */
  key: z.string(),
  family: z.enum(LANGUAGE_FAMILIES),
  kind: z.string(),
  before: z.string(),
  after: z.string(),
  removes: z.boolean(),
  template: z.string(),
  origin: z.string(),
  proof: z.strictObject({ before: z.string(), after: z.string() }),
  /** Changes of this form that were accepted and not taken back, and those rejected or reverted. */
  accepted: z.int(),
  refused: z.int(),
  /** Candidates of it that were tried, and places where it matched, over all runs. */
  tried: z.int(),
  seen: z.int(),
  parentKinds: z.array(z.string()),
  errorClasses: z.array(z.string()),
  createdAt: z.string(),
  /** When a person took it out of use, and why; null while it is in use. */
  retiredAt: z.string().nullable(),
  retiredWhy: z.string(),
  lastUsedAt: z.string(),
});
export type PatternView = z.infer<typeof patternView>;

export const patternEvidenceView = z.strictObject({
  runId: z.string(),
  ticketId: z.string(),
  projectId: z.string(),
  commit: z.string().nullable(),
  certificate: z.string().nullable(),
  outcome: z.enum(['seen', 'tried', 'plausible', 'accepted', 'rejected', 'reverted']),
  count: z.int(),
  errorClass: z.string(),
  at: z.string(),
});
export type PatternEvidenceView = z.infer<typeof patternEvidenceView>;

/** How a template's changes fared at one kind of node. */
export interface TemplateRecord {
  readonly template: string;
  readonly kind: string;
  readonly accepted: number;
  readonly refused: number;
}

export interface PatternReads {
  /** What a search in this family of languages may use: the best proven patterns, and how templates fared. */
  recall(family: PatternFamily): Promise<{
    readonly rewrites: readonly PatternView[];
    readonly outcomes: readonly TemplateRecord[];
  }>;
  /** Best proven first. */
  list(filter?: { readonly limit?: number }): Promise<PatternView[]>;
  /** By key (`PTN-3`) or number; unknown ones throw NOT_FOUND. */
  show(ref: string): Promise<{
    readonly pattern: PatternView;
    readonly evidence: readonly PatternEvidenceView[];
  }>;
}

const RECALLED = 64;
const LISTED = 100;
const LISTED_MOST = 500;
const EVIDENCE_ROWS = 200;
const TEMPLATE_ROWS = 2_000;

/** A pattern that was refused more often than this beyond its acceptances is not handed to searches any more. */
const MAX_REFUSED_BEYOND = 2;

const VIEW = `
  select 'PTN-' || p.number as key, p.family, p.kind, p.before, p.after, p.removes, p.template, p.origin,
    jsonb_build_object('before', p.case_before, 'after', p.case_after) as proof,
    coalesce(c.accepted, 0)::int as accepted, coalesce(c.refused, 0)::int as refused,
    coalesce(u.tried, 0)::int as tried, coalesce(u.seen, 0)::int as seen,
    coalesce(u."parentKinds", '{}') as "parentKinds", coalesce(u."errorClasses", '{}') as "errorClasses",
    p.created_at as "createdAt",
    p.retired_at as "retiredAt", p.retired_why as "retiredWhy", coalesce(u.last, p.created_at) as "lastUsedAt"
  from patterns p
  left join lateral (
    select count(*) filter (where good and not bad) as accepted, count(*) filter (where bad) as refused
    from (
      select bool_or(outcome = 'accepted') as good, bool_or(outcome in ('rejected', 'reverted')) as bad
      from pattern_evidence e where e.pattern_id = p.id and e.change <> '' group by e.run_id, e.change
    ) changes
  ) c on true
  left join lateral (
    select sum(count) filter (where outcome = 'tried') as tried, sum(count) filter (where outcome = 'seen') as seen,
      array_agg(distinct parent_kind) filter (where outcome = 'accepted' and parent_kind <> '') as "parentKinds",
      array_agg(distinct error_class) filter (where outcome = 'accepted' and error_class <> '') as "errorClasses",
      max(at) as last
    from pattern_evidence e where e.pattern_id = p.id
  ) u on true`;

const BEST_FIRST =
  'order by coalesce(c.accepted, 0) - coalesce(c.refused, 0) desc, "lastUsedAt" desc, p.number';

export function createPatternReads(db: Database): PatternReads {
  const views = async (rest: string, values: readonly unknown[]) =>
    (await db.raw<unknown>(`${VIEW} ${rest}`, values)).map((row) => patternView.parse(row));
  return {
    recall: async (family) => {
      const where = `where p.family = $1 and p.retired_at is null and coalesce(c.refused, 0) <= coalesce(c.accepted, 0) + $2`;
      const found = await views(`${where} ${BEST_FIRST} limit ${RECALLED}`, [family, MAX_REFUSED_BEYOND]);
      return { rewrites: found.filter(stillRuns), outcomes: await templateRecords(db, family) };
    },
    list: ({ limit = LISTED } = {}) =>
      views(`${BEST_FIRST} limit $1`, [Math.min(Math.max(1, limit), LISTED_MOST)]),
    show: async (ref) => {
      const number = /^(?:ptn-)?(\d{1,9})$/i.exec(ref)?.[1];
      const [pattern] = number === undefined ? [] : await views('where p.number = $1', [Number(number)]);
      if (pattern === undefined) {
        throw new AppError('NOT_FOUND', {
          message: `there is no pattern ${plainText(ref)}`,
          next: 'patterns are named PTN- and a number',
        });
      }
      return { pattern, evidence: await evidenceOf(db, pattern.key) };
    },
  };
}

/** The regression case of a pattern, run again: rows may come from another version of the parsers. */
function stillRuns(pattern: PatternView): boolean {
  const languages = syntaxesOf(pattern.family);
  return languages.some((language) => reproduces(language, pattern, pattern.proof));
}

async function templateRecords(db: Database, family: PatternFamily): Promise<TemplateRecord[]> {
  return db.raw<TemplateRecord>(
    `select template, kind, count(*) filter (where good and not bad)::int as accepted,
       count(*) filter (where bad)::int as refused
     from (
       select template, kind, bool_or(outcome = 'accepted') as good,
         bool_or(outcome in ('rejected', 'reverted')) as bad
       from template_outcomes where family = $1 group by run_id, change, template, kind
     ) changes group by template, kind order by template, kind limit ${TEMPLATE_ROWS}`,
    [family],
  );
}

async function evidenceOf(db: Database, key: string): Promise<PatternEvidenceView[]> {
  const rows = await db.raw<unknown>(
    `select e.run_id as "runId", e.ticket_id as "ticketId", e.project_id as "projectId", e.commit, e.certificate,
       e.outcome, e.count, e.error_class as "errorClass", e.at
     from pattern_evidence e join patterns p on p.id = e.pattern_id
     where p.number = $1 order by e.at desc, e.run_id desc, e.outcome limit ${EVIDENCE_ROWS}`,
    [Number(key.slice(4))],
  );
  return rows.map((row) => patternEvidenceView.parse(row));
}
