// The survey of the unchanged tree in a warm process: which results it reproduces, and what each test runs.
import { FILE_TEST, type TestResult } from '#contracts/tests.ts';
import type { Clock } from '#foundation/clock.ts';
import type { SurveyReply, TestOutcome, Wanted } from './harness/protocol.ts';
import type { HarnessSession } from './harness-session.ts';
import { REPAIR_LANGUAGES } from './languages.ts';
import type { RepairRequest } from './request.ts';
import type { Probes } from './sources.ts';
import type { WarmPlan } from './warm-plan.ts';

/** Enough for most suites; asked again with many when a test that passes needs more. */
const SURVEY_TICKS = 100_000;
const MANY_SURVEY_TICKS = 20_000_000;
/** Every statement counts in the text with probes, and not only every turn. */
const PROBES_PER_TICK = 20;

interface SurveyInput {
  readonly request: RepairRequest;
  readonly probes: Probes;
  readonly clock: Clock;
}

interface Surveyed {
  readonly base: SurveyReply | null;
  /** Null when the failing tests are not reproduced. */
  readonly targets: Targets | null;
  /** With coverage. */
  readonly survey: SurveyReply | null;
}

/** The base line first, with more turns where a passing test needs them; then the coverage. */
export async function surveyed(
  { request, probes, clock }: SurveyInput,
  how: { first: HarnessSession; plan: WarmPlan; surveyMs: number; traced: boolean },
  stop: AbortSignal,
): Promise<Surveyed> {
  const { first, plan, surveyMs, traced } = how;
  const enough = { ms: Math.ceil(request.budget.wallMs * ENOUGH_SHARE), entries: plan.failingEntries };
  const few = { timeoutMs: surveyMs, ticks: SURVEY_TICKS, enough };
  const plain = traced ? { sources: probes.sources, cover: true } : { sources: {}, cover: false };
  const quick = await first.survey({ ...plain, ...few }, stop);
  const limits = needsMore(request, quick) ? { ...few, ticks: MANY_SURVEY_TICKS } : few;
  const base = limits === few ? quick : await first.survey({ sources: {}, cover: false, ...limits }, stop);
  const targets = base?.ok === true ? targetsOf(request, plan, base.tests) : null;
  if (base === null || targets === null) return { base, targets: null, survey: null };
  const survey = traced
    ? withProbes(base, quick)
    : await first.survey(
        { ...limits, sources: probes.sources, cover: true, ticks: limits.ticks * PROBES_PER_TICK },
        stop,
      );
  if (survey === null) return { base, targets, survey };
  const limitMs = clock.monotonicMs() + request.budget.wallMs * ORDER_SHARE;
  const isLate = () => stop.aborted || clock.monotonicMs() >= limitMs;
  const ordered = await inOrderWhereNeeded(targets, { session: first, isLate }, stop);
  // An answer that is still on its way would be taken for that to the next question.
  if (stop.aborted) await first.close();
  return { base, targets: ordered, survey };
}

/** Of the budget, for one survey: after that, files without a failing test are left to the final check. */
const ENOUGH_SHARE = 0.15;
/** Of the budget, for finding out which tests build on one another. */
const ORDER_SHARE = 0.1;
/** Surveys may take this part of the budget in all: what they did not get to see, the search does without. */
const SURVEYS_SHARE = 0.5;
/** What big suites need to be loaded at all; with a small budget, nearly all of it. */
const SURVEYS_FLOOR = { ms: 10_000, share: 0.8 } as const;

export async function inTime<T>(
  { clock, request }: SurveyInput,
  signal: AbortSignal | undefined,
  work: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  const { wallMs } = request.budget;
  const floorMs = Math.min(SURVEYS_FLOOR.ms, wallMs * SURVEYS_FLOOR.share);
  clock.sleep(Math.ceil(Math.max(wallMs * SURVEYS_SHARE, floorMs)), done.signal).then(
    () => over.abort(),
    () => undefined,
  );
  try {
    return await work(signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]));
  } finally {
    done.abort();
  }
}

