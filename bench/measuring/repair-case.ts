// One case laid out in a temporary directory and given to the repair engine, straight, without the command line.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TextEdit } from '#contracts/edit.ts';
import type { TestPlan } from '#contracts/tests.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createTestRunner } from '#quality/test-run.ts';
import { applyEdits, byFile } from '#repair/edits.ts';
import { createRepairEngine, type RepairOutcome } from '#repair/engine.ts';
import { createSandbox, type Sandbox } from '#sandbox/runner.ts';
import type { Case } from '../cases/case.ts';

const TEST_MS = 20_000;
const CANDIDATES = 200_000;

export interface Bench {
  readonly sandbox: Sandbox;
  readonly wallMs: number;
  readonly seed: number;
  /** Templates left out, by name. */
  readonly without?: ReadonlySet<string>;
}

export function openBench(options: {
  readonly rung: string;
  readonly wallMs: number;
  readonly seed: number;
  readonly without?: readonly string[];
}): Bench {
  const clock = createSystemClock();
  const log = createLog({ level: 'error' });
  const rung = options.rung === 'none' ? 'none' : 'bwrap';
  const { wallMs, seed, without = [] } = options;
  return { sandbox: createSandbox({ rung, clock, log }), wallMs, seed, without: new Set(without) };
}

export interface CaseRun {
  /** Null when no test of the case fails: there is nothing to repair by them. */
  readonly outcome: RepairOutcome | null;
  readonly ms: number;
  readonly failing: number;
  readonly passing: number;
}

/** The file with the bug as a candidate leaves it. */
export function changedText(bug: Case, edits: readonly TextEdit[]): string {
  const own = edits.filter((edit) => edit.file === bug.fixed.path);
  return applyEdits(bug.files.get(bug.fixed.path) ?? '', own);
}

/** Runs the engine on the case. Milliseconds are those of the engine, process start included. */
export async function repairCase(bug: Case, { sandbox, wallMs, seed, without }: Bench): Promise<CaseRun> {
  const clock = createSystemClock();
  const log = createLog({ level: 'error' });
  const root = await mkdtemp(join(tmpdir(), 'cambium-repair-'));
  await chmod(root, 0o755);
  try {
    for (const [path, text] of bug.files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    const python = bug.runner === 'pytest';
    const argv = python ? ['python3', '-m', 'pytest'] : ['node', '--test'];
    const plan: TestPlan = { runner: python ? 'pytest' : 'node', argv, directory: '.', origin: 'bench' };
    const tests = createTestRunner({ sandbox, clock });
    const read = (path: string) => readFile(join(root, path), 'utf8');
    const workspace = { root, mounts: [] };
    const runTests = async (edits: readonly TextEdit[]) => {
      const before = new Map<string, string>();
      for (const [file, own] of byFile(edits)) {
        before.set(file, await read(file));
        await writeFile(join(root, file), applyEdits(await read(file), own));
      }
      const report = await tests.run({ workspace, plan, limits: { wallMs: TEST_MS } });
      for (const [file, text] of before) await writeFile(join(root, file), text);
      return report;
    };
    const base = await runTests([]);
    const failing = base.tests.filter((test) => test.status === 'failed');
    const passing = base.tests.filter((test) => test.status === 'passed');
    const counts = { failing: failing.length, passing: passing.length };
    if (failing.length === 0 && base.outcome === 'ran') return { outcome: null, ms: 0, ...counts };
    const began = clock.monotonicMs();
    const outcome = await createRepairEngine({ sandbox, clock, log }).repair({
      workspace: { ...workspace, read },
      language: python ? 'python' : 'javascript',
      plan,
      failing,
      passing,
      sourceFiles: [bug.fixed.path],
      exclude: new Set(),
      budget: { wallMs, candidates: CANDIDATES },
      seed,
      ...(without && { without }),
      runTests,
    });
    return { outcome, ms: clock.monotonicMs() - began, ...counts };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
