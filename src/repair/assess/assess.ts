// Assesses what passes the tests: orders it against overfitting, says how probably the first is right, and what else it may be.
import type { Assessment, Candidate } from '#contracts/edit.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Idea } from '../enumerate.ts';
import { REPAIR_LANGUAGES } from '../languages.ts';
import type { Observer } from '../observer.ts';
import { isBlunt } from '../rank.ts';
import type { RepairRequest } from '../request.ts';
import type { SourceFile } from '../sources.ts';
import { behaviourOf, NOTHING_WATCHED } from './behaviour.ts';
import { beliefs, type Confidence, probabilityOf, rankScore } from './confidence.ts';
import { agreementWith, type Example, examplesIn } from './examples.ts';
import { fixFeatures, type Known, rankFeatures } from './features.ts';
import type { HeldFunction } from './holds.ts';
import type { Family } from './literals.ts';
import type { Tally } from './tally.ts';
import type { TypeChecker, TypeErrors } from './type-check.ts';
import { type Watched, watchChanges } from './watch.ts';
import { describe } from './words.ts';

export interface AssessParts {
  readonly request: RepairRequest;
  readonly family: Family;
  readonly files: readonly SourceFile[];
  /** Null when nothing runs warm: then the order goes by cost and shape alone. */
  readonly observer: Observer | null;
  readonly types: TypeChecker;
  readonly tally: Pick<Tally, 'near'>;
  readonly confidence: Confidence;
  readonly clock: Clock;
  /** Reading of `clock.monotonicMs` at which the budget ends. */
  readonly deadlineMs: number;
}

export interface Assessor {
  /** Best first. Watches what the changes do, within a share of the time that is left. */
  order(plausible: readonly Idea[], signal?: AbortSignal): Promise<readonly Idea[]>;
  /** What is known of a list in its order; null for an empty one. */
  assess(ordered: readonly Idea[], found: Found): Assessment | null;
  /**
   * The numbers behind the order, by place in the list, the group, and under `fix.` what the probability would be made of
   * if the change were the first: what scripts/train-confidence.ts fits the table to.
   */
  features(ordered: readonly Idea[]): readonly Readonly<Record<string, number>>[];
}

/** What became of the list. */
interface Found {
  readonly toCandidate: (idea: Idea) => Candidate;
  /** The project's own runner agreed with the first. */
  readonly confirmed: boolean;
}

const WATCH_SHARE = 0.15;
const MAX_WATCH_MS = 1_500;
const MIN_WATCH_MS = 100;

/** Of the time that is left, for the project's type checker. */
const TYPES_SHARE = 0.25;
const MAX_TYPES_MS = 20_000;

interface Memory {
  ideas: readonly Idea[];
  typeErrors: TypeErrors;
  watched: Watched;
  examples: readonly Example[];
}

