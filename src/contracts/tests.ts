// Tests and their outcomes, the same for every runner (R41, S27).
import { z } from 'zod';

export const TEST_RUNNERS = [
  'node',
  'vitest',
  'jest',
  'mocha',
  'pytest',
  'unittest',
  'minitest',
  'command',
] as const;
export const testRunnerKind = z.enum(TEST_RUNNERS);
export type TestRunnerKind = z.infer<typeof testRunnerKind>;

export const testStatus = z.enum(['passed', 'failed', 'skipped']);
export type TestStatus = z.infer<typeof testStatus>;

export const testResult = z.strictObject({
  /** Stable over runs: `file › suite › name`; a plain command is one test named by its command line. */
  id: z.string(),
  /** Relative to the workspace, with forward slashes; null when the runner does not say. */
  file: z.string().nullable(),
  name: z.string(),
  status: testStatus,
  durationMs: z.number().nonnegative().nullable(),
  /** Failure message and stack, bounded and without control characters. */
  message: z.string().nullable(),
});
export type TestResult = z.infer<typeof testResult>;

/** How a project's tests are run. `argv` is what a person would type; the runner adds its own report options. */
export const testPlan = z.strictObject({
  runner: testRunnerKind,
  argv: z.array(z.string()).min(1),
  /** Directory of the package inside the repository, `.` for the root. */
  directory: z.string(),
  /** Where the command came from: `--test`, `package.json scripts.test`, `pyproject.toml` … */
  origin: z.string(),
});
export type TestPlan = z.infer<typeof testPlan>;

/**
 * Name of the test that stands for a whole file: one that does not load, never ends, or is a script without cases.
 * Once the file loads and ends, its own cases take the place of it.
 */
export const FILE_TEST = '(file)';

export const testReport = z.strictObject({
  /** `ran`: at least one result came back. Everything else says why there are none. */
  outcome: z.enum([
    'ran',
    'no-tests',
    'could-not-start',
    'timed-out',
    'out-of-memory',
    'output-limit',
    'cancelled',
  ]),
  tests: z.array(testResult),
  argv: z.array(z.string()),
  exitCode: z.int().nullable(),
  durationMs: z.number().nonnegative(),
  /** Why the outcome is not `ran`, or what else is odd, in one or two sentences; absent when there is nothing to say. */
  reason: z.string().optional(),
  /** SHA-256 over both output streams as they came. */
  outputDigest: z.string(),
  /** Head and tail of the output for people; bounded and without control characters. */
  outputText: z.string(),
});
export type TestReport = z.infer<typeof testReport>;
