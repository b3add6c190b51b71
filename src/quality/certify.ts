// Certifies: the host re-runs a project's checks on an exact commit in clean trees and seals what it saw (design §2.1).
import { arch, platform, release } from 'node:os';
import type { Certificate } from '#contracts/certificate.ts';
import type { CommandLimits, CommandResult } from '#contracts/command.ts';
import type { TestPlan, TestReport } from '#contracts/tests.ts';
import type { Clock } from '#foundation/clock.ts';
import { plainText } from '#foundation/text.ts';
import type { Sandbox } from '#sandbox/runner.ts';
import { runCanaries } from './canary.ts';
import { sealCertificate } from './certificate-file.ts';
import {
  both,
  type HostParts,
  type HostTask,
  inCleanWorkspace,
  repeatPlan,
  runWholePlan,
} from './host-run.ts';
import { describeChecks, type Observed } from './record.ts';
import { findTampering, type TamperReport } from './tampering.ts';
import type { TestSelection } from './test-run.ts';
import {
  type Evidence,
  fileOfTest,
  type HostRun,
  isSettled,
  judge,
  outcomesOf,
  statuses,
  targetStatus,
} from './verdict.ts';
import { type VerifyReport, verifyCertificate } from './verify.ts';

export interface CertifierParts extends HostParts {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  /** Version of Cambium for the record. */
  readonly version: string;
}

export interface CertifyRequest {
  readonly repository: string;
  /** Commit that the change starts from, and the commit to check; any name of them. */
  readonly base: string;
  readonly commit: string;
  readonly branch: string;
  /** Keys or ids for the record. */
  readonly ticket: string;
  readonly run: string;
  readonly project: string;
  readonly plan: TestPlan;
  /** Ids of tests that fail on the base and that the change claims to fix. */
  readonly targets: readonly string[];
  /** Accepts changed tests; the findings are recorded all the same. */
  readonly allowTestChanges: boolean;
  readonly limits: CommandLimits;
  /** The project's build command; null or absent when it has none. */
  readonly build?: readonly string[] | null;
  /** Only a report that the host itself made in this run, of the same base, plan, limits and isolation. */
  readonly baseReport?: TestReport;
  /** Told before each step, for people who wait. */
  readonly onProgress?: (step: CertifyStep) => void;
}

export type CertifyStep = Certificate['body']['checks'][number]['name'];

export interface Certifier {
  /**
   * Runs every check and seals the outcome; a refusal is a certificate too, with its reasons.
   * @throws AppError NO_COMMIT, CANCELLED, and those of workspaces (NOT_WRITABLE, DISK_FULL).
   */
  certify(request: CertifyRequest, signal?: AbortSignal): Promise<Certificate>;
  /**
   * Checks digest and shape, then re-runs all checks on the exact commit and compares.
   * @throws AppError CERTIFICATE_INVALID, NOT_FOUND when the commit is gone, CANCELLED.
   */
  verify(certificate: unknown, repository: string, signal?: AbortSignal): Promise<VerifyReport>;
}

export interface CertifierOptions {
  /** Further runs of failing tests on the base, and of claimed ones on the commit; 2 each by default. */
  readonly reruns?: number;
}

const DEFAULT_RERUNS = 2;
const VERSION_LIMITS = { wallMs: 20_000 } as const;

/** The one way to a certificate. */
export function createCertifier(parts: CertifierParts, options: CertifierOptions = {}): Certifier {
  const reruns = options.reruns ?? DEFAULT_RERUNS;
  const run = (request: CertifyRequest, signal?: AbortSignal): Promise<Certificate> =>
    certify({ parts, reruns }, request, signal);
  return {
    certify: run,
    verify: (certificate, repository, signal) =>
      verifyCertificate({ git: parts.git, certify: run }, { certificate, repository }, signal),
  };
}

interface Bench {
  readonly parts: CertifierParts;
  readonly reruns: number;
}