export function createAssessor(parts: AssessParts): Assessor {
  const memory: Memory = { ideas: [], typeErrors: new Map(), watched: NOTHING_WATCHED, examples: [] };
  return {
    order: async (plausible, signal) => {
      memory.ideas = plausible;
      const leftMs = parts.deadlineMs - parts.clock.monotonicMs();
      const budgetMs = Math.min(MAX_WATCH_MS, leftMs * WATCH_SHARE);
      memory.watched = NOTHING_WATCHED;
      memory.examples = [];
      memory.typeErrors = new Map();
      if (parts.observer !== null && budgetMs >= MIN_WATCH_MS && plausible.length > 0) {
        const texts = await documents(parts, plausible);
        const further = (functions: readonly HeldFunction[]) => {
          memory.examples = examplesIn(texts, functions, parts.family);
          return memory.examples.map((one) => one.call);
        };
        const { files, observer } = parts;
        const to = { files, changes: plausible, observer, seed: parts.request.seed, budgetMs, further };
        memory.watched = (await watchChanges(to, signal)) ?? NOTHING_WATCHED;
      }
      const best = ordered(plausible, memory, parts).map((one) => one.idea);
      const typesMs = Math.min(MAX_TYPES_MS, (parts.deadlineMs - parts.clock.monotonicMs()) * TYPES_SHARE);
      memory.typeErrors = await parts.types.check(best, typesMs, signal);
      return ordered(plausible, memory, parts).map((one) => one.idea);
    },
    assess: (list, { toCandidate, confirmed }) => {
      if (list.length === 0) return null;
      const known = knownOf(list, memory, parts.files);
      const ranked = ordered(list, memory, parts);
      const belief = ranked.find((one) => one.idea === list[0])?.groupBelief ?? 1;
      const first = { ...known, index: 0, share: belief, request: parts.request, tally: parts.tally };
      const features = fixFeatures(first);
      return describe({
        candidates: list.map(toCandidate),
        confirmed,
        typeErrors: memory.typeErrors.get(list[0] as Idea) ?? 0,
        features,
        probability: probabilityOf(features, parts.confidence),
        threshold: parts.confidence.threshold,
        behaviour: known.behaviour,
        watched: watchedFor(list, memory),
        request: parts.request,
        files: parts.files,
        family: parts.family,
        near: parts.tally.near(list[0] as Idea),
      });
    },
    features: (list) => {
      const known = knownOf(list, memory, parts.files);
      return rankFeatures(known).map((own, index) => {
        const first = { ...known, index, share: 0.5, request: parts.request, tally: parts.tally };
        const fix = Object.entries(fixFeatures(first)).map(
          ([name, value]) => [`fix.${name}`, value] as const,
        );
        return { ...own, group: known.behaviour.groups[index] ?? 0, ...Object.fromEntries(fix) };
      });
    },
  };
}

/** The observation, with results by place in `list` instead of by place in what was watched. */
function watchedFor(list: readonly Idea[], { ideas, watched }: Memory): Watched {
  const places = list.map((idea) => ideas.indexOf(idea));
  const calls = watched.calls.map((one) => ({
    ...one,
    after: places.map((place) => one.after[place] ?? ({ kind: 'unknown' } as const)),
  }));
  return { ...watched, calls };
}

function knownOf(list: readonly Idea[], memory: Memory, files: readonly SourceFile[]): Known {
  const watched = watchedFor(list, memory);
  const agreement = list.map((_, index) =>
    agreementWith(memory.examples, watched.calls, (one) => one.after[index]),
  );
  const textOf = (path: string) => files.find((file) => file.path === path)?.text ?? '';
  return { ideas: list, behaviour: behaviourOf(watched, list.length), agreement, textOf };
}

/**
 * Changes that take behaviour away come after all others, whatever else speaks for them: by their kind, or because every input
 * gives one result. Then those that add type errors; equal ones keep the order of the text.
 */
function ordered(list: readonly Idea[], memory: Memory, { confidence, files }: AssessParts) {
  const known = knownOf(list, memory, files);
  const scores = rankFeatures(known).map((features) => rankScore(features, confidence));
  const belief = beliefs(scores);
  const { groups } = known.behaviour;
  return list
    .map((idea, index) => ({
      idea,
      blunt: Number(isBlunt(idea)) + (known.behaviour.uniform[index] ?? 0),
      mistyped: Number((memory.typeErrors.get(idea) ?? 0) > 0),
      score: scores[index] ?? 0,
      groupBelief: belief.reduce((sum, one, other) => (groups[other] === groups[index] ? sum + one : sum), 0),
    }))
    .sort(
      (a, b) =>
        Math.min(1, a.blunt) - Math.min(1, b.blunt) ||
        a.mistyped - b.mistyped ||
        a.score - b.score ||
        (a.idea.edits[0]?.start ?? 0) - (b.idea.edits[0]?.start ?? 0),
    );
}

const MAX_DOCUMENT = 60_000;

/** Comments and docstrings of the changed files, and the README. */
async function documents(
  { request, files, family }: AssessParts,
  plausible: readonly Idea[],
): Promise<string[]> {
  const touched = files.filter((file) => plausible.some((idea) => idea.file === file.path));
  const pattern = REPAIR_LANGUAGES[family].comments;
  const texts = touched.map((file) => (file.text.match(pattern) ?? []).join('\n').slice(0, MAX_DOCUMENT));
  const readme = await request.workspace.read('README.md').catch(() => '');
  return [...texts, readme.slice(0, MAX_DOCUMENT)];
}
