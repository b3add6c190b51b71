// Gates: the host executes every check on the exact tree and gives one verdict (O8). Whatever cannot be shown is refused.
import type { CheckVerdict, GateCheck, GateVerdict } from '#contracts/gate.ts';
import { errorMessage, isAppError } from '#foundation/errors.ts';
import { clip, plainText } from '#foundation/text.ts';
import { runApprovalCheck } from './checks/approval.ts';
import { runCertificateCheck } from './checks/certificate.ts';
import type { CheckContext, CheckFinding, GateAnswers, GateParts, GateSubject } from './checks/check.ts';
import { runCommandCheck } from './checks/command.ts';
import { runCoverageCheck } from './checks/coverage.ts';
import { runFileCheck } from './checks/file.ts';
import { runFindingsCheck } from './checks/findings.ts';
import { runGraderCheck } from './checks/grader.ts';
import { runTestsCheck } from './checks/tests.ts';
import { stopWhenCancelled } from './host-run.ts';

export type { ApprovalAnswer, GateAnswers, GraderArtefact } from './checks/check.ts';

export interface GateRequest {
  /** Base and commit by any name of them; the tree is that of the commit. */
  readonly subject: Omit<GateSubject, 'tree'>;
  readonly checks: readonly GateCheck[];
  /** Which evaluation of the phase this is, from 1. */
  readonly iteration: number;
  /** Tasks of the phase that are not done, by key: the gate waits for them. */
  readonly openTasks: readonly string[];
  readonly answers: GateAnswers;
  /** Told before each check, for people who wait. */
  readonly onCheck?: ((name: string) => void) | undefined;
}

export interface GateKeeper {
  /**
   * Runs every check, the people's last. A check that fails to look refuses; nothing an agent says is asked for.
   * @throws AppError NO_COMMIT, CANCELLED.
   */
  evaluate(request: GateRequest, signal?: AbortSignal): Promise<GateVerdict>;
}

export function createGateKeeper(parts: GateParts): GateKeeper {
  return { evaluate: (request, signal) => evaluate(parts, request, signal) };
}

async function evaluate(parts: GateParts, request: GateRequest, signal?: AbortSignal): Promise<GateVerdict> {
  const startedAt = parts.clock.now().toISOString();
  const { repository } = request.subject;
  const base = await parts.git.resolveCommit(repository, request.subject.base);
  const commit = await parts.git.resolveCommit(repository, request.subject.commit);
  const tree = await parts.git.treeOf(repository, commit);
  const subject: GateSubject = { ...request.subject, base, commit, tree };
  const checks = await runChecks(parts, { ...request, subject }, signal);
  const open = checks.filter((check) => check.outcome !== 'passed');
  const status = statusOf(checks);
  return {
    ...{ phase: subject.phase, base, commit, tree, status },
    verdict: status === 'ready' ? 'passed' : status === 'blocked' ? 'refused' : null,
    checks,
    reasons: open.map(({ name, reason }) => `${name}: ${reason}`),
    iteration: request.iteration,
    startedAt,
    finishedAt: parts.clock.now().toISOString(),
  };
}

function statusOf(checks: readonly CheckVerdict[]): GateVerdict['status'] {
  if (checks.length === 0) return 'not_configured';
  if (checks.some((check) => check.outcome === 'refused')) return 'blocked';
  return checks.some((check) => check.outcome === 'waiting') ? 'waiting' : 'ready';
}

async function runChecks(
  parts: GateParts,
  request: GateRequest & { readonly subject: GateSubject },
  signal?: AbortSignal,
): Promise<CheckVerdict[]> {
  const { subject, checks, openTasks } = request;
  if (openTasks.length > 0) return [tasksVerdict(subject, openTasks)];
  const { repository, base, commit } = subject;
  const descends = await parts.git.isAncestor(repository, base, commit);
  // People are asked last: they decide on what the host has found.
  const ordered = [...checks.filter(isMachine), ...checks.filter((check) => !isMachine(check))];
  const verdicts: CheckVerdict[] = [];
  for (const check of ordered) {
    const name = check.name ?? check.type;
    request.onCheck?.(name);
    const started = parts.clock.monotonicMs();
    const context = { parts, subject, answers: request.answers, earlier: verdicts };
    const finding = descends
      ? await runSafely(() => runCheck(context, check, signal))
      : refusal(`${commit.slice(0, 12)} does not come from the base ${base.slice(0, 12)}.`);
    const durationMs = Math.max(0, parts.clock.monotonicMs() - started);
    verdicts.push({ name, type: check.type, ...finding, durationMs });
    stopWhenCancelled(signal);
  }
  return verdicts;
}

const isMachine = (check: GateCheck): boolean => check.type !== 'approval';

/** Only a request to stop leaves a gate without a verdict. */
async function runSafely(run: () => Promise<CheckFinding>): Promise<CheckFinding> {
  try {
    return await run();
  } catch (error) {
    if (isAppError(error) && error.code === 'CANCELLED') throw error;
    return refusal(`The check could not be carried out: ${errorMessage(error)}`);
  }
}

function refusal(reason: string): CheckFinding {
  return { outcome: 'refused', reason: clip(plainText(reason), 2_000).text, reproduce: null, evidence: [] };
}

function runCheck(context: CheckContext, check: GateCheck, signal?: AbortSignal): Promise<CheckFinding> {
  switch (check.type) {
    case 'command':
      return runCommandCheck(context, check, signal);
    case 'file':
      return runFileCheck(context, check, signal);
    case 'tests':
      return runTestsCheck(context, check, signal);
    case 'coverage':
      return runCoverageCheck(context, check, signal);
    case 'findings':
      return runFindingsCheck(context, check, signal);
    case 'certificate':
      return runCertificateCheck(context, check, signal);
    case 'grader':
      return runGraderCheck(context, check, signal);
    case 'approval':
      return runApprovalCheck(context, check, signal);
  }
}

function tasksVerdict(subject: GateSubject, open: readonly string[]): CheckVerdict {
  const shown = open.slice(0, 5).join(', ');
  const more = open.length > 5 ? ` and ${open.length - 5} more` : '';
  return {
    name: 'tasks',
    type: 'tasks',
    outcome: 'waiting',
    reason: `Waits for tasks of the phase: ${shown}${more}; nothing else was checked yet.`,
    reproduce: `cambium ticket show ${subject.ticket.key}`,
    evidence: [],
    durationMs: 0,
  };
}