/** Tracing makes long tests longer still: what the first, short survey saw of each is enough. */
function withProbes(base: SurveyReply, traced: SurveyReply | null): SurveyReply {
  const probes = new Map(
    (traced?.tests ?? []).map((test) => [keyOf(test.file, test.path.join(' › ')), test.probes ?? []]),
  );
  const tests = base.tests.map((test) => ({
    ...test,
    probes: probes.get(keyOf(test.file, test.path.join(' › '))) ?? [],
  }));
  return { ...base, tests };
}

/** A test that passes with the project's runner met the tick limit in the warm process. */
function needsMore(request: RepairRequest, survey: SurveyReply | null): boolean {
  const passing = new Set(request.passing.map((test) => keyOf(test.file, test.name)));
  return (survey?.tests ?? []).some(
    (test) => passing.has(keyOf(test.file, test.path.join(' › '))) && /tick limit/.test(test.error ?? ''),
  );
}

interface Targets {
  readonly failing: readonly Wanted[];
  readonly passing: readonly Wanted[];
  readonly isTarget: (test: TestOutcome) => boolean;
  readonly notes: readonly string[];
}

/** Which of the warm results are the tests to be mended; null when the failing ones are not reproduced. */
function targetsOf(request: RepairRequest, plan: WarmPlan, tests: readonly TestOutcome[]): Targets | null {
  if (plan.runner === 'command') {
    const failed = tests.filter((test) => test.status === 'failed').map((test) => test.file);
    if (failed.length === 0) return null;
    const wanted = (files: readonly string[]) => files.map((file) => ({ file, names: null, required: [] }));
    const others = plan.entries.map((entry) => entry.file).filter((file) => !failed.includes(file));
    return {
      failing: wanted(failed),
      passing: wanted(others),
      isTarget: (test) => failed.includes(test.file),
      notes: [],
    };
  }
  const status = new Map<string, TestOutcome['status']>();
  for (const test of tests) {
    const key = keyOf(test.file, test.path.join(' › '));
    // Of several tests with one name, the failing one counts.
    if (status.get(key) !== 'failed') status.set(key, test.status);
  }
  const unloadable = new Set(
    tests.filter((test) => test.path.length === 0 && test.status === 'failed').map((test) => test.file),
  );
  const named = request.failing.filter((test) => status.get(keyOf(test.file, test.name)) === 'failed');
  // A runner that was stopped, or could not load a file, names the file only: then what fails in it warm is meant.
  const vague = request.failing
    .filter((test) => !status.has(keyOf(test.file, test.name)))
    .map((test) => test.file);
  const known = new Set(named.map((test) => keyOf(test.file, test.name)));
  const guessed = tests
    .filter((test) => test.status === 'failed' && test.path.length > 0 && vague.includes(test.file))
    .map((test) => ({ file: test.file, name: test.path.join(' › ') }))
    .filter((test) => !known.has(keyOf(test.file, test.name)));
  // What is judged fast is judged first: most candidates fail there, and the slow tests never run.
  const ticks = new Map(tests.map((test) => [keyOf(test.file, test.path.join(' › ')), test.ticks]));
  const cost = (test: Pick<TestResult, 'file' | 'name'>) =>
    ticks.get(keyOf(test.file, test.name)) ?? Number.MAX_SAFE_INTEGER;
  const failing = [...named, ...guessed];
  if (REPAIR_LANGUAGES[plan.family].coverage === 'lines') failing.sort((a, b) => cost(a) - cost(b));
  const loadFailures = [...unloadable].filter((file) =>
    request.failing.some((test) => test.file === file && test.name === FILE_TEST),
  );
  if (failing.length === 0 && loadFailures.length === 0) return null;
  const passing = request.passing.filter((test) => status.get(keyOf(test.file, test.name)) === 'passed');
  const keys = new Set(failing.map((test) => keyOf(test.file, test.name)));
  const lost = request.passing.length - passing.length + (request.failing.length - named.length);
  const notes =
    lost > 0 && loadFailures.length === 0
      ? [`${lost} tests behave otherwise in the warm process; only the final check runs them`]
      : [];
  const failingWanted = grouped(failing);
  for (const file of loadFailures) failingWanted.push({ file, names: null, required: [] });
  return {
    failing: failingWanted,
    passing: grouped([...passing, ...failing]),
    isTarget: (test) =>
      keys.has(keyOf(test.file, test.path.join(' › '))) ||
      (loadFailures.includes(test.file) && test.status === 'failed'),
    notes,
  };
}

