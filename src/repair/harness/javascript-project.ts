// Runs inside the sandbox. Opens a project the way its test runner would: functions for its tests, where its specifiers
// lead, how its files become what Node runs, and what is loaded before each test file.
import { createRequire } from 'node:module';
import path from 'node:path';
import { mock } from 'node:test';
import { type RunnerSettings, readSettings } from './javascript-config.ts';
import { allowLooseImports } from './javascript-interop.ts';
import { openJest } from './javascript-jest.ts';
import { createTestApi } from './javascript-node-tests.ts';
import { createPackages, type Packages } from './javascript-packages.ts';
import { createLocator } from './javascript-paths.ts';
import type { TestApi } from './javascript-tests.ts';
import { createTranspiler } from './javascript-transpile.ts';
import { openVitest } from './javascript-vitest.ts';
import type { StartMessage } from './protocol.ts';

export interface Project {
  readonly api: TestApi;
  readonly locate: (specifier: string, from: string) => string | null;
  readonly finish: (file: string, text: string) => string;
  /** Makes ready for a test file, relative to the tree; gives the files to load before it, relative too. */
  readonly enter: (file: string) => readonly string[];
  /** Why these tests cannot be run in a warm process; null when they can. */
  readonly problem: string | null;
}

type Started = Omit<StartMessage, 'token'>;

export async function openProject(start: Started): Promise<Project> {
  const directory = process.cwd();
  const packages = createPackages(directory);
  const { finish } = createTranspiler(packages);
  if (start.runner !== 'vitest' && start.runner !== 'jest') {
    const api = createTestApi(mock, start.runner === 'mocha' ? 'mocha' : 'node');
    const enter = () => {
      Object.assign(globalThis, api.globals);
      return [];
    };
    return { api, finish, enter, locate: () => null, problem: null };
  }
  allowLooseImports();
  const settings = await settingsOf(start, directory);
  const first = [...settings.values()][0] as RunnerSettings;
  const { api, problem } = open(start.runner, packages, first);
  let current = first;
  return {
    api,
    finish,
    locate: createLocator(start.directory, () => current),
    enter: (file) => {
      current = settings.get(file) ?? first;
      Object.assign(globalThis, current.values, current.globals ? api.globals : {});
      return current.setupFiles.map((one) => path.relative(start.directory, setupFile(one, current.root)));
    },
    problem: problem ?? [...settings.values()].map(problemOf).find((one) => one !== null) ?? null,
  };
}

/** Settings by test file; those of one package are read once. */
async function settingsOf(start: Started, directory: string): Promise<Map<string, RunnerSettings>> {
  const byFolder = new Map<string, RunnerSettings>();
  const found = new Map<string, RunnerSettings>();
  for (const { file } of start.entries) {
    const folder = path.dirname(file);
    const known =
      byFolder.get(folder) ??
      (await readSettings(start.runner === 'jest' ? 'jest' : 'vitest', {
        words: start.options,
        directory,
        file: path.join(start.directory, file),
      }));
    byFolder.set(folder, known);
    found.set(file, known);
  }
  return found;
}

function open(
  runner: 'vitest' | 'jest',
  packages: Packages,
  settings: RunnerSettings,
): { api: TestApi; problem: string | null } {
  const api = runner === 'vitest' ? openVitest(packages, settings) : openJest(packages, settings);
  if (api !== null) return { api, problem: null };
  return { api: createTestApi(mock, 'node'), problem: `the project's ${runner} could not be loaded` };
}

function problemOf({ problem, environment }: RunnerSettings): string | null {
  if (problem !== null) return problem;
  return environment === 'node' ? null : `the tests run in the environment ${environment}`;
}

/** A file, or the entry of a package. */
function setupFile(one: string, root: string): string {
  return path.isAbsolute(one) ? one : createRequire(path.join(root, 'package.json')).resolve(one);
}
