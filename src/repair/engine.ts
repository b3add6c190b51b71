// The model-free coder's face: from failing tests to small changes that make them pass, best first.

import { familyOf } from '#code/languages.ts';
import { createSyntaxReader } from '#code/syntax.ts';
import type { Candidate } from '#contracts/edit.ts';
import { FILE_TEST, type TestReport, type TestResult } from '#contracts/tests.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Log } from '#foundation/log.ts';
import type { Sandbox } from '#sandbox/runner.ts';
import { type Assessor, type AssessParts, createAssessor } from './assess/assess.ts';
import { type Confidence, type ConfidenceTable, readConfidence } from './assess/confidence.ts';
import { tallyOf } from './assess/tally.ts';
import { createTypeChecker } from './assess/type-check.ts';
import { CLUES } from './clues.ts';
import { changeDigest, editsAreDisjoint } from './edits.ts';
import { candidateOf, createIdeaQueue, type Idea, type Located, type SpaceOptions } from './enumerate.ts';
import type { Pointer } from './imports.ts';
import { type AskRunner, createJudge, type Judge } from './judge.ts';
import { REPAIR_LANGUAGES } from './languages.ts';
import { createAdvice } from './learn/propose.ts';
import { learnedUses, NOTHING_LEARNED } from './learned.ts';
import { type FaultMap, locateFault } from './locate.ts';
import { reachMap } from './reach.ts';
import type { RepairEngine, RepairOutcome, RepairRequest } from './request.ts';
import { judgeUnchanged, search } from './search.ts';
import { createSequels, type Sequels } from './sequels.ts';
import { lineAt, type Probes, probesOf, readSources, type Sources } from './sources.ts';
import { createHorizon, type Horizon, rememberTried, shortDigest } from './tried.ts';

export type { RepairEngine, RepairOutcome, RepairProgress } from './request.ts';

export interface RepairEngineParts {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly log: Log;
  /** Weights for the order and the probability; those that come with the program when not given. */
  readonly confidence?: ConfidenceTable;
}

const MAX_IDEAS = 120_000;
/** Left out like a template, to see what second changes are worth. */
const TWO_EDITS = 'two-edits';
const OVERTIME_MS = 500;
const MAX_TEST_STRINGS = 15;
/** Plausible candidates that the project's own runner is asked about, before the search goes on. */
const MAX_CONFIRMED = 4;
/** Of the budget, kept for the project's own runner once there is something to ask it. */
const CONFIRM_SHARE = 0.12;
const MAX_CONFIRM_MS = 4_000;

/** The engine. One search at a time uses up to two processes of the sandbox, and leaves none behind. */
export function createRepairEngine(parts: RepairEngineParts): RepairEngine {
  return {
    repair: async (given, signal) => {
      const startedMs = parts.clock.monotonicMs();
      const deadlineMs = startedMs + given.budget.wallMs;
      const horizon = createHorizon(given, { clock: parts.clock, deadlineMs });
      const request = { ...given, onProgress: horizon.onProgress };
      const limit = new AbortController();
      const stop = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
      // A candidate in the middle of a slow test shall not hold up the end of the budget.
      const overtime = parts.clock.sleep(request.budget.wallMs + OVERTIME_MS, limit.signal);
      void overtime.then(
        () => limit.abort(),
        () => undefined,
      );
      request.onProgress({ phase: 'locating', tried: 0, plausible: 0, ratePerSecond: 0 });
      const family = familyOf(request.language);
      const pointers = await pointersOf(request);
      const { workspace, sourceFiles } = request;
      const sources = await readSources(sourceFiles, family, { workspace, pointers });
      const probes = await probesOf(sources.files, family, () => parts.clock.sleep(0));
      const askRunner = runnerOf(request, stop);
      const judge = await createJudge({ request, sources, probes, askRunner, ...parts }, stop);
      const search = {
        sandbox: parts.sandbox,
        request,
        pointers,
        sources,
        probes,
        judge,
        askRunner,
        deadlineMs,
        horizon,
        clock: parts.clock,
        confidence: (parts.confidence ?? readConfidence())[REPAIR_LANGUAGES[family].weighedAs],
      };
      try {
        const outcome = await repairWith(search, stop);
        const durationMs = Math.round(parts.clock.monotonicMs() - startedMs);
        const ending = signal?.aborted === true ? 'cancelled' : outcome.ending;
        return { ...outcome, ending, durationMs };
      } finally {
        limit.abort();
        await judge.close();
        parts.log.debug({ validation: judge.kind, notes: judge.notes }, 'repair ended');
      }
    },
  };
}

