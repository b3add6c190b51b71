// Judges candidates: in warm processes where they reproduce what the project's own runner said, else by that runner.
import type { TextEdit } from '#contracts/edit.ts';
import type { TestReport, TestResult } from '#contracts/tests.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Sandbox } from '#sandbox/runner.ts';
import type { Idea } from './enumerate.ts';
import type { SurveyReply, TestOutcome, TryReply, Wanted } from './harness/protocol.ts';
import { createHarnessSession, type HarnessSession } from './harness-session.ts';
import { createObserver, type Observer } from './observer.ts';
import type { RepairRequest, TestSelection } from './request.ts';
import { sessionParts } from './session-parts.ts';
import type { Probes, Sources } from './sources.ts';
import { type WarmPlan, warmPlanOf } from './warm-plan.ts';
import { guardedLoops, intoWoven } from './weave.ts';

export interface Judge {
  readonly kind: 'warm' | 'command';
  /** Coverage of every test; null when there is none. */
  readonly survey: SurveyReply | null;
  isTarget(test: TestOutcome): boolean;
  /** Verdicts in the order of the ideas; shorter only after the signal. */
  judge(ideas: readonly Idea[], effort: Effort, signal?: AbortSignal): Promise<Verdict[]>;
  readonly notes: readonly string[];
  /** Starts a second process in the background; it is used when two are asked for. */
  prepareSecond(signal?: AbortSignal): void;
  /** What functions do on given arguments; null when candidates are judged by the project's command. */
  readonly observer: Observer | null;
  close(): Promise<void>;
}

export interface Effort {
  /** Loop turns that one test may take at least; more when passing tests take more today. */
  readonly ticks: number;
  /** Processes to use. */
  readonly sessions: number;
  /** Asked again because they were slow: every limit is the widest. */
  readonly patient?: boolean;
}

export type Verdict = Pick<TryReply, 'verdict' | 'fixed' | 'failed' | 'lines' | 'switched'>;

/** Enough for most suites; asked again with many when a test that passes needs more. */
const SURVEY_TICKS = 100_000;
const MANY_SURVEY_TICKS = 20_000_000;
const SURVEY_TIMEOUT_MS = 20_000;
const SURVEY_SHARE = 0.25;
/** One candidate takes at most this part of the budget. */
const CANDIDATE_SHARE = 0.1;
/** One of the few that are tried again because they were slow, where nearly all are judged with narrow limits. */
const PATIENT_SHARE = 0.3;
/** A test may take this many times what all took on the unchanged tree, and this much more. */
const TIME_FACTOR = 4;
const TIME_MARGIN_MS = 200;
const MAX_TIMEOUT_MS = 10_000;
/** Taken for the duration of a suite that does not end. */
const HUNG_MS = 100;
const TICK_FACTOR = 4;

export interface JudgeInput {
  readonly request: RepairRequest;
  readonly sources: Sources;
  readonly probes: Probes;
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  /** Null when the search was cancelled meanwhile. */
  readonly askRunner: AskRunner;
}

export type AskRunner = (
  edits: readonly TextEdit[],
  only: TestSelection | null,
) => Promise<TestReport | null>;

export async function createJudge(input: JudgeInput, signal?: AbortSignal): Promise<Judge> {
  const { request } = input;
  const plan = await warmPlanOf(request.plan, [...request.failing, ...request.passing], request.workspace);
  if (plan === null)
    return commandJudge(input, [
      'this test runner is not run warm: candidates are judged by its own command',
    ]);
  const warm = await warmJudge(input, plan, signal);
  return (
    warm ??
    commandJudge(input, [
      'the warm test process did not reproduce the failing tests: candidates are judged by the command',
    ])
  );
}

/** A power of two, so that a slower run of the same tests mostly gives the same limit. */
function usualTimeoutMs(request: RepairRequest, base: SurveyReply): number {
  return Math.min(
    Math.ceil(request.budget.wallMs * CANDIDATE_SHARE),
    2 ** Math.ceil(Math.log2(passedMs(base) * TIME_FACTOR + TIME_MARGIN_MS)),
    MAX_TIMEOUT_MS,
  );
}

