// What a run teaches memory, and what memory hands to its searches: built here, because only this room knows both.
import { errorTypeOf } from '#agents/reflect.ts';
import type { SearchAccount } from '#agents/roles.ts';
import { familyOf } from '#code/languages.ts';
import type { Language } from '#contracts/project.ts';
import { errorMessage } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import type { Lesson } from '#memory/lesson.ts';
import type { Patterns } from '#memory/patterns.ts';
import { type Learned, learnedKeys, plainTemplate } from '#repair/learned.ts';
import { lessonsOf } from '#repair/lessons.ts';
import type { ChangedText } from './steps/edits.ts';

/** The part of memory that runs use. */
export type RunMemory = Pick<Patterns, 'record' | 'recall'>;

const NOTHING: Learned = { rewrites: [], outcomes: [], errorClasses: [] };

export interface SearchFor {
  readonly language: Language;
  readonly failing: readonly { readonly message: string | null }[];
}

/** What a search may use. Memory that cannot be read makes it slower, not impossible. */
export async function recallFor(
  memory: RunMemory | undefined,
  search: SearchFor,
  log: Log,
): Promise<Learned> {
  if (memory === undefined) return NOTHING;
  try {
    const { rewrites, outcomes } = await memory.recall(familyOf(search.language));
    const errorClasses = [...new Set(search.failing.map(({ message }) => errorTypeOf(message ?? '')))];
    return { rewrites, outcomes, errorClasses };
  } catch (error) {
    log.warn({ error: errorMessage(error) }, 'what was learned could not be read');
    return NOTHING;
  }
}

/** Whose lesson it is. */
export type LessonOf = Pick<Lesson, 'runId' | 'runKey' | 'ticketId' | 'projectId'>;

function lesson(of: LessonOf, parts: Partial<Lesson>): Lesson {
  return {
    commit: null,
    certificate: null,
    change: '',
    errorClass: '',
    verdict: null,
    forms: [],
    template: '',
    templates: [],
    uses: [],
    revertedCommits: [],
    ...of,
    ...parts,
  };
}

/** After a search: where learned patterns matched, how often they were tried, and whether one made the proposal. */
export function lessonOfSearch(
  of: LessonOf,
  account: Pick<SearchAccount, 'learned'>,
  proposed: { readonly digest: string; readonly template: string } | null,
): Lesson | null {
  const uses = account.learned.flatMap(({ key, matched, tried }) => [
    { key, outcome: 'seen' as const, count: matched },
    { key, outcome: 'tried' as const, count: tried },
  ]);
  const made = learnedKeys(proposed?.template ?? '').map((key) => ({
    key,
    outcome: 'plausible' as const,
    count: 1,
  }));
  if (uses.length + made.length === 0) return null;
  return lesson(of, { change: proposed?.digest ?? '', uses: [...uses, ...made] });
}

/** After the history of the base was read: commits that it takes back. */
export function lessonOfReverts(of: LessonOf, revertedCommits: readonly string[]): Lesson | null {
  return revertedCommits.length === 0 ? null : lesson(of, { revertedCommits });
}

export interface Decided {
  readonly verdict: 'accepted' | 'rejected';
  readonly change: { readonly digest: string; readonly template: string };
  readonly commit: string | null;
  readonly certificate: string | null;
  /** The whole change of the run, sources only. */
  readonly files: readonly ChangedText[];
  /** Messages of the tests that it mended. */
  readonly failures: readonly (string | null)[];
}

/** After a certified change was accepted or refused. */
export function lessonOfChange(of: LessonOf, decided: Decided): Lesson {
  const { verdict, change, commit, certificate, files, failures } = decided;
  const lessons = lessonsOf(
    files.flatMap(({ after, ...file }) => (after === null ? [] : [{ ...file, after }])),
  );
  const template = plainTemplate(change.template);
  // Of a change in several parts, only the first is sure to belong to the first template.
  const names = template.split('+').filter((name, index, all) => name !== '' && all.indexOf(name) === index);
  const templates = lessons.kinds.flatMap(({ family, kind }, index) => {
    const name = names[index] ?? (index === 0 ? undefined : names.at(-1));
    return name === undefined ? [] : [{ family, kind, template: name }];
  });
  return lesson(of, {
    verdict,
    commit,
    certificate,
    change: change.digest,
    errorClass: errorTypeOf(failures[0] ?? ''),
    forms: lessons.rewrites,
    template,
    templates,
    uses: learnedKeys(change.template).map((key) => ({ key, outcome: verdict, count: 1 })),
  });
}
