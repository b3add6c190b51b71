// Whether a test plan can be run in a warm process, and with which entries; null when only the real runner will do.
import { posix } from 'node:path';
import type { TestPlan, TestResult } from '#contracts/tests.ts';
import type { StartMessage } from './harness/protocol.ts';
import type { RepairWorkspace } from './request.ts';

export interface WarmPlan {
  readonly runner: StartMessage['runner'];
  readonly family: 'javascript' | 'python';
  readonly entries: StartMessage['entries'];
}

const MAX_SCRIPT_DEPTH = 3;

export async function warmPlanOf(
  plan: TestPlan,
  tests: readonly TestResult[],
  workspace: RepairWorkspace,
): Promise<WarmPlan | null> {
  const files = [...new Set(tests.flatMap((test) => (test.file === null ? [] : [test.file])))].sort();
  const entries = files.map((file) => ({ file, args: [] }));
  // A step before the tests (a build, most often) makes what they run: a warm process would judge stale output.
  if (/^(?:ba|da)?sh$/.test(posix.basename(plan.argv[0] ?? ''))) return null;
  if (plan.runner === 'node' || plan.runner === 'mocha') {
    return files.length === 0 ? null : { runner: plan.runner, family: 'javascript', entries };
  }
  if (plan.runner === 'pytest' || plan.runner === 'unittest') {
    return files.length === 0 ? null : { runner: plan.runner, family: 'python', entries };
  }
  if (plan.runner !== 'command') return null;
  return scriptPlan(plan.argv, { plan, workspace, depth: 0 });
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
  const family = name === 'node' ? 'javascript' : /^python3?$/.test(name) ? 'python' : null;
  const at = rest.findIndex((word) => !word.startsWith('-'));
  const file = rest[at];
  // Options before the script change how it is run; only the plain form is known to be the same.
  if (family === null || file === undefined || at !== 0) return null;
  const entry = { file: posix.normalize(posix.join(plan.directory, file)), args: rest.slice(1) };
  return { runner: 'command', family, entries: [entry] };
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
