// Small repositories laid out in a temporary directory, and the engine run on them with the project's own test runner.
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { TextEdit } from '#contracts/edit.ts';
import type { Language } from '#contracts/project.ts';
import type { TestPlan, TestReport } from '#contracts/tests.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createTestRunner } from '#quality/test-run.ts';
import type { ConfidenceTable } from '#repair/assess/confidence.ts';
import { applyEdits, byFile } from '#repair/edits.ts';
import { createRepairEngine, type RepairOutcome, type RepairProgress } from '#repair/engine.ts';
import type { RepairBudget } from '#repair/request.ts';
import { createSandbox, type Sandbox } from '#sandbox/runner.ts';

export interface Layout {
  readonly language: Language;
  readonly plan: { readonly runner: TestPlan['runner']; readonly argv: readonly string[] };
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly sourceFiles: readonly string[];
  readonly budget?: Partial<RepairBudget>;
  readonly exclude?: ReadonlySet<string>;
  /** Parts of the engine that are left out, by name. */
  readonly without?: readonly string[];
  /** Isolation of the tests; none by default, which is faster. */
  readonly rung?: 'none' | 'bwrap';
  /** Whether the tree gets this repository's own packages. */
  readonly packages?: boolean;
}

export interface Repaired {
  readonly outcome: RepairOutcome;
  /** Text of a file with the best candidate applied. */
  fixed(path: string): string;
  /** Files of the tree as they are after the search. */
  readonly after: ReadonlyMap<string, string>;
  readonly progress: readonly RepairProgress[];
  /** Tests that the project's own runner saw fail before the search. */
  readonly failingAtFirst: number;
}

export interface Watching {
  readonly onProgress?: (progress: RepairProgress) => void;
  /** Called when the engine has given its answer. */
  readonly onEnd?: () => void;
  /** Weights in place of those that come with the program. */
  readonly confidence?: ConfidenceTable;
  /** The sandbox that the engine gets, made from the real one. */
  readonly sandbox?: (real: Sandbox) => Sandbox;
}

export async function repair(
  layout: Layout,
  signal?: AbortSignal,
  watching: Watching = {},
): Promise<Repaired> {
  const root = await mkdtemp(join(tmpdir(), 'cambium-repair-test-'));
  // The sandbox's user is another one, and may write in the tree as it may in a prepared workspace.
  const mode = layout.rung === 'bwrap' ? 0o777 : 0o755;
  await chmod(root, mode);
  try {
    for (const [path, content] of Object.entries(layout.files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      if (dirname(path) !== '.') await chmod(dirname(join(root, path)), mode);
      await writeFile(join(root, path), content);
    }
    if (layout.packages) await symlink(resolve('node_modules'), join(root, 'node_modules'));
    return await repairAt({ root, layout, watching }, signal);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function repairAt(
  { root, layout, watching }: { root: string; layout: Layout; watching: Watching },
  signal?: AbortSignal,
): Promise<Repaired> {
  const clock = createSystemClock();
  const log = createLog({ level: 'silent' });
  const sandbox = createSandbox({ rung: layout.rung ?? 'none', clock, log });
  const tests = createTestRunner({ sandbox, clock });
  const plan: TestPlan = {
    runner: layout.plan.runner,
    argv: [...layout.plan.argv],
    directory: '.',
    origin: 'test',
  };
  const place = { root, mounts: [] };
  const read = (path: string) => readFile(join(root, path), 'utf8');
  const runTests = async (edits: readonly TextEdit[]): Promise<TestReport> => {
    const before = new Map<string, string>();
    for (const [file, own] of byFile(edits)) {
      before.set(file, await read(file));
      await writeFile(join(root, file), applyEdits(await read(file), own));
    }
    const report = await tests.run({ workspace: place, plan, limits: { wallMs: 20_000 } });
    for (const [file, text] of before) await writeFile(join(root, file), text);
    return report;
  };
  const base = await runTests([]);
  const progress: RepairProgress[] = [];
  const given = watching.sandbox?.(sandbox) ?? sandbox;
  const { confidence } = watching;
  const engine = createRepairEngine({ sandbox: given, clock, log, ...(confidence ? { confidence } : {}) });
  const outcome = await engine.repair(
    {
      workspace: { ...place, read },
      language: layout.language,
      plan,
      failing: base.tests.filter((one) => one.status === 'failed'),
      passing: base.tests.filter((one) => one.status === 'passed'),
      sourceFiles: [...layout.sourceFiles],
      exclude: layout.exclude ?? new Set(),
      budget: { wallMs: 30_000, candidates: 20_000, ...layout.budget },
      seed: 7,
      ...(layout.without && { without: new Set(layout.without) }),
      runTests,
      onProgress: (one) => {
        progress.push(one);
        watching.onProgress?.(one);
      },
    },
    signal,
  );
  watching.onEnd?.();
  const after = new Map<string, string>();
  for (const path of Object.keys(layout.files)) after.set(path, await read(path));
  const fixed = (path: string) => {
    const edits = outcome.candidates[0]?.edits ?? [];
    return applyEdits(
      after.get(path) ?? '',
      edits.filter((edit) => edit.file === path),
    );
  };
  const failingAtFirst = base.tests.filter((one) => one.status === 'failed').length;
  return { outcome, fixed, after, progress, failingAtFirst };
}
