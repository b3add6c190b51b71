// Runs inside the sandbox. vitest without its machinery: suites are collected and run by us, while `expect`, `vi` and what
// they are made of are the project's own, loaded once.
import type { RunnerSettings } from './javascript-config.ts';
import { createExpect, type RealExpect } from './javascript-expect.ts';
import type { Packages } from './javascript-packages.ts';
import { createSnapshots } from './javascript-snapshots.ts';
import { createSuites, type Row } from './javascript-suites.ts';
import {
  type Callback,
  type Case,
  runCollected,
  SkipSignal,
  type Style,
  type TestApi,
} from './javascript-tests.ts';
import { type TitleTools, titleOf } from './javascript-titles.ts';

type Exports = Record<string, unknown>;
type Mocks = Record<string, Callback | undefined>;

const ENVIRONMENT = { VITEST: 'true', NODE_ENV: 'test', TEST: 'true', MODE: 'test', DEV: '1' };
/** Where versions keep what tests import, the newer ones first. */
const ENTRIES = ['dist/index.js', 'dist/index.mjs'] as const;
const TEST_TIMEOUT_MS = 5_000;
/** From this version on, hooks after run in the reverse order. */
const REVERSED_SINCE = 2;

/** Null when the project's vitest cannot be loaded. */
export function openVitest(packages: Packages, settings: RunnerSettings): TestApi | null {
  Object.assign(process.env, { ...ENVIRONMENT, VITEST_POOL_ID: '1', VITEST_WORKER_ID: '1', ...settings.env });
  for (const [name, value] of Object.entries(workerGlobals()))
    Object.defineProperty(globalThis, name, { value, configurable: true });
  const real = ENTRIES.map((file) => packages.load(['vitest'], file)).find((one) => one !== null) ?? null;
  if (real === null || typeof real['expect'] !== 'function') return null;
  const state: Current = { undo: [], spies: [] };
  const { expect, snapshots } = expectOf(real, packages);
  const suites = createSuites({
    gathersLate: true,
    callbacks: false,
    table: (given, title, spread) => rows(given, title, { spread, tools: titleTools(packages) }),
  });
  const vi = mocksOf((real['vi'] ?? real['vitest']) as Mocks, state);
  const late = (body: unknown) => {
    if (typeof body === 'function') state.undo.push(body as Callback);
  };
  const own = {
    ...suites.functions,
    expect: expect.expect,
    vi,
    vitest: vi,
    onTestFinished: late,
    onTestFailed: nothing,
  };
  const style: Style = {
    callbackAt: Number.POSITIVE_INFINITY,
    undoes: true,
    reversed: versionOf(packages) >= REVERSED_SINCE,
    timeoutMs: settings.timeoutMs ?? TEST_TIMEOUT_MS,
    retries: settings.retries,
    contextOf: (testCase) => contextOf(testCase, { expect: expect.expect, late }),
    begin: (testCase, file, undo) => {
      state.undo = undo;
      expect.begin();
      snapshots.begin(testCase, file);
      for (const name of settings.beforeEach) vi[name]?.();
    },
    finish: expect.finish,
  };
  return {
    open: suites.open,
    run: async (collected, options) => {
      await suites.gather(collected);
      return runCollected(collected, { ...options, style });
    },
    modules: new Map([['vitest', { ...real, ...own }]]),
    globals: settings.globals ? { ...own, assert: real['assert'], chai: real['chai'] } : {},
    reset: () => resetMocks(vi, state),
  };
}

interface Current {
  undo: Callback[];
  /** What was spied on since the last reset. */
  spies: { mockRestore?: () => unknown }[];
}

function nothing(): void {
  // Nothing is told to anybody here.
}

/** What the project's vitest looks for in its worker when it is loaded; versions before 0.29 for a mocker, too. */
function workerGlobals(): Record<string, unknown> {
  return { __vitest_worker__: workerState(), __vitest_environment__: 'node', __vitest_mocker__: {} };
}