async function certify(bench: Bench, asked: CertifyRequest, signal?: AbortSignal): Promise<Certificate> {
  const { parts } = bench;
  const startedAt = parts.clock.now().toISOString();
  const request: CertifyRequest = {
    ...asked,
    base: await parts.git.resolveCommit(asked.repository, asked.base),
    commit: await parts.git.resolveCommit(asked.repository, asked.commit),
  };
  const observed = await observe(bench, request, signal);
  const judgement = judge(observed.evidence);
  const { repository, base, commit, branch, ticket, run, project, plan, limits } = request;
  return sealCertificate({
    schema: 'cambium.certificate/1',
    subject: { ticket, run, project, branch, base, commit, tree: await parts.git.treeOf(repository, commit) },
    plan,
    targets: [...new Set(request.targets)].sort(),
    checks: describeChecks(observed, judgement),
    tests: [...judgement.tests],
    fixed: [...judgement.fixed],
    failingBefore: [...judgement.failingBefore],
    tampering: [...observed.evidence.tampering],
    tamperingAllowed: request.allowTestChanges,
    environment: {
      cambium: parts.version,
      platform: platform(),
      arch: arch(),
      kernel: release(),
      runtime: observed.runtime,
    },
    isolation: { rung: parts.sandbox.rung, limits },
    startedAt,
    finishedAt: parts.clock.now().toISOString(),
    verdict: judgement.verdict,
    reasons: judgement.reasons.map((reason) => reason.text),
  });
}

/** Runs everything. Nothing here decides: what was seen goes to `judge`. */
async function observe(
  { parts, reruns }: Bench,
  request: CertifyRequest,
  signal?: AbortSignal,
): Promise<Observed & { runtime: string }> {
  const { repository, base, commit, plan, limits, targets } = request;
  const tell = (step: CertifyStep): void => request.onProgress?.(step);
  const onBase: HostTask = { repository, commit: base, plan, limits };
  const onCommit: HostTask = { repository, commit, plan, limits };
  tell('tampering');
  const tampering = await findTampering(parts.git, { repository, base, commit, plan });
  tell('base-tests');
  tell('tests');
  const handedIn = request.baseReport;
  const seenBefore = handedIn && { report: handedIn, unlikeCommit: [], changedFiles: [] };
  const [baseRun, commitRun] = await both<HostRun, HostRun>(
    seenBefore ? Promise.resolve(seenBefore) : runWholePlan(parts, onBase, signal),
    runWholePlan(parts, onCommit, signal),
  );
  // Only when the run changed tracked files does it matter whether the base's own run does so too.
  const measured =
    handedIn && commitRun.changedFiles.length > 0 ? await runWholePlan(parts, onBase, signal) : baseRun;
  const first: Evidence = {
    targets,
    descends: await parts.git.isAncestor(repository, base, commit),
    base: { ...baseRun, changedFiles: measured.changedFiles },
    baseReruns: measured === baseRun ? [] : [measured.report],
    commit: commitRun,
    commitReruns: [],
    canary: null,
    tampering: tampering.findings,
    allowTestChanges: request.allowTestChanges,
    build: null,
  };
  if (isSettled(first)) {
    const { runtime } = await buildAndMeasure(parts, { ...request, build: null }, signal);
    return { evidence: first, canary: null, build: null, runtime };
  }
  return await observeFurther({ parts, reruns }, { request, first, tampering }, signal);
}

interface Further {
  readonly request: CertifyRequest;
  readonly first: Evidence;
  readonly tampering: TamperReport;
}

