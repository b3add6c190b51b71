// Gates: the checks a user writes in a workflow's YAML, and the verdict that the host gives on an exact tree (O7, O8).
import { z } from 'zod';

const COMMAND_CHARS = 8_000;
const PATTERN_CHARS = 1_000;
const DEFAULT_SECONDS = 300;
const MAX_SECONDS = 7_200;
const APPROVAL_SECONDS = 3_600;
const MAX_APPROVAL_SECONDS = 2_592_000;

const words = z.array(z.string().min(1).max(COMMAND_CHARS)).min(1).max(500);
const commandLine = z
  .union([words, z.string().trim().min(1).max(COMMAND_CHARS)])
  .describe('Program and arguments as a list, or one line for /bin/sh');
const directory = z
  .string()
  .max(1_000)
  .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'a path inside the repository, without `..`')
  .default('.')
  .describe('Working directory inside the repository');
const timeLimit = z
  .int()
  .min(1)
  .max(MAX_SECONDS)
  .default(DEFAULT_SECONDS)
  .describe('Wall time, seconds; running into it refuses');
const allowChanges = z
  .boolean()
  .default(false)
  .describe(
    'Accepts a change that touches what judges it: tests, scripts, configuration that this check runs',
  );
const shared = {
  name: z
    .string()
    .trim()
    .min(1)
    .max(80)
    .optional()
    .describe('What people call the check; its type when absent'),
};

/** What can be compiled, so that a mistake in a pattern is an error of the file and not of the evaluation. */
const pattern = z
  .string()
  .min(1)
  .max(PATTERN_CHARS)
  .refine(compiles, 'not a regular expression that JavaScript compiles with the flags m and u');

function compiles(source: string): boolean {
  try {
    new RegExp(source, 'mu');
    return true;
  } catch {
    return false;
  }
}

export const commandCheck = z.strictObject({
  ...shared,
  type: z.literal('command'),
  run: commandLine,
  directory,
  exit: z.int().min(0).max(255).default(0).describe('Exit status that passes'),
  time_limit_seconds: timeLimit,
  allow_changes: allowChanges,
});

const fileCheck = z.strictObject({
  ...shared,
  type: z.literal('file'),
  path: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'a path or glob inside the repository, without `..`')
    .describe('Path or glob inside the repository; only committed regular files count'),
  min_count: z
    .int()
    .min(1)
    .max(10_000)
    .default(1)
    .describe('How many files must be there and keep the content rule'),
  min_chars: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1)
    .describe('Characters of text that each file holds at least'),
  matches: pattern.optional().describe('Regular expression that each file must match'),
  headings: z
    .array(z.string().trim().min(1).max(200))
    .max(50)
    .default([])
    .describe(
      'Headings that each file must have, in any case and with `_` for a blank, each with text below it',
    ),
  changed: z.boolean().default(false).describe('Only files added or changed since the base count'),
});

const testsCheck = z.strictObject({
  ...shared,
  type: z.literal('tests'),
  run: commandLine.optional().describe('Command that runs the tests; detected in the base when absent'),
  directory,
  min: z.int().min(1).max(100_000).default(1).describe('Tests that must pass at least'),
  named: z
    .array(z.string().trim().min(1).max(1_000))
    .max(1_000)
    .default([])
    .describe('Tests that must exist and pass, by id or by name'),
  time_limit_seconds: timeLimit,
  allow_changes: allowChanges,
});

const coverageCheck = z.strictObject({
  ...shared,
  type: z.literal('coverage'),
  changed_lines: z
    .number()
    .min(0)
    .max(100)
    .default(80)
    .describe('Percent of the executable lines changed since the base that the tests must run'),
  run: commandLine.optional().describe('Command that runs the tests; detected in the base when absent'),
  directory,
  time_limit_seconds: timeLimit,
  allow_changes: allowChanges,
});

const findingsCheck = z.strictObject({
  ...shared,
  type: z.literal('findings'),
  at_least: z
    .enum(['low', 'medium', 'high'])
    .default('low')
    .describe('Findings below this severity do not count'),
  max_new: z.int().min(0).max(10_000).default(0).describe('New findings that are let pass'),
});

