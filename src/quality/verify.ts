// Verifies a certificate: digest and shape first, then every check again on the exact commit, and a comparison in words.
import { detectProject, type FileSource } from '#code/detect.ts';
import type { Certificate, CertificateBody } from '#contracts/certificate.ts';
import type { CommandLimits } from '#contracts/command.ts';
import type { TestPlan } from '#contracts/tests.ts';
import { AppError } from '#foundation/errors.ts';
import { clip, plainText } from '#foundation/text.ts';
import type { Git } from '#sandbox/git.ts';
import { checkCertificate } from './certificate-file.ts';
import { listed } from './verdict.ts';

export interface VerifyReport {
  /** True when the re-run came to the same outcomes. */
  readonly confirmed: boolean;
  /** What came out differently, in words; empty when confirmed. */
  readonly differences: readonly string[];
  /** What does not bear on the outcome: another runtime, isolation or kernel; flaky tests; a test command of its own. */
  readonly notes: readonly string[];
  /** The certificate that the re-run yields. */
  readonly fresh: Certificate;
}

/** What a certificate says that has to be done again. */
export interface RepeatRequest extends Omit<CertificateBody['subject'], 'tree'> {
  readonly repository: string;
  readonly plan: TestPlan;
  readonly targets: readonly string[];
  readonly allowTestChanges: boolean;
  readonly limits: CommandLimits;
  readonly build: readonly string[] | null;
}

export interface VerifyParts {
  readonly git: Git;
  readonly certify: (request: RepeatRequest, signal?: AbortSignal) => Promise<Certificate>;
}

/** @throws AppError CERTIFICATE_INVALID, NOT_FOUND when base or commit are gone, CANCELLED. */
export async function verifyCertificate(
  parts: VerifyParts,
  input: { readonly certificate: unknown; readonly repository: string },
  signal?: AbortSignal,
): Promise<VerifyReport> {
  const recorded = checkCertificate(input.certificate);
  const { subject, plan, targets, tamperingAllowed, isolation, checks } = recorded.body;
  await requireObjects(parts.git, input.repository, recorded.body);
  const { ticket, run, project, branch, base, commit } = subject;
  const fresh = await parts.certify(
    {
      ...{ repository: input.repository, ticket, run, project, branch, base, commit },
      plan,
      targets,
      allowTestChanges: tamperingAllowed,
      limits: isolation.limits,
      build: checks.find((check) => check.name === 'build')?.argv ?? null,
    },
    signal,
  );
  const differences = compareCertificates(recorded, fresh);
  const notes = [
    ...noteworthy(recorded, fresh),
    ...(await otherCommand(parts.git, input.repository, recorded)),
  ];
  return { confirmed: differences.length === 0, differences, notes, fresh };
}

/** A certificate brings its own test command, which may run less than the repository's: that is for a person to judge. */
async function otherCommand(git: Git, repository: string, { body }: Certificate): Promise<string[]> {
  const { plan, subject } = body;
  const files: FileSource = {
    list: () => git.listFiles(repository, subject.base),
    read: async (path) => (await git.readBlob(repository, subject.base, path))?.toString('utf8') ?? null,
  };
  const { tests } = await detectProject({ files, directory: plan.directory });
  const words = (argv: readonly string[]): string => clip(plainText(argv.join(' ')), 300).text;
  if (tests === null || (tests.directory === plan.directory && words(tests.argv) === words(plan.argv)))
    return [];
  return [
    `tests: certified with \`${words(plan.argv)}\`, the repository's own command is \`${words(tests.argv)}\``,
  ];
}

async function requireObjects(git: Git, repository: string, body: CertificateBody): Promise<void> {
  for (const name of ['base', 'commit'] as const) {
    const id = body.subject[name];
    if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(id)) {
      throw new AppError('CERTIFICATE_INVALID', {
        message: `the certificate's ${name} is not a full commit id`,
      });
    }
    try {
      await git.resolveCommit(repository, id);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'NO_COMMIT') throw error;
      throw new AppError('NOT_FOUND', {
        message: `the certificate's ${name} ${id.slice(0, 12)} is not in ${repository}`,
        next: 'git fetch the branch that holds it, then verify again',
        cause: error,
      });
    }
  }
  const tree = await git.treeOf(repository, body.subject.commit);
  if (tree === body.subject.tree) return;
  throw new AppError('CERTIFICATE_INVALID', {
    message: `the certificate names tree ${body.subject.tree.slice(0, 12)}, its commit has ${tree.slice(0, 12)}`,
  });
}

