// Runs a project's tests in the sandbox and gives back one result per test, the same for every runner (R41, S27).
import { realpath } from 'node:fs/promises';
import type { CommandLimits, CommandResult } from '#contracts/command.ts';
import { FILE_TEST, type TestPlan, type TestReport, type TestRunnerKind } from '#contracts/tests.ts';
import type { Clock } from '#foundation/clock.ts';
import { sha256 } from '#foundation/digest.ts';
import type { Sandbox, WorkspacePlace } from '#sandbox/runner.ts';
import type { RawReport, RunnerAdapter } from './runners/adapter.ts';
import { jestAdapter, mochaAdapter, nodeAdapter } from './runners/javascript.ts';
import { decideOutcome } from './runners/outcome.ts';
import { extendVariable, planWords, withSearchPath } from './runners/plan-words.ts';
import { pytestAdapter, unittestAdapter } from './runners/python.ts';
import { safeText, toResults, type Wanted } from './runners/results.ts';
import { createResultsDirectory, type ResultsDirectory } from './runners/results-directory.ts';
import { minitestAdapter } from './runners/ruby.ts';
import { vitestAdapter } from './runners/vitest.ts';

/** Narrows a run. Empty or absent lists mean no narrowing; plain commands cannot be narrowed. */
export interface TestSelection {
  /** Test files, relative to the workspace as in `TestResult.file`. */
  readonly files?: readonly string[] | undefined;
  /** Full names as in `TestResult.name` (`suite › name`). */
  readonly names?: readonly string[] | undefined;
}

/** Makes a run tell more than its tests: files laid beside it, words and variables added, and reports read after it. */
export interface CoverageTap {
  /** Files of `runners/inside/`. */
  readonly assets: readonly string[];
  /** `inside` is the results directory as the command sees it. */
  env(inside: string): Readonly<Record<string, string>>;
  words(words: readonly string[], inside: string): string[];
  collect(results: ResultsDirectory): Promise<void>;
}

interface TestRunRequest {
  readonly workspace: WorkspacePlace;
  readonly plan: TestPlan;
  /** Has no effect on plain commands. */
  readonly tap?: CoverageTap | undefined;
  readonly only?: TestSelection | undefined;
  readonly limits?: Partial<CommandLimits> | undefined;
}

export interface TestRunner {
  /**
   * Runs the plan's tests. Failing tests, hangs, floods and forged reports are outcomes, never exceptions.
   * `exitCode` is kept as it came: it may be non-zero although every test passed (a coverage threshold, an
   * unhandled rejection, a later command of a chain); `reason` says so and the caller decides.
   * A file that does not load, or that is a script without cases, is one test named `(file)`.
   */
  run(request: TestRunRequest, signal?: AbortSignal): Promise<TestReport>;
}

export interface TestRunnerParts {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
}

const ADAPTERS: Readonly<Record<Exclude<TestRunnerKind, 'command'>, RunnerAdapter>> = {
  node: nodeAdapter,
  vitest: vitestAdapter,
  jest: jestAdapter,
  mocha: mochaAdapter,
  pytest: pytestAdapter,
  unittest: unittestAdapter,
  minitest: minitestAdapter,
};
/** Where a project's dependencies put their programs. */
const PROGRAMS = ['node_modules/.bin', '.venv/bin', 'venv/bin'];
const MAX_OUTPUT_CHARS = 20_000;

/** The one way to run a project's tests. */
export function createTestRunner(parts: TestRunnerParts): TestRunner {
  return {
    run: (request, signal) =>
      request.plan.runner === 'command'
        ? runCommand(parts, request, signal)
        : runAdapter(parts, { ...request, adapter: ADAPTERS[request.plan.runner] }, signal),
  };
}

/** True for the test that stands for a whole file; once the file loads, its own cases take its place. */
export function isFileTest(test: { readonly name: string }): boolean {
  return test.name === FILE_TEST;
}

async function runAdapter(
  parts: TestRunnerParts,
  request: TestRunRequest & { readonly adapter: RunnerAdapter },
  signal: AbortSignal | undefined,
): Promise<TestReport> {
  const { adapter, plan, workspace } = request;
  const { tap } = request;
  await using results = await createResultsDirectory([...adapter.assets, ...(tap?.assets ?? [])]);
  const wanted: Wanted = { files: request.only?.files ?? [], names: request.only?.names ?? [] };
  const inside = parts.sandbox.resultsPath({ results: results.path });
  const { head, words } = planWords(plan.argv);
  const files = wanted.files.map((file) => belowDirectory(file, plan.directory));
  const command = adapter.command({ words, results: inside, files, names: wanted.names });
  const env = { ...command.env, ...tap?.env(inside) };
  const own = tap?.words(command.words, inside) ?? command.words;
  const argv = [...extendVariable(head, 'PYTHONPATH', env['PYTHONPATH'] ?? ''), ...own];
  const result = await execute(parts, { ...request, argv, env, results: results.path }, signal);
  const report = await results.read(adapter.reportName);
  await tap?.collect(results);
  const raw = withLoadFailure(adapter, adapter.parse(report.text), result);
  const decided = decideOutcome({ result, raw, report, noTests: adapter.noTests });
  const root = trimSlash(parts.sandbox.insidePath(workspace, '.'));
  const roots = [root, workspace.root, await realpath(workspace.root)];
  const tests = toResults(decided.tests, { roots, directory: plan.directory }, wanted);
  const missed = tests.length === 0 && decided.outcome === 'ran';
  return {
    ...frame(
      result,
      argv.map((word) => word.replaceAll(inside, '/results')),
    ),
    outcome: missed ? 'no-tests' : decided.outcome,
    tests,
    ...reasonField(missed ? 'None of the wanted tests exists.' : decided.reason),
  };
}

