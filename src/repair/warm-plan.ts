// Whether a test plan can be run in a warm process, and with which entries; null when only the real runner will do.
import { posix } from 'node:path';
import type { LanguageFamily } from '#contracts/project.ts';
import type { TestPlan, TestResult } from '#contracts/tests.ts';
import type { StartMessage } from './harness/protocol.ts';
import { familyOfInterpreter, familyOfRunner } from './languages.ts';
import type { RepairWorkspace } from './request.ts';

export interface WarmPlan {
  readonly runner: StartMessage['runner'];
  readonly family: LanguageFamily;
  /** Those with tests that fail come first. */
  readonly entries: StartMessage['entries'];
  /** How many entries hold tests that fail. */
  readonly failingEntries: number;
  /** True when the command builds something first: what it builds is not made anew for a candidate. */
  readonly afterBuild: boolean;
  /** Words of the test command after the runner's name (vitest and jest). */
  readonly options: readonly string[];
  /** What is left to the project's own command, in words. */
  readonly notes: readonly string[];
}

/** The plan, or why there is none. */
export type Warmth =
  | { readonly plan: WarmPlan; readonly reason: null }
  | { readonly plan: null; readonly reason: string };

const MAX_SCRIPT_DEPTH = 3;
/** Calls that only work where the modules of a test are rewritten before they run. */
const MODULE_MOCKS =
  /\b(?:vi|vitest|jest)\s*\.\s*(?:mock|doMock|setMock|unstable_mockModule|hoisted|importActual|requireActual|isolateModules(?:Async)?|resetModules)\s*[(<]/;

export async function warmPlanOf(
  plan: TestPlan,
  tests: readonly TestResult[],
  workspace: RepairWorkspace,
): Promise<Warmth> {
  const { runner } = plan;
  const { afterBuild, argv } = withoutBuild(plan.argv);
  if (/^(?:ba|da)?sh$/.test(posix.basename(argv[0] ?? '')))
    return cold('a shell prepares the tests before they run');
  const filesOf = (some: readonly TestResult[]) =>
    [...new Set(some.flatMap((test) => (test.file === null ? [] : [test.file])))].sort();
  const failing = filesOf(tests.filter((test) => test.status === 'failed'));
  const files = [...new Set([...failing, ...filesOf(tests)])];
  if (runner === 'command') {
    const script = afterBuild ? null : await scriptPlan(argv, { plan, workspace, depth: 0 });
    return script === null ? cold('its command is no plain script') : { plan: script, reason: null };
  }
  if (files.length === 0) return cold('its tests do not say which file they are in');
  const entries = files.map((file) => ({ file, args: [] }));
  const common = { entries, failingEntries: failing.length, afterBuild, options: [], notes: [] };
  if (runner === 'vitest' || runner === 'jest')
    return transformedPlan({ ...plan, argv, runner }, { files, tests, workspace, afterBuild });
  const family = familyOfRunner(runner);
  return family === null
    ? cold(`there is no warm process for ${runner}`)
    : { plan: { ...common, runner, family }, reason: null };
}

/**
 * The words behind `sh -c 'BUILD && exec "$@"' sh`. What a build makes would be stale in a warm process: only tests that
 * are seen to run source files themselves are judged there, and the command, with its build, has the last word.
 */
function withoutBuild(argv: readonly string[]): { afterBuild: boolean; argv: string[] } {
  const [shell, flag, script, name, ...rest] = argv;
  const afterBuild = shell === 'sh' && flag === '-c' && name === 'sh' && /&& exec "\$@"$/.test(script ?? '');
  return { afterBuild, argv: afterBuild ? rest : [...argv] };
}

function cold(reason: string): Warmth {
  return { plan: null, reason };
}

/** vitest and jest: without the files whose modules are mocked, and not at all when what fails is in one of these. */
async function transformedPlan(
  plan: TestPlan & { readonly runner: 'vitest' | 'jest' },
  {
    files,
    tests,
    workspace,
    afterBuild,
  }: {
    files: readonly string[];
    tests: readonly TestResult[];
    workspace: RepairWorkspace;
    afterBuild: boolean;
  },
): Promise<Warmth> {
  const mocking = new Set<string>();
  for (const file of files) {
    const text = await workspace.read(file).catch(() => '');
    if (MODULE_MOCKS.test(text)) mocking.add(file);
  }
  const failing = tests.filter((test) => test.status === 'failed' && test.file !== null);
  if (failing.every((test) => mocking.has(test.file ?? '')))
    return cold(`${[...mocking][0] ?? 'each failing test'} mocks modules`);
  const notes =
    mocking.size === 0 ? [] : [`${listed([...mocking])} mock modules: only the final check runs them`];
  const entries = files.filter((file) => !mocking.has(file)).map((file) => ({ file, args: [] }));
  const at = plan.argv.findIndex((word) => word !== 'env' && !/^[A-Za-z_]\w*=/.test(word));
  const options = plan.argv.slice(at + 1);
  const failingEntries = entries.filter(({ file }) => failing.some((test) => test.file === file)).length;
  const common = { entries, failingEntries, afterBuild, options, notes };
  return { plan: { ...common, runner: plan.runner, family: 'javascript' }, reason: null };
}

const MAX_LISTED = 3;

function listed(files: readonly string[]): string {
  const more = files.length - MAX_LISTED;
  return files.slice(0, MAX_LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** `node test.js`, `python3 test.py`, or an npm script that says so. */
async function scriptPlan(
  argv: readonly string[],
  context: { plan: TestPlan; workspace: RepairWorkspace; depth: number },
): Promise<WarmPlan | null> {
  const { plan, workspace, depth } = context;
  const [program = '', ...rest] = argv;
  const script = npmScript(program, rest);
  if (script !== null) {
    if (depth > MAX_SCRIPT_DEPTH) return null;
    const manifest = await workspace.read(posix.join(plan.directory, 'package.json')).catch(() => '{}');
    const line = scriptLine(manifest, script);
    if (line === null || /[|&;<>$`(){}*?'"\\]/.test(line)) return null;
    return scriptPlan(line.trim().split(/\s+/), { ...context, depth: depth + 1 });
  }
  const name = posix.basename(program);
  const family = familyOfInterpreter(name);
  const at = rest.findIndex((word) => !word.startsWith('-'));
  const file = rest[at];
  // Options before the script change how it is run; only the plain form is known to be the same.
  if (family === null || file === undefined || at !== 0) return null;
  const entry = { file: posix.normalize(posix.join(plan.directory, file)), args: rest.slice(1) };
  const common = { entries: [entry], failingEntries: 1, afterBuild: false, options: [], notes: [] };
  return { ...common, runner: 'command', family };
}

function npmScript(program: string, rest: readonly string[]): string | null {
  if (!/^(?:npm|pnpm|yarn)$/.test(posix.basename(program))) return null;
  const words = rest.filter((word) => !word.startsWith('-'));
  if (words[0] === 'test' || words[0] === 't') return 'test';
  return words[0] === 'run' ? (words[1] ?? null) : null;
}

function scriptLine(manifest: string, name: string): string | null {
  try {
    const parsed = JSON.parse(manifest) as { scripts?: Record<string, unknown> };
    const line = parsed.scripts?.[name];
    return typeof line === 'string' ? line : null;
  } catch {
    return null;
  }
}
