// A certificate: the content-addressed record of checks that the host ran on an exact commit in a clean tree.
import { z } from 'zod';
import { commandLimits, isolationRung } from './command.ts';
import { testPlan, testStatus } from './tests.ts';

/** What a change did to the tests that judge it. Any of them refuses the certificate unless allowed. */
export const tamperFinding = z.strictObject({
  /** `interference`: source that reaches for what judges it (ends the process, replaces assertions). */
  kind: z.enum(['deleted', 'skipped', 'weakened', 'edited', 'renamed', 'configuration', 'interference']),
  file: z.string(),
  detail: z.string(),
});
export type TamperFinding = z.infer<typeof tamperFinding>;

export const certificateCheck = z.strictObject({
  name: z.enum(['base-tests', 'tests', 'rerun', 'canary', 'tampering', 'build']),
  /** Empty for checks that read the tree and run nothing. */
  argv: z.array(z.string()),
  exitCode: z.int().nullable(),
  outputDigest: z.string().nullable(),
  verdict: z.enum(['passed', 'refused']),
  /** One sentence in words. */
  summary: z.string(),
});
export type CertificateCheck = z.infer<typeof certificateCheck>;

export const certificateBody = z.strictObject({
  schema: z.literal('cambium.certificate/1'),
  subject: z.strictObject({
    ticket: z.string(),
    run: z.string(),
    project: z.string(),
    branch: z.string(),
    base: z.string().describe('Commit that the change starts from'),
    commit: z.string().describe('Commit that was checked'),
    tree: z.string().describe('Tree of that commit'),
  }),
  plan: testPlan,
  targets: z.array(z.string()).describe('Tests that fail on the base and that the change claims to fix'),
  checks: z.array(certificateCheck),
  /** Every test with its outcome on the base and on the commit; null where it did not exist. */
  tests: z.array(
    z.strictObject({
      id: z.string(),
      base: testStatus.nullable(),
      commit: testStatus.nullable(),
      flaky: z.boolean(),
    }),
  ),
  fixed: z.array(z.string()),
  failingBefore: z
    .array(z.string())
    .describe('Failures that the base already had and the change does not claim'),
  tampering: z.array(tamperFinding),
  tamperingAllowed: z.boolean(),
  environment: z.strictObject({
    cambium: z.string(),
    platform: z.string(),
    arch: z.string(),
    kernel: z.string(),
    runtime: z.string().describe('Version of the interpreter that ran the tests'),
  }),
  isolation: z.strictObject({ rung: isolationRung, limits: commandLimits }),
  startedAt: z.string(),
  finishedAt: z.string(),
  verdict: z.enum(['passed', 'refused']),
  reasons: z.array(z.string()).describe('Why it was refused, in words; empty when it passed'),
});
export type CertificateBody = z.infer<typeof certificateBody>;

export const certificate = z.strictObject({
  /** `sha256:…` over the canonical JSON of `body`. */
  digest: z.string(),
  body: certificateBody,
});
export type Certificate = z.infer<typeof certificate>;
