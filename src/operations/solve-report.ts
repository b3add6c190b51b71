// What `solve` says at the end: what was wrong, the change, the tests before and after, the proof, and what to do next.
import { z } from 'zod';
import { searchAccount } from '#agents/roles.ts';
import { isolationRung } from '#contracts/command.ts';
import { FILE_TEST } from '#contracts/tests.ts';
import { plural } from '#foundation/text.ts';

import type { RunDetail } from '#workflows/run-views.ts';
import { certificatePath, saveCertificate } from './certificates.ts';
import type { OperationContext } from './context.ts';

const tests = z.strictObject({
  passed: z.int(),
  failed: z.int(),
  skipped: z.int(),
  failing: z.array(z.string()),
});

export const SOLVE_OUTCOMES = [
  'fixed',
  'no-change',
  'failed',
  'limit',
  'waiting-human',
  'paused',
  'cancelled',
] as const;

export const solveReport = z.strictObject({
  ticket: z.string(),
  run: z.string(),
  title: z.string(),
  repository: z.string(),
  base: z.string(),
  outcome: z.enum(SOLVE_OUTCOMES),
  /** One sentence: why the run rests where it rests. */
  reason: z.string(),
  /** Code of the error table when the run ended in an error; null otherwise. */
  code: z.string().nullable(),
  /** Where the fault was and what the change does; null when nothing was found. */
  fault: z.strictObject({ file: z.string(), template: z.string(), reason: z.string() }).nullable(),
  since: z.string().nullable(),
  diff: z.string().nullable(),
  testsBefore: tests.nullable(),
  testsAfter: tests.nullable(),
  attempts: z.int(),
  candidatesTried: z.int(),
  /** Where the fault may be, what was tried and what came near; null when nothing was searched. */
  search: searchAccount.nullable(),
  branch: z.string().nullable(),
  commit: z.string().nullable(),
  certificate: z
    .strictObject({
      digest: z.string(),
      path: z.string(),
      verdict: z.enum(['passed', 'refused']),
      reasons: z.array(z.string()),
    })
    .nullable(),
  isolation: isolationRung.nullable(),
  runningMs: z.number(),
  notes: z.array(z.string()),
  /** Commands in order of likely use, each with what it is for. */
  next: z.array(z.strictObject({ purpose: z.string(), command: z.string() })),
});
export type SolveReport = z.infer<typeof solveReport>;

/**
 * The report of a run as it stands; its certificate is written down first, so that the path in the report exists.
 * `notes` are facts that the caller noticed before the run began.
 */
export async function reportOn(
  context: OperationContext,
  runId: string,
  notes: readonly string[] = [],
): Promise<SolveReport> {
  const detail = await (await context.engine()).show(runId);
  if (detail.certificate) await saveCertificate(context.home, detail.certificate);
  return toSolveReport(context, detail, notes);
}

function toSolveReport(context: OperationContext, detail: RunDetail, notes: readonly string[]): SolveReport {
  const { run, certificate } = detail;
  const outcome = outcomeOf(detail);
  return {
    ticket: run.ticketKey,
    run: run.key,
    title: run.title,
    repository: run.repository,
    base: run.base,
    outcome,
    reason:
      run.outcome?.reason ??
      run.paused?.reason ??
      (outcome === 'waiting-human' ? 'the change waits for a decision' : ''),
    code: run.outcome?.code ?? null,
    fault: faultOf(detail),
    since: sinceOf(detail),
    diff: detail.diff,
    testsBefore: testsBefore(detail),
    testsAfter: testsAfter(detail),
    attempts: run.attempt,
    candidatesTried: detail.search?.tried ?? 0,
    search: detail.search,
    branch: run.branch,
    commit: run.commit,
    certificate:
      certificate === null
        ? null
        : {
            digest: certificate.digest,
            path: certificatePath(context.home, certificate.digest),
            verdict: certificate.body.verdict,
            reasons: certificate.body.reasons,
          },
    isolation: run.isolation,
    runningMs: run.runningMs,
    notes: [...notes],
    next: nextCommands(detail, outcome),
  };
}

