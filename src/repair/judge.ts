// Judges candidates: in warm processes where they reproduce what the project's own runner said, else by that runner.
import type { TextEdit } from '#contracts/edit.ts';
import type { TestReport } from '#contracts/tests.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Sandbox } from '#sandbox/runner.ts';
import type { Idea } from './enumerate.ts';
import type { SurveyReply, TestOutcome, TryReply } from './harness/protocol.ts';
import { createHarnessSession } from './harness-session.ts';
import { REPAIR_LANGUAGES } from './languages.ts';
import { createObserver, type Observer } from './observer.ts';
import type { RepairRequest, TestSelection } from './request.ts';
import { sessionParts } from './session-parts.ts';
import type { Probes, Sources } from './sources.ts';
import { inTime, keyOf, surveyed, whyNotReproduced } from './survey.ts';
import { type WarmPlan, warmPlanOf } from './warm-plan.ts';
import { intoWoven } from './weave.ts';

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
  const tests = [...request.failing, ...request.passing];
  const { plan, reason } = await warmPlanOf(request.plan, tests, request.workspace);
  if (plan === null)
    return commandJudge(input, [
      `the tests are not run warm: ${reason}; candidates are judged by the project's own command`,
    ]);
  const warm = await warmJudge(input, plan, signal);
  if ('kind' in warm) return warm;
  const why = warm.reason === null ? '' : ` (${warm.reason})`;
  return commandJudge(input, [
    `the warm test process did not reproduce the failing tests${why}: candidates are judged by the command`,
  ]);
}

/** A power of two, so that a slower run of the same tests mostly gives the same limit. */
function usualTimeoutMs(request: RepairRequest, base: SurveyReply): number {
  return Math.min(
    Math.ceil(request.budget.wallMs * CANDIDATE_SHARE),
    2 ** Math.ceil(Math.log2(passedMs(base) * TIME_FACTOR + TIME_MARGIN_MS)),
    MAX_TIMEOUT_MS,
  );
}

/** The judge, or why the warm process cannot be one. */
async function warmJudge(
  input: JudgeInput,
  plan: WarmPlan,
  signal?: AbortSignal,
): Promise<Judge | { readonly reason: string | null }> {
  const { request, sources } = input;
  const parts = await sessionParts(input, plan);
  const first = createHarnessSession(parts);
  const sessions = [first];
  const surveyMs = Math.ceil(Math.min(SURVEY_TIMEOUT_MS, request.budget.wallMs * SURVEY_SHARE));
  const language = REPAIR_LANGUAGES[plan.family];
  // A harness that counts lines of the files as they are gives both the base line and the coverage in one survey.
  const traced = language.coverage === 'lines';
  const { base, targets, survey } = await inTime(input, signal, (stop) =>
    surveyed(input, { first, plan, surveyMs, traced }, stop),
  );
  // What was cut short would answer later, in place of something else: the process is begun anew when it is used.
  if (survey === null) await first.close();
  if (base === null || targets === null) return { reason: whyNotReproduced(request, base) };
  if (plan.afterBuild && !runsSources(survey, targets.isTarget)) {
    await first.close();
    return { reason: 'they do not run the source files, but what is built of them' };
  }
  const timeoutMs = usualTimeoutMs(request, base);
  const limited = traced ? { usual: usualTicks(base) } : {};
  const guards = new Map(sources.files.map((file) => [file.path, file.guarded.insertions]));
  return {
    kind: 'warm',
    survey: survey?.ok === true ? survey : null,
    isTarget: targets.isTarget,
    notes: [...plan.notes, ...targets.notes],
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
          (edit) => [idea.file, edit.start, edit.end, language.grammar.guards.guarded(edit.text)] as const,
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
    observer: !language.observes
      ? null
      : createObserver(first, { timeoutMs: surveyMs, testTicks: base.ticks, tests: targets }),
    close: () => Promise.all(sessions.map((session) => session.close())).then(() => undefined),
  };
}

/** Whether a failing test is seen to run code of a file that may be changed. */
function runsSources(survey: SurveyReply | null, isTarget: (test: TestOutcome) => boolean): boolean {
  return (survey?.tests ?? []).some((test) => isTarget(test) && (test.probes ?? []).length > 0);
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