/** Re-runs, canaries and build: for commits that may still pass. */
async function observeFurther(
  { parts, reruns }: Bench,
  { request, first, tampering }: Further,
  signal?: AbortSignal,
): Promise<Observed & { runtime: string }> {
  const { repository, base, commit, plan, limits, targets, allowTestChanges } = request;
  const task = { repository, plan, limits };
  request.onProgress?.('rerun');
  const { report } = first.commit;
  const doubtful = [...targets, ...worse(first.base.report, report)];
  const onBase = { ...task, ...baseRerunBounds(first, { limits, reruns }), commit: base };
  const onCommit = { ...task, commit, times: reruns };
  const [baseReruns, commitReruns] = await both(
    repeatPlan(parts, { ...onBase, only: filesOf(doubtful, first.base.report) }, signal),
    repeatPlan(parts, { ...onCommit, only: filesOf(targets, report) }, signal),
  );
  request.onProgress?.('canary');
  const passing = targets.filter((id) => targetStatus(report, id) === 'passed');
  const { addedTestFiles } = tampering;
  const canary = await runCanaries(
    parts,
    { ...task, commit, base, targets: passing, report, addedTestFiles, allowTestChanges },
    signal,
  );
  const last = await buildAndMeasure(parts, request, signal);
  const build = last.build && { exitCode: last.build.exitCode, ending: last.build.ending };
  const evidence = {
    ...first,
    baseReruns: [...first.baseReruns, ...baseReruns],
    commitReruns,
    canary,
    build,
  };
  return { evidence, canary, ...last };
}

const MIN_RERUN_MS = 10_000;

/**
 * A base that hangs would cost its whole time limit at each re-run. Only a pass tells something new there, and a
 * test that passes needs about as long as it does on the commit.
 */
function baseRerunBounds(
  first: Evidence,
  { limits, reruns }: { readonly limits: CommandLimits; readonly reruns: number },
): { limits: CommandLimits; times: number } {
  const enoughMs = Math.ceil(Math.max(MIN_RERUN_MS, 4 * first.commit.report.durationMs));
  const hung = first.base.report.outcome !== 'ran';
  return {
    limits: { ...limits, wallMs: Math.min(limits.wallMs, enoughMs) },
    times: hung ? Math.min(1, reruns) : reruns,
  };
}

/** Tests that passed on the base and did not on the commit: the base is asked again before they count. */
function worse(base: TestReport, commit: TestReport): string[] {
  const onCommit = outcomesOf(commit);
  return [...statuses(base)]
    .filter(([id, status]) => status === 'passed' && onCommit.of(id) === 'failed')
    .map(([id]) => id);
}

/** The files of tests; none (so everything) when one of them has no file. */
function filesOf(ids: readonly string[], report: TestReport): TestSelection {
  const files = ids.map((id) => fileOfTest(id, report));
  return files.includes(null) ? {} : { files: [...new Set(files.filter((file) => file !== null))] };
}

async function buildAndMeasure(
  parts: CertifierParts,
  request: CertifyRequest,
  signal?: AbortSignal,
): Promise<{ build: CommandResult | null; runtime: string }> {
  return await inCleanWorkspace(
    parts,
    request,
    async (workspace) => {
      const directory = request.plan.directory;
      const version = await parts.sandbox.run(
        { workspace, directory, argv: versionCommand(request.plan), limits: VERSION_LIMITS },
        signal,
      );
      const runtime = plainText(`${version.stdout}${version.stderr}`).trim().slice(0, 100) || 'unknown';
      const argv = request.build ?? null;
      if (argv === null || argv.length === 0) return { runtime, build: null };
      request.onProgress?.('build');
      const build = await parts.sandbox.run({ workspace, directory, argv, limits: request.limits }, signal);
      return { runtime, build };
    },
    signal,
  );
}

/** Asks the interpreter that runs the tests for its version. */
function versionCommand(plan: TestPlan): string[] {
  const python = plan.argv.find((word) => /(^|\/)(python[\d.]*|pypy[\d.]*)$/.test(word));
  if (python !== undefined) return [python, '--version'];
  const usesPython = plan.runner === 'pytest' || plan.runner === 'unittest';
  return usesPython ? ['python3', '--version'] : ['node', '--version'];
}