interface Search {
  readonly sandbox: Sandbox;
  readonly request: RepairRequest;
  readonly pointers: readonly Pointer[];
  readonly sources: Sources;
  readonly probes: Probes;
  readonly judge: Judge;
  readonly askRunner: AskRunner;
  readonly deadlineMs: number;
  readonly horizon: Horizon;
  readonly clock: Clock;
  readonly confidence: Confidence;
}

async function repairWith(parts: Search, signal: AbortSignal): Promise<Omit<RepairOutcome, 'durationMs'>> {
  const { request, sources } = parts;
  const { files } = sources;
  const { without } = request;
  const unchanged = judgeUnchanged(parts.judge, signal);
  await parts.clock.sleep(0);
  const faults = faultMap(parts);
  const suspected = files.filter((file) => faults.files.has(file.path));
  const located = suspected.flatMap((file) =>
    file.scopes.map((scope) => ({ scope, grammar: file.grammar, suspicionOf: faults.suspicionOf })),
  );
  const learned = request.learned ?? NOTHING_LEARNED;
  const family = familyOf(request.language);
  const advice = createAdvice({ family, learned, files: suspected });
  const testStrings = await stringsOfTests(request);
  const options = { testStrings, advice, maxIdeas: MAX_IDEAS, ...(without && { without }) };
  const ideas = createIdeaQueue(located, options);
  const sequels = sequelsFor(located, options);
  const textOf = (path: string) => files.find((file) => file.path === path)?.text ?? '';
  const lineOf = (path: string, offset: number) => {
    const file = files.find((one) => one.path === path);
    return file === undefined ? 1 : lineAt(file, offset);
  };
  const toCandidate = (idea: Idea) => candidateOf(idea, textOf, lineOf(idea.file, idea.edits[0]?.start ?? 0));
  const seen = new Set(request.exclude);
  for (const file of files) seen.add(changeDigest([{ file: file.path, start: 0, end: 0, text: '' }], textOf));
  const filed = (idea: Idea) => idea.edits.map((edit) => ({ ...edit, file: idea.file }));
  const digestOf = (idea: Idea) => changeDigest(filed(idea), textOf);
  let malformed = 0;
  const admit = (idea: Idea) => {
    const { length } = textOf(idea.file);
    // A fault of ours in one change shall not end the search; it is said at the end.
    if (
      !editsAreDisjoint(idea.edits) ||
      idea.edits.some((edit) => edit.start > edit.end || edit.end > length)
    ) {
      malformed += 1;
      return false;
    }
    const digest = digestOf(idea);
    if (request.tried?.has(shortDigest(digest)) === true) return false;
    return !seen.has(digest) && Boolean(seen.add(digest));
  };
  const { judge: remembering, digests } = rememberTried(parts.judge, digestOf);
  const { judge, near } = tallyOf(remembering, lineOf);
  const assessor = assessorOf(parts, { family, observer: judge.observer, tally: { near } });
  parts.horizon.plan(ideas.expected);
  const confirm = (plausible: readonly Idea[]) =>
    confirmed(parts, { plausible, toCandidate, assessor }, signal);
  const confirmMs = Math.min(request.budget.wallMs * CONFIRM_SHARE, MAX_CONFIRM_MS);
  const found = { judge, unchanged, admit, sequels, confirm, confirmMs };
  const result = await search(ideas, { ...parts, ...found }, signal);
  const notes = [...sources.notes, ...judge.notes];
  if (malformed > 0) notes.push(`${malformed} malformed changes were left out: please report this`);
  if (ideas.cut()) notes.push(`only the ${MAX_IDEAS} most likely changes were looked at`);
  return {
    ending: result.ending,
    candidates: result.plausible.map(toCandidate),
    assessment: assessor.assess(result.plausible, { toCandidate, confirmed: result.ending === 'found' }),
    ranking: assessor.features(result.plausible),
    suspects: faults.suspects,
    tried: result.tried,
    triedByTemplate: result.triedByTemplate,
    nearMisses: result.near.map(({ idea, fixed }) => ({ candidate: toCandidate(idea), fixedTests: fixed })),
    learned: learnedUses(learned.rewrites, advice.matches, result.triedByTemplate),
    validation: judge.kind,
    notes,
    triedDigests: digests(),
  };
}