const MAX_REASON_CHARS = 200;

/** Why the failing tests are not reproduced, where the process can tell: what it lacks, or why a file does not load. */
export function whyNotReproduced(request: RepairRequest, base: SurveyReply | null): string | null {
  if (base === null || base.reason !== null) return base?.reason ?? null;
  const files = new Set(request.failing.map((test) => test.file));
  const found = base.tests.find((test) => test.path.length === 0 && files.has(test.file));
  const lines = (found?.error ?? '').split('\n').filter((line) => line.trim() !== '');
  // Of an error of syntax, the place comes first, and what it is later.
  const said = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0];
  return said?.slice(0, MAX_REASON_CHARS) ?? null;
}

export function keyOf(file: string | null, name: string): string {
  return `${file ?? ''} › ${name}`;
}

function grouped(tests: readonly { file: string | null; name: string }[]): Wanted[] {
  const files = new Map<string, string[]>();
  for (const { file, name } of tests) if (file !== null) files.set(file, [...(files.get(file) ?? []), name]);
  return [...files].map(([file, names]) => ({ file, names: withPrefixes(names), required: names }));
}

/** A sub-test runs inside its parents, so these are wanted too. */
function withPrefixes(names: readonly string[]): string[] {
  const all = new Set<string>();
  for (const name of names) {
    const parts = name.split(' › ');
    for (let length = 1; length <= parts.length; length += 1) all.add(parts.slice(0, length).join(' › '));
  }
  return [...all];
}

/** Tests that are run alone to find out whether they can be. */
const MAX_ALONE = 24;
const ALONE = { timeoutMs: 400, ticks: SURVEY_TICKS } as const;

/**
 * The targets, with the tests before them where a file's tests build on one another: a failing test that is run alone
 * there fails whatever is changed. Found out on the unchanged tree, with tests that pass in their order.
 */
async function inOrderWhereNeeded(
  targets: Targets,
  { session, isLate }: { session: HarnessSession; isLate: () => boolean },
  stop: AbortSignal,
): Promise<Targets> {
  const bound = new Set<string>();
  const unchanged = [{ id: 0, edits: [] }];
  for (const { file } of targets.failing.filter(({ names }) => names !== null)) {
    const required = targets.failing.find((one) => one.file === file)?.required ?? [];
    const passing = (targets.passing.find((one) => one.file === file)?.required ?? []).filter(
      (name) => !required.includes(name),
    );
    // The later ones are the likelier to need what came before.
    for (const name of passing.slice(-MAX_ALONE)) {
      if (isLate()) break;
      const alone = { file, names: withPrefixes([name]), required: [name] };
      const [reply] = await session.tryAll(
        { ...ALONE, failing: [alone], passing: [], candidates: unchanged },
        stop,
      );
      if (reply?.verdict === 'fail') bound.add(file);
      if (reply?.verdict !== 'pass') break;
    }
  }
  if (bound.size === 0) return targets;
  const failing = targets.failing.map((one) => {
    if (!bound.has(one.file) || one.names === null) return one;
    const others = targets.passing.find(({ file }) => file === one.file)?.names ?? [];
    return { ...one, names: [...new Set([...others, ...one.names])] };
  });
  return { ...targets, failing };
}