/** Some runners stop at the first file that does not load and report nothing; their output names the file. */
function withLoadFailure(adapter: RunnerAdapter, raw: RawReport, result: CommandResult): RawReport {
  if (raw.tests.length > 0 || result.ending !== 'exited' || (result.exitCode ?? 0) === 0) return raw;
  const found = adapter.loadFailure?.(`${result.stderr}\n${result.stdout}`) ?? null;
  if (found === null) return raw;
  const test = { ...found, path: [FILE_TEST], status: 'failed', durationMs: null, load: true } as const;
  return { ...raw, tests: [test] };
}

/** A plain command is one test: it passes with exit status 0. */
async function runCommand(
  parts: TestRunnerParts,
  request: TestRunRequest,
  signal: AbortSignal | undefined,
): Promise<TestReport> {
  const { plan } = request;
  const result = await execute(parts, { ...request, argv: plan.argv, env: {}, results: null }, signal);
  const output = `${result.stdout}\n${result.stderr}`;
  const failed = result.ending !== 'exited' || result.exitCode !== 0;
  const name = safeText(plan.argv.join(' '), 500);
  const started = result.exitCode !== 126 && result.exitCode !== 127;
  const message = failed ? `${result.ending} ${result.exitCode ?? result.signal ?? ''}\n${output}` : null;
  const tests = [
    { file: commandFile(plan), path: [name], status: failed ? 'failed' : 'passed', message } as const,
  ];
  const raw: RawReport = {
    tests: started ? tests.map((test) => ({ ...test, durationMs: result.durationMs, load: false })) : [],
    unfinished: [],
    complete: true,
    problem: null,
  };
  const decided = decideOutcome({ result, raw, report: { cut: false, problem: null }, noTests: /(?!)/ });
  const [test] = toResults(decided.tests, { roots: [], directory: '.' }, { files: [], names: [] });
  return {
    ...frame(result, plan.argv),
    outcome: decided.outcome,
    tests: test ? [{ ...test, id: name }] : [],
    ...reasonField(decided.reason),
  };
}

interface Execution extends TestRunRequest {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly results: string | null;
}

function execute(
  parts: TestRunnerParts,
  run: Execution,
  signal: AbortSignal | undefined,
): Promise<CommandResult> {
  const { sandbox } = parts;
  const { directory } = run.plan;
  const bins = [...new Set([directory, '.'])].flatMap((at) =>
    PROGRAMS.map((folder) => sandbox.insidePath(run.workspace, at === '.' ? folder : `${at}/${folder}`)),
  );
  return sandbox.run(
    {
      workspace: run.workspace,
      argv: withSearchPath(run.argv, bins),
      directory,
      env: run.env,
      ...(run.results === null ? {} : { results: run.results }),
      ...(run.limits ? { limits: run.limits } : {}),
    },
    signal,
  );
}

function frame(
  result: CommandResult,
  argv: readonly string[],
): Omit<TestReport, 'outcome' | 'tests' | 'reason'> {
  const both = [result.stdout, result.stderr].filter((text) => text.trim() !== '').join('\n');
  return {
    argv: [...argv],
    exitCode: result.exitCode,
    durationMs: result.durationMs,
    outputDigest: sha256(`${result.stdout}\u0000${result.stderr}`),
    outputText: safeText(both, MAX_OUTPUT_CHARS),
  };
}

function reasonField(reason: string | null): { reason?: string } {
  return reason === null ? {} : { reason: safeText(reason, 2_000) };
}

/** The script that a plain command runs, where one of its words is a source file. */
function commandFile(plan: TestPlan): string | null {
  const word = plan.argv.find((one) => /^[\w@./-]+\.([cm]?[jt]sx?|py|rb)$/.test(one) && !one.startsWith('/'));
  if (word === undefined || word.startsWith('-') || word.includes('node_modules')) return null;
  const clean = word.replace(/^(\.\/)+/, '');
  return plan.directory === '.' ? clean : `${plan.directory}/${clean}`;
}

function belowDirectory(file: string, directory: string): string {
  return directory !== '.' && file.startsWith(`${directory}/`) ? file.slice(directory.length + 1) : file;
}

function trimSlash(path: string): string {
  return path.replace(/\/\.?$/, '');
}
