// A bench for test runs: throw-away trees with real runners in the strongest sandbox of this machine.
import { chmod, lchown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { CommandLimits } from '#contracts/command.ts';
import type { TestPlan, TestReport, TestRunnerKind } from '#contracts/tests.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { type CoverageTap, createTestRunner, type TestSelection } from '#quality/test-run.ts';
import { probeIsolation } from '#sandbox/isolation.ts';
import { createSandbox, type Sandbox } from '#sandbox/runner.ts';
import { sandboxUser } from '#sandbox/user.ts';

interface Tree extends AsyncDisposable {
  readonly root: string;
  run(
    runner: TestRunnerKind,
    argv: readonly string[],
    options?: {
      only?: TestSelection;
      tap?: CoverageTap;
      limits?: Partial<CommandLimits>;
      signal?: AbortSignal;
      directory?: string;
    },
  ): Promise<TestReport>;
}

export interface Bench {
  readonly sandbox: Sandbox;
  /** A tree of these files with this repository's own node_modules mounted. */
  tree(files: Readonly<Record<string, string>>): Promise<Tree>;
}

export async function openBench(request: 'auto' | 'none' = 'auto'): Promise<Bench> {
  const clock = createSystemClock();
  const log = createLog({ level: 'silent' });
  const { rung, features, rungs } = await probeIsolation({ request, clock, log });
  if (rung === null) throw new Error(`no isolation here: ${JSON.stringify(rungs)}`);
  const sandbox = createSandbox({ rung, features, clock, log });
  const runner = createTestRunner({ sandbox, clock });
  return {
    sandbox,
    tree: async (files) => {
      const root = await mkdtemp(join(tmpdir(), 'cambium-test-run-'));
      await chmod(root, 0o755);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), text);
      }
      await giveAway(root);
      const mounts = [{ host: resolve('node_modules'), inside: 'node_modules' }];
      return {
        root,
        run: (kind, argv, options = {}) => {
          const { signal, directory = '.', ...others } = options;
          const plan: TestPlan = { runner: kind, argv: [...argv], directory, origin: '--test' };
          return runner.run({ workspace: { root, mounts }, plan, ...others }, signal);
        },
        [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
      };
    },
  };
}

async function giveAway(root: string): Promise<void> {
  const { uid, gid, dropped } = sandboxUser();
  if (!dropped) return;
  const inside = await readdir(root, { recursive: true });
  for (const path of ['.', ...inside]) await lchown(join(root, path), uid, gid);
}

/** `passed a.test.js › suite › name`, one for each test. */
export function lines(report: TestReport): string[] {
  return report.tests.map((test) => `${test.status} ${test.id}`);
}
