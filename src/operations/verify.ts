// The operation `verify`: re-run the checks of a certificate and compare what comes out with what it says.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Certificate } from '#contracts/certificate.ts';
import { AppError } from '#foundation/errors.ts';
import { readCertificateFile } from '#quality/certificate-file.ts';
import type { OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';

export const verify = defineOperation({
  input: z.strictObject({
    /** A ticket, a run, or the path of a certificate file. */
    subject: z.string().min(1),
    /** The repository when the certificate was made elsewhere; found by the ticket otherwise. */
    repository: z.string().min(1).nullable().default(null),
  }),
  output: z.strictObject({
    confirmed: z.boolean(),
    digest: z.string(),
    commit: z.string(),
    repository: z.string(),
    verdict: z.enum(['passed', 'refused']),
    differences: z.array(z.string()),
    notes: z.array(z.string()),
    checks: z.array(
      z.strictObject({ name: z.string(), verdict: z.enum(['passed', 'refused']), summary: z.string() }),
    ),
  }),
  handle: async (context, input, edges) => {
    const { certificate, repository } = await find(context, input);
    const report = await (await context.certifier()).verify(certificate, repository, edges.signal);
    return {
      confirmed: report.confirmed,
      digest: certificate.digest,
      commit: certificate.body.subject.commit,
      repository,
      verdict: certificate.body.verdict,
      differences: [...report.differences],
      notes: [...report.notes],
      checks: report.fresh.body.checks.map(({ name, verdict, summary }) => ({ name, verdict, summary })),
    };
  },
});

const KEY = /^(?:tkt|run)[-_]/i;

async function find(
  context: OperationContext,
  input: { readonly subject: string; readonly repository: string | null },
): Promise<{ certificate: Certificate; repository: string }> {
  const path = resolve(context.cwd, input.subject);
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  const given =
    input.repository === null ? null : await context.git.topLevel(resolve(context.cwd, input.repository));
  if (isFile && !KEY.test(input.subject)) {
    const certificate = await readCertificateFile(path);
    return { certificate, repository: given ?? (await repositoryOf(context, certificate)) };
  }
  const engine = await context.engine();
  const certificate = await engine.certificate(input.subject);
  if (certificate === null) {
    throw new AppError('NOT_FOUND', {
      message: `${input.subject} has no certificate`,
      next: 'cambium ticket list shows what there is; name a ticket, a run or a certificate file',
    });
  }
  return { certificate, repository: given ?? (await repositoryOf(context, certificate)) };
}

/** The repository that a certificate speaks of: the ticket's, else the one the caller stands in. */
async function repositoryOf(context: OperationContext, certificate: Certificate): Promise<string> {
  const engine = await context.engine();
  const run = await engine.list({ limit: 500 });
  const known = run.find(
    (each) => each.id === certificate.body.subject.run || each.key === certificate.body.subject.run,
  );
  if (!known || known.commit !== certificate.body.subject.commit) return context.git.topLevel(context.cwd);
  if (await context.git.isRepository(known.repository)) return known.repository;
  throw new AppError('NOT_A_REPOSITORY', {
    message: `the repository of ${known.ticketKey} is no longer at ${known.repository}`,
    next: `cambium verify ${known.ticketKey} --repository PATH, where it is now`,
  });
}