function sequelsFor(located: readonly Located[], options: SpaceOptions): Sequels | null {
  if (options.without?.has(TWO_EDITS)) return null;
  return createSequels({ located, reader: createSyntaxReader(), options });
}

function assessorOf(parts: Search, known: Pick<AssessParts, 'family' | 'observer' | 'tally'>): Assessor {
  const { files } = parts.sources;
  return createAssessor({ ...parts, ...known, files, types: createTypeChecker({ ...parts, files }) });
}

function faultMap(parts: Search): FaultMap {
  const { judge, sources, probes, pointers } = parts;
  if (judge.survey === null) return reachMap(pointers, sources.files);
  const map = locateFault(judge.survey.tests, {
    files: sources.files,
    placesOf: probes.placesOf,
    loadProbes: judge.survey.loadProbes,
    isTarget: judge.isTarget,
    pointers,
    ...(parts.request.changedLines ? { changed: parts.request.changedLines } : {}),
    without: new Set(CLUES.filter((clue) => parts.request.without?.has(clue))),
  });
  return map.suspects.length === 0 ? reachMap(pointers, sources.files) : map;
}

const MAX_POINTERS = 20;

async function pointersOf(request: RepairRequest): Promise<Pointer[]> {
  const pointers: Pointer[] = [];
  for (const { file, name, message } of request.failing.slice(0, MAX_POINTERS)) {
    if (file === null) continue;
    const text = await request.workspace.read(file).catch(() => '');
    pointers.push({ file, text, words: `${name}\n${message ?? ''}` });
  }
  return pointers;
}

/** The project's own runner; null when the search was stopped meanwhile, whether or not the runner heeds the signal. */
function runnerOf(request: RepairRequest, stop: AbortSignal): AskRunner {
  return async (edits, only) => {
    if (stop.aborted) return null;
    const heard = new AbortController();
    const cancelled = new Promise<null>((resolve) => {
      stop.addEventListener('abort', () => resolve(null), { once: true, signal: heard.signal });
    });
    try {
      return await Promise.race([request.runTests(edits, only, stop), cancelled]);
    } finally {
      heard.abort();
    }
  };
}

/** The best first that the project's own runner confirms, then the others that passed in the warm process. */
async function confirmed(
  parts: Search,
  found: {
    readonly plausible: readonly Idea[];
    readonly toCandidate: (idea: Idea) => Candidate;
    readonly assessor: Assessor;
  },
  signal: AbortSignal,
): Promise<readonly Idea[] | null> {
  const { request } = parts;
  const ranked = await found.assessor.order(found.plausible, signal);
  for (const [index, idea] of ranked.slice(0, MAX_CONFIRMED).entries()) {
    if (parts.clock.monotonicMs() >= parts.deadlineMs) return null;
    const report = await parts.askRunner(found.toCandidate(idea).edits, null);
    if (report === null) return null;
    const holds = [...request.failing, ...request.passing].every((test) => passesIn(report, test));
    if (report.outcome === 'ran' && holds) return ranked.slice(index);
  }
  return [];
}

/** A test that stood for its whole file passes when the file's own cases took its place and all of them pass. */
function passesIn(report: TestReport, test: TestResult): boolean {
  if (report.tests.some((other) => other.id === test.id && other.status === 'passed')) return true;
  const cases = report.tests.filter((other) => other.file === test.file);
  return test.name === FILE_TEST && cases.length > 0 && cases.every((other) => other.status !== 'failed');
}

/** Short string literals of the failing tests' files: what a wrong text may have to become. */
async function stringsOfTests(request: RepairRequest): Promise<string[]> {
  const files = [...new Set(request.failing.flatMap((test) => (test.file === null ? [] : [test.file])))];
  const found = new Set<string>();
  for (const file of files.slice(0, 3)) {
    const text = await request.workspace.read(file).catch(() => '');
    for (const [literal] of text.matchAll(/'[^'\\\n]{1,24}'|"[^"\\\n]{1,24}"/g)) {
      if (found.size < MAX_TEST_STRINGS) found.add(literal);
    }
  }
  return [...found];
}
