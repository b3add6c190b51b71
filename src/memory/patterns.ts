// The pattern library: learned rewrites with their evidence, written in the transaction of the run that teaches them.
import { type RewriteRule, reproduces } from '#code/rewrite.ts';
import { syntaxesOf } from '#code/syntax.ts';
import type { NewEvent } from '#contracts/event.ts';
import { and, eq, inArray, max, sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { digestOf } from '#foundation/digest.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Lesson, PatternFamily, PatternForm, PatternUse } from './lesson.ts';
import { createPatternReads, type PatternReads } from './pattern-reads.ts';
import { patternEvidence, patterns, templateOutcomes } from './tables.ts';

export interface Patterns extends PatternReads {
  /**
   * Writes what a run taught inside the caller's transaction; the events that tell of it are given back for the caller
   * to append last. The same lesson written twice leaves the same rows.
   */
  record(q: Queries, lesson: Lesson): Promise<NewEvent[]>;
}

export interface PatternsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Key of the advisory lock under which pattern numbers are given out. */
const NUMBER_LOCK = 7_240_005;
const MAX_FORMS = 4;
const MAX_FORM_CHARS = 600;
const MAX_CASE_CHARS = 600;
const MAX_USES = 200;
const MAX_TEMPLATES = 20;
const MAX_REVERTED = 500;
const MAX_NAME_CHARS = 200;

export function createPatterns(parts: PatternsParts): Patterns {
  return { ...createPatternReads(parts.db), record: (q, lesson) => record(parts, q, lesson) };
}

async function record(parts: PatternsParts, q: Queries, lesson: Lesson): Promise<NewEvent[]> {
  const at = parts.clock.now().toISOString();
  const learned: NewEvent[] = [];
  for (const form of lesson.forms.slice(0, MAX_FORMS)) {
    if (!isSound(form)) continue;
    const known = await keep(parts, q, { lesson, form, at });
    if (known === null || lesson.verdict === null) continue;
    await addEvidence(q, lesson, { id: known.id, outcome: lesson.verdict, count: 1, form, at });
    if (known.isNew) learned.push(learnedEvent(lesson, form, known.key));
  }
  await addUses(q, lesson, at);
  if (lesson.verdict !== null) await addTemplates(q, lesson, at);
  await addReverts(q, lesson, at);
  return learned;
}

function learnedEvent(lesson: Lesson, { before, after }: PatternForm, pattern: string): NewEvent {
  return {
    type: 'pattern.learned',
    subject: { projectId: lesson.projectId, ticketId: lesson.ticketId, runId: lesson.runId },
    payload: { pattern, before, after, template: lesson.template },
  };
}

/** Small enough, free of what the database cannot hold, and a pattern that does to its own case what it says. */
function isSound(form: PatternForm): boolean {
  const { before, after, proof } = form;
  const texts = [before, after, proof.before, proof.after, form.kind, form.parentKind];
  if (texts.some((text) => text.includes('\u0000') || !text.isWellFormed())) return false;
  if (Math.max(before.length, after.length) > MAX_FORM_CHARS || before === '') return false;
  if (Math.max(proof.before.length, proof.after.length) > MAX_CASE_CHARS) return false;
  return isProved(form.family, form, proof);
}

function isProved(family: PatternFamily, rule: RewriteRule, proof: PatternForm['proof']): boolean {
  const languages = syntaxesOf(family);
  return languages.some((language) => reproduces(language, rule, proof));
}

interface Kept {
  readonly id: string;
  readonly key: string;
  readonly isNew: boolean;
}

/** The pattern of a form, made if there is none; two runs that learn the same at once end with one. */
async function keep(
  { ids }: PatternsParts,
  q: Queries,
  { lesson, form, at }: { readonly lesson: Lesson; readonly form: PatternForm; readonly at: string },
): Promise<Kept | null> {
  const { family, kind, before, after } = form;
  const digest = digestOf({ family, kind, before, after });
  if (lesson.verdict !== 'accepted') return find(q, digest);
  await q.execute(sql`select pg_advisory_xact_lock(${NUMBER_LOCK})`);
  const known = await find(q, digest);
  if (known !== null) return known;
  const [last] = await q.select({ number: max(patterns.number) }).from(patterns);
  const number = (last?.number ?? 0) + 1;
  const id = ids.next('ptn');
  await q.insert(patterns).values({
    id,
    number,
    digest,
    family,
    kind,
    before,
    after,
    removes: form.removes,
    template: bounded(lesson.template),
    caseBefore: form.proof.before,
    caseAfter: form.proof.after,
    origin: lesson.runKey,
    createdAt: at,
  });
  return { id, key: patternKey(number), isNew: true };
}

async function find(q: Queries, digest: string): Promise<Kept | null> {
  const [row] = await q.select().from(patterns).where(eq(patterns.digest, digest));
  return row === undefined ? null : { id: row.id, key: patternKey(row.number), isNew: false };
}

function patternKey(number: number): string {
  return `PTN-${number}`;
}

interface Evidence {
  readonly id: string;
  readonly outcome: PatternUse['outcome'];
  readonly count: number;
  readonly form: PatternForm | null;
  readonly at: string;
}

async function addEvidence(q: Queries, lesson: Lesson, evidence: Evidence): Promise<void> {
  const { id, outcome, count, form, at } = evidence;
  const ofSearch = outcome === 'seen' || outcome === 'tried';
  await q
    .insert(patternEvidence)
    .values({
      patternId: id,
      runId: lesson.runId,
      outcome,
      change: ofSearch ? '' : lesson.change,
      ticketId: lesson.ticketId,
      projectId: lesson.projectId,
      commit: lesson.commit,
      certificate: lesson.certificate,
      count,
      parentKind: bounded(form?.parentKind ?? ''),
      errorClass: bounded(lesson.errorClass),
      at,
    })
    .onConflictDoUpdate({
      target: [
        patternEvidence.patternId,
        patternEvidence.runId,
        patternEvidence.outcome,
        patternEvidence.change,
      ],
      // The attempts of a run add up; what is said of one change is said once.
      set: ofSearch ? { count: sql`${patternEvidence.count} + ${count}`, at } : { at },
    });
}

async function addUses(q: Queries, lesson: Lesson, at: string): Promise<void> {
  const uses = lesson.uses.slice(0, MAX_USES);
  const numbers = [...new Set(uses.map(({ key }) => Number(key.replace(/^PTN-/, ''))))];
  const wanted = numbers.filter((number) => Number.isSafeInteger(number) && number > 0 && number < 2 ** 31);
  if (wanted.length === 0) return;
  const rows = await q
    .select({ id: patterns.id, number: patterns.number })
    .from(patterns)
    .where(inArray(patterns.number, wanted));
  for (const { key, outcome, count } of uses) {
    const row = rows.find(({ number }) => patternKey(number) === key);
    if (row && count > 0) await addEvidence(q, lesson, { id: row.id, outcome, count, form: null, at });
  }
}

async function addTemplates(q: Queries, lesson: Lesson, at: string): Promise<void> {
  const { verdict, runId, projectId, commit, change } = lesson;
  if (verdict === null) return;
  for (const { family, template, kind } of lesson.templates.slice(0, MAX_TEMPLATES)) {
    const row = { runId, change, outcome: verdict, projectId, family, commit, at };
    await q
      .insert(templateOutcomes)
      .values({ ...row, template: bounded(template), kind: bounded(kind) })
      .onConflictDoNothing();
  }
}

/** Accepted changes whose commits were taken back since: evidence against their patterns and templates, once each. */
async function addReverts(q: Queries, lesson: Lesson, at: string): Promise<void> {
  const commits = lesson.revertedCommits.slice(0, MAX_REVERTED);
  if (commits.length === 0) return;
  const { projectId } = lesson;
  const ofPatterns = await q
    .select()
    .from(patternEvidence)
    .where(
      and(
        inArray(patternEvidence.commit, [...commits]),
        eq(patternEvidence.projectId, projectId),
        eq(patternEvidence.outcome, 'accepted'),
      ),
    );
  for (const row of ofPatterns) {
    await q
      .insert(patternEvidence)
      .values({ ...row, outcome: 'reverted', at })
      .onConflictDoNothing();
  }
  const ofTemplates = await q
    .select()
    .from(templateOutcomes)
    .where(
      and(
        inArray(templateOutcomes.commit, [...commits]),
        eq(templateOutcomes.projectId, projectId),
        eq(templateOutcomes.outcome, 'accepted'),
      ),
    );
  for (const row of ofTemplates) {
    await q
      .insert(templateOutcomes)
      .values({ ...row, outcome: 'reverted', at })
      .onConflictDoNothing();
  }
}

function bounded(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed().slice(0, MAX_NAME_CHARS);
}