async function warmJudge(input: JudgeInput, plan: WarmPlan, signal?: AbortSignal): Promise<Judge | null> {
  const { request, sources, probes } = input;
  const parts = await sessionParts(input, plan);
  const sessions = [createHarnessSession(parts)];
  const first = sessions[0] as HarnessSession;
  const surveyMs = Math.ceil(Math.min(SURVEY_TIMEOUT_MS, request.budget.wallMs * SURVEY_SHARE));
  const few = { timeoutMs: surveyMs, ticks: SURVEY_TICKS };
  // Python's harness traces the files as they are: one survey gives both the base line and the coverage.
  const traced = plan.family === 'python';
  const plain = traced ? { sources: probes.sources, cover: true } : { sources: {}, cover: false };
  const quick = await first.survey({ ...plain, ...few }, signal);
  const limits = needsMore(request, quick) ? { ...few, ticks: MANY_SURVEY_TICKS } : few;
  const base = limits === few ? quick : await first.survey({ sources: {}, cover: false, ...limits }, signal);
  const targets = base?.ok === true ? targetsOf(request, plan, base.tests) : null;
  if (base === null || targets === null) {
    await first.close();
    return null;
  }
  const survey = traced
    ? withProbes(base, quick)
    : await first.survey({ sources: probes.sources, cover: true, ...limits }, signal);
  const timeoutMs = usualTimeoutMs(request, base);
  const limited = traced ? { usual: usualTicks(base) } : {};
  const guards = new Map(sources.files.map((file) => [file.path, file.guarded.insertions]));
  return {
    kind: 'warm',
    survey: survey?.ok === true ? survey : null,
    isTarget: targets.isTarget,
    notes: targets.notes,
    prepareSecond: (stop) => {
      if (sessions.length > 1) return;
      sessions.push(createHarnessSession(parts));
      sessions[1]?.warmUp(stop);
    },
    judge: async (ideas, effort, stop) => {
      while (sessions.length < effort.sessions) sessions.push(createHarnessSession(parts));
      const candidates = ideas.map((idea, id) => ({
        id,
        edits: intoWoven(idea.edits, guards.get(idea.file) ?? []).map(
          (edit) => [idea.file, edit.start, edit.end, guardedLoops(edit.text, plan.family)] as const,
        ),
      }));
      const { failing, passing } = targets;
      // With limits of their own, only a test that is tried again may take what the slowest takes.
      const own = traced && effort.patient !== true;
      const ticks = own ? effort.ticks : Math.max(effort.ticks, base.ticks * TICK_FACTOR);
      const limitMs = own
        ? Math.min(timeoutMs, hastyMs(base))
        : traced
          ? Math.ceil(request.budget.wallMs * PATIENT_SHARE)
          : timeoutMs;
      const message = { timeoutMs: limitMs, ticks, ...limited, failing, passing };
      const share = Math.ceil(candidates.length / effort.sessions);
      const answers = await Promise.all(
        sessions.slice(0, effort.sessions).map((session, index) => {
          const own = candidates.slice(index * share, (index + 1) * share);
          return session.tryAll({ ...message, candidates: own }, stop);
        }),
      );
      return inOrder(answers, share);
    },
    observer: createObserver(first, { timeoutMs: surveyMs, testTicks: base.ticks, tests: targets }),
    close: () => Promise.all(sessions.map((session) => session.close())).then(() => undefined),
  };
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

/** What is not worth a limit of its own, in ticks: every candidate may take more. */
const FEW_USUAL_TICKS = 200;

function usualTicks(base: SurveyReply): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { file, path, ticks } of base.tests)
    if (ticks !== undefined && ticks > FEW_USUAL_TICKS) found[keyOf(file, path.join(' › '))] = ticks;
  return found;
}

/** Processor time in which a candidate that is no slower than the program is surely judged; slow ones come again. */
function hastyMs(base: SurveyReply): number {
  return Math.max(HASTY_MS, Math.ceil(passedMs(base) * 2));
}

const HASTY_MS = 60;

/** A test that passes with the project's runner met the tick limit in the warm process. */
function needsMore(request: RepairRequest, survey: SurveyReply | null): boolean {
  const passing = new Set(request.passing.map((test) => keyOf(test.file, test.name)));
  return (survey?.tests ?? []).some(
    (test) => passing.has(keyOf(test.file, test.path.join(' › '))) && /tick limit/.test(test.error ?? ''),
  );
}

/** Answers up to the first gap: a cancelled session leaves one. */
function inOrder(answers: readonly TryReply[][], share: number): Verdict[] {
  const ordered: Verdict[] = [];
  for (const own of answers) {
    ordered.push(...own);
    if (own.length < share) break;
  }
  return ordered;
}

function passedMs(base: SurveyReply): number {
  const hung = base.tests.some(
    (test) => test.status === 'failed' && /tick limit|time limit/.test(test.error ?? ''),
  );
  return hung ? HUNG_MS : base.durationMs;
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
  const status = new Map(tests.map((test) => [keyOf(test.file, test.path.join(' › ')), test.status]));
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
  if (plan.family === 'python') failing.sort((a, b) => cost(a) - cost(b));
  const loadFailures = [...unloadable].filter((file) => request.failing.some((test) => test.file === file));
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

function keyOf(file: string | null, name: string): string {
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

/** One run of the project's command for each candidate: slow, but true for any runner. */
function commandJudge({ request, askRunner }: JudgeInput, notes: readonly string[]): Judge {
  const files = [...new Set(request.failing.flatMap((test) => (test.file === null ? [] : [test.file])))];
  const only = files.length > 0 ? { files } : null;
  const wanted = new Set(request.failing.map((test) => test.id));
  return {
    kind: 'command',
    survey: null,
    isTarget: () => false,
    notes,
    judge: async (ideas, _effort, signal) => {
      const verdicts: Verdict[] = [];
      for (const idea of ideas) {
        if (signal?.aborted === true) break;
        const report = await askRunner(
          idea.edits.map((edit) => ({ ...edit, file: idea.file })),
          only,
        );
        if (report === null) break;
        const passed = report.tests.filter((test) => test.status === 'passed').map((test) => test.id);
        const failed = report.tests.find((test) => test.status === 'failed');
        const fixed = passed.filter((id) => wanted.has(id));
        const pass = report.outcome === 'ran' && failed === undefined && fixed.length === wanted.size;
        verdicts.push({ verdict: pass ? 'pass' : 'fail', fixed, failed: failed?.id ?? null, lines: [] });
      }
      return verdicts;
    },
    prepareSecond: () => undefined,
    observer: null,
    close: async () => undefined,
  };
}