/** How a run rests, in the words of the report; one that does not rest counts as paused. */
export function outcomeOf({ run }: Pick<RunDetail, 'run'>): SolveReport['outcome'] {
  switch (run.status) {
    case 'succeeded':
      return run.outcome?.kind === 'no-change' ? 'no-change' : 'fixed';
    case 'failed':
      return run.outcome?.kind === 'reached-limit' ? 'limit' : 'failed';
    case 'cancelled':
      return 'cancelled';
    case 'waiting-human':
      return 'waiting-human';
    default:
      return 'paused';
  }
}

function faultOf(detail: RunDetail): SolveReport['fault'] {
  const proposed = detail.steps.findLast((step) => step.state === 'CODING')?.output;
  const edits = z
    .looseObject({ template: z.string(), reason: z.string(), files: z.array(z.string()).optional() })
    .safeParse(proposed?.['candidate'] ?? proposed);
  if (!edits.success) return null;
  const file = /^\+\+\+ b\/(.*)$/m.exec(detail.diff ?? '')?.[1] ?? '';
  return { file, template: edits.data.template, reason: edits.data.reason };
}

function sinceOf({ plan }: RunDetail): string | null {
  const since = plan?.since ?? null;
  switch (since?.kind) {
    case 'commit':
      return `${since.commit.slice(0, 10)} ${since.subject}`;
    case 'before':
      return `at least ${plural(since.commits, 'commit')} ago`;
    default:
      return null;
  }
}

function testsBefore({ plan }: RunDetail): SolveReport['testsBefore'] {
  return plan && { ...plan.counts, failing: plan.failing.map((failure) => failure.id) };
}

function testsAfter({ certificate }: RunDetail): SolveReport['testsAfter'] {
  if (certificate === null) return null;
  const all = certificate.body.tests;
  // A test that stood for a file that hung or did not load is not counted beside the cases that took its place.
  const replaced = (id: string): boolean => {
    if (!id.endsWith(` › ${FILE_TEST}`)) return false;
    const prefix = id.slice(0, -FILE_TEST.length);
    return all.some((other) => other.id !== id && other.id.startsWith(prefix));
  };
  const now = all.filter((test) => !replaced(test.id));
  const count = (status: string): number => now.filter((test) => test.commit === status).length;
  const failing = now.filter((test) => test.commit === 'failed').map((test) => test.id);
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped'), failing };
}

function nextCommands({ run }: RunDetail, outcome: SolveReport['outcome']): SolveReport['next'] {
  const show = {
    purpose: 'see the ranking and what was tried',
    command: `cambium run show ${run.key} --faults`,
  };
  switch (outcome) {
    case 'fixed':
      return [
        { purpose: 'merge', command: `git -C ${shellQuote(run.repository)} merge ${run.branch}` },
        { purpose: 'check the proof again', command: `cambium verify ${run.ticketKey}` },
        { purpose: 'undo', command: `git -C ${shellQuote(run.repository)} branch -D ${run.branch}` },
      ];
    case 'waiting-human':
      return [
        { purpose: 'see the change', command: `cambium run diff ${run.key}` },
        { purpose: 'approve', command: `cambium run approve ${run.key}` },
        { purpose: 'reject', command: `cambium run reject ${run.key} --note "why"` },
      ];
    case 'paused':
      return [{ purpose: 'go on', command: run.paused?.next ?? `cambium run resume ${run.key}` }];
    case 'failed':
    case 'limit':
      return run.outcome === null || run.outcome.next === show.command
        ? [show]
        : [{ purpose: 'next', command: run.outcome.next }, show];
    default:
      return run.outcome ? [{ purpose: 'next', command: run.outcome.next }] : [];
  }
}

/** A path as one word of a POSIX shell. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