/** Differences that bear on the outcome, each in words; empty when the re-run confirms the record. */
export function compareCertificates(recorded: Certificate, fresh: Certificate): string[] {
  const before = recorded.body;
  const after = fresh.body;
  const differences: string[] = [];
  if (before.verdict !== after.verdict) {
    const why = after.reasons.length > 0 ? ` (${listed(after.reasons)})` : '';
    differences.push(`The certificate says ${before.verdict}, the re-run says ${after.verdict}${why}`);
  }
  differences.push(...compareTests(before, after), ...compareChecks(before, after));
  for (const field of ['fixed', 'failingBefore'] as const) {
    const difference = setDifference(
      steady(before, before[field], after),
      steady(after, after[field], before),
    );
    if (difference !== null) differences.push(`${FIELD_WORDS[field]}: ${difference}`);
  }
  const words = (body: CertificateBody): string[] =>
    body.tampering.map(({ kind, file, detail }) => `${file} ${kind} (${detail})`);
  const tampering = setDifference(words(before), words(after));
  if (tampering !== null) differences.push(`Changes to what judges the commit: ${tampering}`);
  return differences;
}

const FIELD_WORDS = {
  fixed: 'Tests that were fixed',
  failingBefore: 'Tests that failed before',
} as const;

type TestRow = CertificateBody['tests'][number];

function compareTests(before: CertificateBody, after: CertificateBody): string[] {
  const now = new Map(after.tests.map((test) => [test.id, test]));
  const known = new Set(before.tests.map((test) => test.id));
  const differences: string[] = [];
  for (const old of before.tests) {
    const test = now.get(old.id);
    if (test === undefined) differences.push(`${old.id}: in the certificate, not reported by the re-run`);
    else if (!old.flaky && !test.flaky) differences.push(...compareSides(old, test));
  }
  for (const test of after.tests) {
    if (!known.has(test.id)) differences.push(`${test.id}: reported by the re-run, not in the certificate`);
  }
  return differences;
}

function compareSides(old: TestRow, now: TestRow): string[] {
  return (['base', 'commit'] as const)
    .filter((side) => old[side] !== now[side])
    .map((side) => `${old.id}: on the ${side} ${old[side] ?? 'absent'}, now ${now[side] ?? 'absent'}`);
}

/** Exit statuses are compared where no flaky test can have moved them. */
function compareChecks(before: CertificateBody, after: CertificateBody): string[] {
  const flaky = [...before.tests, ...after.tests].some((test) => test.flaky);
  return before.checks.flatMap((old) => {
    const now = after.checks.find((check) => check.name === old.name);
    if (now === undefined) return [`The check ${old.name} was not part of the re-run`];
    const differences: string[] = [];
    if (old.verdict !== now.verdict) {
      differences.push(`The check ${old.name} was ${old.verdict}, now ${now.verdict}: ${now.summary}`);
    }
    if (old.exitCode !== now.exitCode && !flaky) {
      differences.push(
        `The check ${old.name} ended with ${old.exitCode ?? 'no status'}, now with ${now.exitCode ?? 'no status'}`,
      );
    }
    return differences;
  });
}

/** Ids that neither side calls flaky. */
function steady(own: CertificateBody, ids: readonly string[], other: CertificateBody): string[] {
  const flaky = new Set([...own.tests, ...other.tests].filter((test) => test.flaky).map((test) => test.id));
  return ids.filter((id) => !flaky.has(id));
}

function setDifference(before: readonly string[], after: readonly string[]): string | null {
  const gone = before.filter((item) => !after.includes(item));
  const fresh = after.filter((item) => !before.includes(item));
  const parts = [
    ...(gone.length > 0 ? [`no longer ${listed(gone)}`] : []),
    ...(fresh.length > 0 ? [`now also ${listed(fresh)}`] : []),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}

function noteworthy(recorded: Certificate, fresh: Certificate): string[] {
  const notes: string[] = [];
  for (const field of ['cambium', 'platform', 'arch', 'kernel', 'runtime'] as const) {
    const old = recorded.body.environment[field];
    const now = fresh.body.environment[field];
    if (old !== now) notes.push(`${field}: certified with ${old}, verified with ${now}`);
  }
  const { rung } = recorded.body.isolation;
  if (rung !== fresh.body.isolation.rung) {
    notes.push(`isolation: certified under ${rung}, verified under ${fresh.body.isolation.rung}`);
  }
  const flaky = [...recorded.body.tests, ...fresh.body.tests]
    .filter((test) => test.flaky)
    .map((test) => test.id);
  if (flaky.length > 0) notes.push(`flaky tests, compared as such: ${listed([...new Set(flaky)])}`);
  return notes;
}