function workerState(): object {
  return {
    config: { fakeTimers: {}, chaiConfig: {}, snapshotOptions: {}, sequence: {}, expect: {} },
    environment: { name: 'node' },
    ctx: {},
    rpc: {},
    metaEnv: process.env,
    durations: {},
    moduleCache: new Map(),
    evaluatedModules: new Map(),
    onCleanup: nothing,
    onCancel: nothing,
  };
}

function versionOf(packages: Packages): number {
  const manifest = packages.load(['vitest'], 'package.json');
  return Number.parseInt(String(manifest?.['version'] ?? '0'), 10);
}

function expectOf(real: Exports, packages: Packages) {
  const printer =
    packages.load(['vitest', '@vitest/snapshot', '@vitest/pretty-format']) ??
    packages.load(['vitest', '@vitest/snapshot', 'pretty-format']);
  const snapshots = createSnapshots({ between: ' > ', beforeHint: ' > ', format: printerOf(printer) });
  const expect = createExpect({
    real: real['expect'] as RealExpect,
    counts: 'calls',
    snapshots: snapshots.matchers,
  });
  return { expect, snapshots };
}

/** Values as both runners write them into snapshots. */
export function printerOf(printer: Exports | null): ((value: unknown) => string) | null {
  const format = printer?.['format'];
  if (typeof format !== 'function') return null;
  const options = {
    escapeString: false,
    printBasicPrototype: false,
    plugins: Object.values((printer?.['plugins'] ?? {}) as Exports),
  };
  return (value) => String(format(value, options));
}

function titleTools(packages: Packages): TitleTools {
  const chain = ['vitest', '@vitest/runner', '@vitest/utils'];
  const utils = packages.load(chain, 'dist/display.js') ?? packages.load(chain, 'dist/index.js') ?? {};
  const { format, objDisplay } = utils;
  return {
    format: typeof format === 'function' ? (format as TitleTools['format']) : null,
    display: typeof objDisplay === 'function' ? (objDisplay as TitleTools['display']) : null,
  };
}

function rows(
  table: readonly unknown[],
  title: string,
  { spread, tools }: { spread: boolean; tools: TitleTools },
): Row[] {
  const isSpread = spread && table.every(Array.isArray);
  return table.map((row, index) => ({
    title: titleOf(title, Array.isArray(row) ? row : [row], index, tools),
    args: isSpread ? (row as unknown[]) : [row],
  }));
}

/** The project's `vi`, except for what only works where its modules are rewritten. */
function mocksOf(real: Mocks, state: Current): Mocks {
  const own: Mocks = { ...real };
  for (const name of ['mock', 'doMock', 'hoisted', 'importActual', 'importMock', 'resetModules']) {
    own[name] = () => {
      throw new Error(`vi.${name} does not work in the warm process`);
    };
  }
  const { spyOn } = real;
  own['spyOn'] = (...args) => {
    const spy = spyOn?.(...args);
    state.spies.push(spy as { mockRestore?: () => unknown });
    return spy;
  };
  return own;
}

function resetMocks(vi: Mocks, state: Current): void {
  if (vi['isFakeTimers']?.() !== false) vi['useRealTimers']?.();
  vi['unstubAllGlobals']?.();
  vi['unstubAllEnvs']?.();
  for (const spy of state.spies) spy.mockRestore?.();
  state.spies = [];
}

function contextOf(
  testCase: Case,
  { expect, late }: { expect: RealExpect; late: (body: unknown) => void },
): Record<string, unknown> {
  const name = testCase.path.at(-1);
  return {
    expect,
    onTestFinished: late,
    onTestFailed: nothing,
    annotate: nothing,
    signal: new AbortController().signal,
    task: {
      name,
      type: 'test',
      meta: {},
      id: testCase.path.join('_'),
      suite: { name: testCase.path.at(-2) ?? '' },
    },
    skip: (condition: unknown = true) => {
      if (condition !== false) throw new SkipSignal();
    },
  };
}
