// VERIFYING: the host makes the commit, has it certified, and only then proposes it on a branch (S29).

import type { Certificate } from '#contracts/certificate.ts';
import type { NewEvent } from '#contracts/event.ts';
import { AppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { subjectOf } from '../run-store.ts';
import { branchNameFor, proposeBranch } from './branch.ts';
import { commitMessage } from './commit-message.ts';
import { changeLesson } from './learning.ts';
import { target } from './planning.ts';
import { moveTo, type StepContext, type StepMove, type StepResult } from './step.ts';
import { planOutput } from './stored.ts';

const IDENTITY = { name: 'Cambium', email: 'cambium@localhost' } as const;
const REASONS_TOLD = 50;

export async function verifying(context: StepContext, signal: AbortSignal): Promise<StepResult> {
  const commit = await makeCommit(context);
  const certificate = await certify(context, commit, signal);
  signal.throwIfAborted();
  context.probe('verifying.after-certificate');
  const { verdict, reasons } = certificate.body;
  const { run } = context;
  const gate: NewEvent = {
    type: 'gate.evaluated',
    subject: subjectOf(run),
    payload: { verdict, reasons: reasons.slice(0, REASONS_TOLD), certificate: certificate.digest },
  };
  const common = {
    input: { tree: run.checkpoint.tree, commit },
    output: { commit, verdict, reasons, certificate: certificate.digest },
    log: `${certificate.body.checks.map((check) => `${check.name}: ${check.verdict}: ${check.summary}`).join('\n')}\n`,
    tree: run.checkpoint.tree,
    certificate,
    events: [gate],
  };
  if (verdict === 'refused' && liesElsewhere(certificate, run.checkpoint)) {
    const reason = `The certificate was refused for a reason that lies not in the change: ${reasons[0] ?? ''}`;
    const next = `see to that, then cambium run resume ${run.key}`;
    return { kind: 'pause', paused: { reason: plainText(reason), next } };
  }
  if (verdict === 'refused') {
    const failures = reasons.map((message, index) => ({ id: `certificate reason ${index + 1}`, message }));
    return moveTo(context, {
      ...common,
      to: 'REFLECTING',
      reason: `The certificate was refused: ${reasons[0] ?? 'without a reason'}`,
      checkpoint: {
        ...run.checkpoint,
        commit,
        trouble: { stage: 'certificate', failures, progress: false },
        refusedBy: refusers(certificate),
      },
    });
  }
  const branch = await proposeBranch(context, commit);
  return rest(context, {
    ...common,
    checkpoint: { ...run.checkpoint, commit, branch, certificate: certificate.digest },
    lesson: run.options.review
      ? null
      : await changeLesson(context, 'accepted', { commit, certificate: certificate.digest }),
  });
}

/** Names of the checks that refused, in one text. */
function refusers({ body }: Certificate): string {
  return body.checks.flatMap((check) => (check.verdict === 'refused' ? [check.name] : [])).join(' ');
}

/**
 * True when another change would be refused as well: the base itself is no ground to stand on, or nothing shows that
 * the tests can fail, for the second change already (one might have made them so).
 */
function liesElsewhere(certificate: Certificate, { refusedBy }: Checkpoint): boolean {
  const now = refusers(certificate);
  return now === 'base-tests' || (now === 'canary' && refusedBy === now);
}

/** Equal inputs make an equal commit: the dates are those of the run, so that a second execution finds the first one's. */
async function makeCommit(context: StepContext): Promise<string> {
  const { git, project, run } = context;
  const { plan } = await planOutput(context);
  await context.guard();
  const commit = await git.commitTree(project.path, {
    tree: run.checkpoint.tree,
    parents: [run.base],
    message: commitMessage(context, plan),
    identity: IDENTITY,
    dateIso: run.createdAt,
  });
  await context.keep(commit);
  context.probe('verifying.after-commit-object');
  return commit;
}

async function certify(context: StepContext, commit: string, signal: AbortSignal): Promise<Certificate> {
  const { run, project, ticket, hands } = context;
  const { plan } = await planOutput(context);
  context.note('certifying: every check again, in a clean tree');
  return hands.certifier.certify(
    {
      repository: project.path,
      base: run.base,
      commit,
      branch: (await branchNameFor(context, commit)).name,
      ticket: ticket.key,
      run: run.key,
      project: project.name,
      plan: target(run).tests,
      targets: plan.failing.map((test) => test.id),
      allowTestChanges: run.options.allowTestChanges,
      limits: context.limits,
      build: run.checkpoint.profile.build,
      onProgress: (step) => context.note(`certifying: ${step}`),
    },
    signal,
  );
}

function rest(
  context: StepContext,
  parts: Partial<StepMove> & Pick<StepMove, 'checkpoint' | 'events'>,
): StepMove {
  const { run } = context;
  const { branch, commit, certificate } = parts.checkpoint;
  if (commit === null || certificate === null) {
    throw new AppError('INTERNAL', { message: `${run.key} rests without a certificate` });
  }
  if (run.options.review) {
    const asked: NewEvent = {
      type: 'approval.requested',
      subject: subjectOf(run),
      payload: { commit, certificate },
    };
    return moveTo(context, {
      ...parts,
      to: 'HUMAN_REVIEW',
      reason: `Certified on ${branch}; a person has the word`,
      events: [...parts.events, asked],
    });
  }
  return moveTo(context, {
    ...parts,
    to: 'SUCCESS',
    reason: `Certified on ${branch}`,
    outcome: fixedOutcome(branch ?? ''),
  });
}

export function fixedOutcome(branch: string) {
  return {
    kind: 'fixed' as const,
    reason: `A certified fix stands on ${branch}`,
    next: `git merge ${branch}`,
    limit: null,
    code: null,
  };
}