const certifiedCheck = z.strictObject({
  ...shared,
  type: z.literal('certificate'),
});

const graderCheck = z.strictObject({
  ...shared,
  type: z.literal('grader'),
  run: commandLine.describe(
    'Gets the result as JSON on standard input; answers by exit status and JSON on standard output',
  ),
  directory,
  min_score: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Score in the answer that passes; without it the exit status decides'),
  time_limit_seconds: timeLimit,
  allow_changes: allowChanges,
});

const approvalCheck = z.strictObject({
  ...shared,
  type: z.literal('approval'),
  by: z
    .array(z.string().trim().min(1).max(200))
    .max(100)
    .default([])
    .describe('Who may decide; anybody when empty'),
  expires_seconds: z
    .int()
    .min(1)
    .max(MAX_APPROVAL_SECONDS)
    .default(APPROVAL_SECONDS)
    .describe('Without a decision until then, the answer is no'),
});

/** One check as it is written in a workflow. Keys are those of the YAML. */
export const gateCheck = z.discriminatedUnion('type', [
  commandCheck,
  fileCheck,
  testsCheck,
  coverageCheck,
  findingsCheck,
  certifiedCheck,
  graderCheck,
  approvalCheck,
]);
export type GateCheck = z.infer<typeof gateCheck>;
export type GateCheckOf<T extends GateCheck['type']> = Extract<GateCheck, { type: T }>;

/** The gate of a phase: every check must pass. Empty: there is no gate. */
export const gate = z.array(gateCheck).max(50);

/** Where a gate stands: nothing to check, waiting for tasks or people, refused, or open (O8). */
export const gateStatus = z.enum(['not_configured', 'waiting', 'blocked', 'ready']);

/** Something that the verdict rests on, kept by its digest. */
export const gateEvidence = z.strictObject({
  /** `report`, `output`, `file`, `coverage`, `findings`, `certificate`, `answer`, `decision` … */
  kind: z.string(),
  digest: z.string(),
  /** Inside the repository where it is a file of the tree; else null. */
  path: z.string().nullable(),
  /** Of what was digested, bytes. */
  sizeBytes: z.int().nonnegative(),
  /** Only the host's own observations are evidence; what an agent brought is a claim. */
  collectedBy: z.literal('host'),
});
export type GateEvidence = z.infer<typeof gateEvidence>;

export const checkVerdict = z.strictObject({
  name: z.string(),
  type: z.enum([
    'command',
    'file',
    'tests',
    'coverage',
    'findings',
    'certificate',
    'grader',
    'approval',
    'tasks',
  ]),
  outcome: z.enum(['passed', 'refused', 'waiting']),
  /** What was seen, or why it refuses or waits: sentences for people. */
  reason: z.string(),
  /** A command line that shows the same; null where only a person's word would. */
  reproduce: z.string().nullable(),
  evidence: z.array(gateEvidence),
  durationMs: z.number().nonnegative(),
});
export type CheckVerdict = z.infer<typeof checkVerdict>;

/** What the host found on one exact tree. */
export const gateVerdict = z.strictObject({
  phase: z.string(),
  base: z.string(),
  commit: z.string(),
  tree: z.string(),
  status: gateStatus,
  /** Null while it waits, and where there is nothing to check. */
  verdict: z.enum(['passed', 'refused']).nullable(),
  checks: z.array(checkVerdict),
  /** Why it is not open, one entry for each check that refuses or waits. */
  reasons: z.array(z.string()),
  /** Which evaluation of this phase it is, from 1; what a validator says comes back with it (O10). */
  iteration: z.int().positive(),
  startedAt: z.string(),
  finishedAt: z.string(),
});
export type GateVerdict = z.infer<typeof gateVerdict>;

/** What an agent says of its own work: kept beside the verdict, never part of it. */
export const gateClaim = z.strictObject({
  by: z.string(),
  statement: z.string(),
  claimedAt: z.string(),
});
export type GateClaim = z.infer<typeof gateClaim>;
