// A passed certificate of this very tree: the host's own earlier one, or one that it issues now.
import type { Certificate } from '#contracts/certificate.ts';
import { FILE_TEST } from '#contracts/tests.ts';
import { AppError } from '#foundation/errors.ts';
import { checkCertificate } from '../certificate-file.ts';
import { runWholePlan } from '../host-run.ts';
import { listed } from '../verdict.ts';
import { type CheckContext, observed, passed, type RunCheck, refused } from './check.ts';
import { inFreshTree, shellLine } from './reproduce.ts';
import { planFor } from './tests.ts';

export const runCertificateCheck: RunCheck<'certificate'> = async (context, _check, signal) => {
  const { subject, answers } = context;
  const found = (await answers.certificateOf(subject.commit)) ?? (await issue(context, signal));
  if (found === null) {
    const text =
      'There is no certificate of this commit, and no test command was found in the base to issue one.';
    return refused([text], { reproduce: null });
  }
  const { digest, body } = checkCertificate(found);
  const seen = {
    reproduce: inFreshTree(subject, body.plan.directory, shellLine(body.plan.argv)),
    evidence: [observed('certificate', digest)],
  };
  const about = { base: subject.base, commit: subject.commit, tree: subject.tree };
  const other = (['base', 'commit', 'tree'] as const).filter((key) => body.subject[key] !== about[key]);
  if (other.length > 0) return refused([`The certificate is about another ${other.join(' and ')}.`], seen);
  if (body.verdict === 'passed') return passed(`Certificate ${digest} of this commit.`, seen);
  return refused([`The certificate was refused: ${listed(body.reasons)}`], seen);
};

/** What fails on the base by the host's own run is what the change has to have mended. */
async function issue(context: CheckContext, signal?: AbortSignal): Promise<Certificate | null> {
  const { parts, subject } = context;
  const { repository, base, commit, branch, limits, project, ticket, phase } = subject;
  const wanted = { directory: '.', time_limit_seconds: limits.wallMs / 1_000, run: undefined };
  const plan = await planFor(context, wanted);
  if (plan === null) return null;
  const { report } = await runWholePlan(parts, { repository, commit: base, plan, limits }, signal);
  if (report.outcome === 'cancelled') {
    throw new AppError('CANCELLED', { message: `the gate of ${ticket.key} was stopped on request` });
  }
  const targets = report.tests.filter((test) => test.status === 'failed' && test.name !== FILE_TEST);
  return parts.certify(
    {
      ...{ repository, base, commit, branch, limits, project, plan },
      ticket: ticket.key,
      run: `gate ${phase}`,
      targets: targets.map((test) => test.id),
      allowTestChanges: false,
    },
    signal,
  );
}
