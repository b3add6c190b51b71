// The roles of a run and the shapes they speak: planner, coder, tester, reviewer and reflector (R10).
import { z } from 'zod';
import { assessment, candidate, suspect, textEdit } from '#contracts/edit.ts';
import { language } from '#contracts/project.ts';
import { testPlan, testReport, testResult } from '#contracts/tests.ts';
import type { Role } from './role.ts';

/** Since when the failing tests fail, as far as a bounded search of first-parent history can tell. */
export const failingSince = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('commit'), commit: z.string(), subject: z.string(), date: z.string() }),
  /** Still failing at the oldest commit that was tried. */
  z.strictObject({ kind: z.literal('before'), commits: z.int() }),
  z.strictObject({ kind: z.literal('unknown'), reason: z.string() }),
]);
export type FailingSince = z.infer<typeof failingSince>;

export const plannedFailure = z.strictObject({
  id: z.string(),
  file: z.string().nullable(),
  message: z.string().nullable(),
  /** Source files that the test exercises, as its stack trace and its imports tell; nearest first. */
  exercises: z.array(z.string()),
});
export type PlannedFailure = z.infer<typeof plannedFailure>;

/** What a run sets out to do: which tests fail steadily, which are flaky, where to look. */
export const plan = z.strictObject({
  tests: testPlan,
  failing: z.array(plannedFailure),
  /** Failed once and passed when run again. */
  flaky: z.array(z.string()),
  /** Null when the history was not asked. */
  since: failingSince.nullable(),
  counts: z.strictObject({ passed: z.int(), failed: z.int(), skipped: z.int() }),
  sourceFiles: z.array(z.string()),
  /** One sentence for people. */
  summary: z.string(),
});
export type Plan = z.infer<typeof plan>;

/** Something that a reviewer or the scan saw in changed source. Only `critical` can send a change back (R9). */
export const reviewFinding = z.strictObject({
  severity: z.enum(['critical', 'warning', 'info']),
  rule: z.string(),
  file: z.string(),
  line: z.int().nonnegative(),
  message: z.string(),
});
export type ReviewFinding = z.infer<typeof reviewFinding>;

export const plannerInput = z.strictObject({
  tests: testPlan,
  report: testReport,
  /** The failing tests run once more, to set flaky ones apart; null when nothing failed. */
  rerun: testReport.nullable(),
  since: failingSince.nullable(),
  sourceFiles: z.array(z.string()),
  /** Text of the failing tests' files by path, for their imports; bounded. */
  testTexts: z.record(z.string(), z.string()),
});
export type PlannerInput = z.infer<typeof plannerInput>;

export const coderInput = z.strictObject({
  attempt: z.int().positive(),
  language,
  tests: testPlan,
  failing: z.array(testResult),
  passing: z.array(testResult),
  sourceFiles: z.array(z.string()),
  /** Digests of candidates that were already refuted. */
  exclude: z.array(z.string()),
  /** Short digests of what earlier searches of this run tried in vain. */
  tried: z.array(z.string()).default([]),
  hypothesis: z.string().nullable(),
  /** What a reviewer held against the previous candidate; empty at first. */
  findings: z.array(reviewFinding),
  /** What gates held against earlier work on the ticket, newest first; empty at first. */
  feedback: z.array(z.string()).default([]),
  /** Lines that recent commits wrote, where the history tells. */
  recent: z.array(z.strictObject({ file: z.string(), lines: z.array(z.int()) })).default([]),
  seed: z.int(),
  budget: z.strictObject({ wallMs: z.int().positive(), candidates: z.int().positive() }),
});
export type CoderInput = z.infer<typeof coderInput>;

/** How a search went; kept with the step so that `run show --faults` can answer. */
export const searchAccount = z.strictObject({
  ending: z.string(),
  /** Wall time of the search, milliseconds. */
  durationMs: z.number().nonnegative().default(0),
  tried: z.int().nonnegative(),
  plausible: z.int().nonnegative(),
  suspects: z.array(suspect),
  triedByTemplate: z.record(z.string(), z.int()),
  nearMisses: z.array(z.strictObject({ candidate, fixedTests: z.array(z.string()) })),
  /** Learned patterns that matched in the suspected files: places, and candidates tried. */
  learned: z
    .array(z.strictObject({ key: z.string(), matched: z.int(), tried: z.int(), told: z.string() }))
    .default([]),
  /** How probably the proposed change is right, and what else it may be; null where that is not known. */
  assessment: assessment.nullable().default(null),
  /** In words: what limited the search. */
  notes: z.array(z.string()).default([]),
});
export type SearchAccount = z.infer<typeof searchAccount>;

export const coderOutput = z.discriminatedUnion('kind', [
  /** A change: `edits` against the given files; empty when the coder wrote into the workspace itself. */
  z.strictObject({
    kind: z.literal('proposed'),
    digest: z.string(),
    template: z.string(),
    reason: z.string(),
    edits: z.array(textEdit),
    account: searchAccount,
    /** Short digests of what was tried in vain, so that a later search need not. */
    tried: z.array(z.string()).default([]),
  }),
  z.strictObject({
    kind: z.literal('nothing'),
    account: searchAccount,
    tried: z.array(z.string()).default([]),
  }),
  /** An approval was denied: the run pauses with the one action needed (R7). */
  z.strictObject({ kind: z.literal('refused'), reason: z.string(), next: z.string() }),
  /** A provider is exhausted or out of reach: the run pauses (R7). */
  z.strictObject({ kind: z.literal('unavailable'), reason: z.string(), next: z.string() }),
]);
export type CoderOutput = z.infer<typeof coderOutput>;

export const testerInput = z.strictObject({ tests: testPlan, attempt: z.int().nonnegative() });

export const reviewerInput = z.strictObject({
  language,
  files: z.array(z.strictObject({ path: z.string(), text: z.string() })),
  diff: z.string(),
});
export type ReviewerInput = z.infer<typeof reviewerInput>;

export const reflectorInput = z.strictObject({
  /** Where the attempt broke: at the tests, at the certificate or at a person's review. */
  stage: z.enum(['tests', 'certificate', 'review']),
  candidate: z.strictObject({ digest: z.string(), template: z.string(), reason: z.string() }).nullable(),
  /** Failing tests, or the certificate's reasons one by one. */
  failures: z.array(z.strictObject({ id: z.string(), message: z.string() })),
  /** Hypotheses of this run so far. */
  tried: z.array(z.string()),
});
export type ReflectorInput = z.infer<typeof reflectorInput>;

export const reflection = z.strictObject({
  errorType: z.string(),
  signature: z.string(),
  cause: z.string(),
  hypothesis: z.string(),
});
export type Reflection = z.infer<typeof reflection>;

export const PLANNER = { name: 'planner', input: plannerInput, output: plan } as const satisfies AnyRole;
export const CODER = { name: 'coder', input: coderInput, output: coderOutput } as const satisfies AnyRole;
export const TESTER = { name: 'tester', input: testerInput, output: testReport } as const satisfies AnyRole;
export const REVIEWER = {
  name: 'reviewer',
  input: reviewerInput,
  output: z.array(reviewFinding),
} as const satisfies AnyRole;
export const REFLECTOR = {
  name: 'reflector',
  input: reflectorInput,
  output: reflection,
} as const satisfies AnyRole;

type AnyRole = Role<z.ZodType, z.ZodType>;
