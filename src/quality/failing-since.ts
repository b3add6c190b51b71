// Since when do these tests fail? A bounded search of first-parent history: big steps back, then halving.
import type { CommandLimits } from '#contracts/command.ts';
import type { TestPlan } from '#contracts/tests.ts';
import type { Clock } from '#foundation/clock.ts';
import { errorCode, errorMessage } from '#foundation/errors.ts';
import { plural } from '#foundation/text.ts';
import type { CommitSummary } from '#sandbox/git.ts';
import { type HostParts, repeatPlan } from './host-run.ts';
import { outcomeWords, targetStatus } from './verdict.ts';

export interface FailingSinceRequest {
  readonly repository: string;
  /** The commit on which the tests are known to fail. */
  readonly commit: string;
  readonly plan: TestPlan;
  /** Ids of failing tests; the search stops at the commit since which any of them fails. */
  readonly failing: readonly string[];
  /** Their files where known: only these are run at each probe. */
  readonly files?: readonly string[];
  readonly limits: CommandLimits;
  readonly bounds?: Partial<FailingSinceBounds>;
}

export interface FailingSinceBounds {
  /** History looked at; 256 by default. */
  readonly maxCommits: number;
  /** Test runs; 8 by default. */
  readonly maxProbes: number;
  /** Wall time of the whole search; 30,000 by default. */
  readonly wallMs: number;
}

export type FailingSince =
  | {
      readonly kind: 'commit';
      readonly commit: string;
      readonly subject: string;
      /** ISO 8601. */
      readonly date: string;
    }
  /** Still failing at the oldest commit that was tried. */
  | { readonly kind: 'before'; readonly commits: number }
  | { readonly kind: 'unknown'; readonly reason: string };

type Parts = HostParts & { readonly clock: Clock };

const DEFAULT_BOUNDS: FailingSinceBounds = { maxCommits: 256, maxProbes: 8, wallMs: 30_000 };

/** @throws AppError CANCELLED. Whatever else goes wrong is `unknown` with its reason. */
export async function failingSince(
  parts: Parts,
  request: FailingSinceRequest,
  signal?: AbortSignal,
): Promise<FailingSince> {
  try {
    return await search(createProbe(parts, request, signal));
  } catch (error) {
    if (signal?.aborted || errorCode(error) === 'CANCELLED') throw error;
    return { kind: 'unknown', reason: errorMessage(error) };
  }
}

interface Probe {
  readonly bounds: FailingSinceBounds;
  history(): Promise<readonly CommitSummary[]>;
  /** Whether one of the tests fails on that commit; a sentence when that cannot be said. */
  fails(commit: CommitSummary): Promise<boolean | string>;
  /** The bound that was hit, in words; null while there is room. */
  exhausted(): string | null;
}

/** Doubles its steps into the past while the tests fail, then halves the gap. Index 0 is known to fail. */
async function search(probe: Probe): Promise<FailingSince> {
  const history = await probe.history();
  const complete = history.length <= probe.bounds.maxCommits;
  const oldest = Math.min(history.length - 1, probe.bounds.maxCommits);
  let failing = 0;
  let sound: number | null = null;
  for (let step = 1; sound === null && failing < oldest; step *= 2) {
    const bound = probe.exhausted();
    const asked = history[Math.min(step, oldest)];
    if (bound !== null || asked === undefined) return before(failing, bound ?? 'the history ended');
    const fails = await probe.fails(asked);
    if (typeof fails === 'string') return failing > 0 ? before(failing, fails) : unknown(fails);
    if (fails) failing = Math.min(step, oldest);
    else sound = Math.min(step, oldest);
  }
  if (sound === null && !complete) return before(failing, '');
  return await halve(probe, history, { failing, sound: sound ?? failing + 1 });
}

async function halve(
  probe: Probe,
  history: readonly CommitSummary[],
  gap: { failing: number; sound: number },
): Promise<FailingSince> {
  let { failing, sound } = gap;
  while (sound - failing > 1) {
    const middle = history[Math.floor((failing + sound) / 2)];
    const bound = probe.exhausted();
    const fails = bound === null && middle !== undefined ? await probe.fails(middle) : bound;
    if (typeof fails !== 'boolean') {
      const range = `somewhere in the ${sound - failing} commits up to ${short(history[failing])}`;
      return unknown(`${range}: ${fails ?? 'the history ended'}`);
    }
    const at = Math.floor((failing + sound) / 2);
    if (fails) failing = at;
    else sound = at;
  }
  const first = history[failing];
  if (first === undefined) return unknown('the commit has no history');
  return { kind: 'commit', commit: first.commit, subject: first.subject, date: first.authoredAt };
}

function createProbe(parts: Parts, request: FailingSinceRequest, signal?: AbortSignal): Probe {
  const bounds = { ...DEFAULT_BOUNDS, ...request.bounds };
  const startedMs = parts.clock.monotonicMs();
  const leftMs = (): number => Math.floor(bounds.wallMs - (parts.clock.monotonicMs() - startedMs));
  let probes = 0;
  return {
    bounds,
    history: () => parts.git.history(request.repository, request.commit, bounds.maxCommits + 1),
    exhausted: () => {
      if (probes >= bounds.maxProbes) return `the limit of ${plural(bounds.maxProbes, 'test run')} was hit`;
      return leftMs() < 1 ? `the limit of ${bounds.wallMs} ms was hit` : null;
    },
    fails: async ({ commit }) => {
      const files = await presentFiles(parts, request, commit);
      // Tests that were not there yet did not fail; no run is needed to say so.
      if (files !== null && files.length === 0) return false;
      probes += 1;
      const limits = { ...request.limits, wallMs: Math.max(1, Math.min(request.limits.wallMs, leftMs())) };
      const { repository, plan } = request;
      const only = files === null ? {} : { files };
      const task = { repository, commit, plan, limits, times: 1, only };
      const [report] = await repeatPlan(parts, task, signal);
      if (report === undefined) return 'the tests were not run';
      const outcomes = request.failing.map((id) => targetStatus(report, id));
      if (outcomes.includes('failed')) return true;
      if (report.outcome === 'ran' || report.outcome === 'no-tests') return false;
      return `on ${commit.slice(0, 10)} the tests gave no result (${outcomeWords(report)})`;
    },
  };
}

/** The asked files that exist on the commit; null when no files are known and everything has to be run. */
async function presentFiles(
  parts: Parts,
  request: FailingSinceRequest,
  commit: string,
): Promise<string[] | null> {
  if (request.files === undefined || request.files.length === 0) return null;
  const all = new Set(await parts.git.listFiles(request.repository, commit));
  return request.files.filter((file) => all.has(file));
}

function before(commits: number, reason: string): FailingSince {
  return commits > 0 ? { kind: 'before', commits } : unknown(reason);
}

function unknown(reason: string): FailingSince {
  return { kind: 'unknown', reason };
}

function short(commit: CommitSummary | undefined): string {
  return commit?.commit.slice(0, 10) ?? 'the start';
}
