// Runs inside the sandbox. jest without its machinery: suites are collected and run by us, while `expect`, mocks and false
// clocks are the project's own, loaded once.
import { format } from 'node:util';
import type { RunnerSettings } from './javascript-config.ts';
import { createExpect, type RealExpect } from './javascript-expect.ts';
import type { Packages } from './javascript-packages.ts';
import { createSnapshots } from './javascript-snapshots.ts';
import { createSuites, type Row } from './javascript-suites.ts';
import { type Callback, runCollected, type Style, type TestApi } from './javascript-tests.ts';
import { printerOf } from './javascript-vitest.ts';

type Tools = Record<string, Callback | undefined>;
type Made = new (options: unknown) => object;

const TEST_TIMEOUT_MS = 5_000;
/** How the packages that jest is made of hang together, in the versions with and without `jest-cli` in between. */
const RUNTIME = ['jest', 'jest-cli', '@jest/core', 'jest-runtime'];
const GLOBALS = [...RUNTIME, '@jest/globals'];

/** Null when the project's jest cannot be loaded. */
export function openJest(packages: Packages, settings: RunnerSettings): TestApi | null {
  Object.assign(process.env, { NODE_ENV: process.env['NODE_ENV'] ?? 'test', JEST_WORKER_ID: '1' });
  const real = packages.load([...GLOBALS, '@jest/expect'])?.['jestExpect'] ?? expectAlone(packages);
  const jest = toolsOf(packages);
  if (typeof real !== 'function' || jest === null) return null;
  const limits = { timeoutMs: settings.timeoutMs ?? TEST_TIMEOUT_MS, retries: settings.retries };
  const printer = packages.load([...RUNTIME, 'jest-snapshot', 'pretty-format']);
  const snapshots = createSnapshots({ between: ' ', beforeHint: ': ', format: printerOf(printer) });
  const expect = createExpect({
    real: real as RealExpect,
    counts: 'matchers',
    snapshots: snapshots.matchers,
  });
  const suites = createSuites({ gathersLate: false, callbacks: true, table: tableOf(packages) });
  const own = { ...suites.functions, expect: expect.expect };
  const live = { ...limits };
  const all = {
    ...own,
    jest: {
      ...jest,
      setTimeout: (timeoutMs: number) => {
        live.timeoutMs = timeoutMs;
      },
      retryTimes: (retries: number) => {
        live.retries = retries;
      },
    },
  };
  const style = (): Style => ({
    callbackAt: 1,
    undoes: false,
    reversed: false,
    ...live,
    contextOf: () => ({}),
    begin: (testCase, file) => {
      expect.begin();
      snapshots.begin(testCase, file);
      for (const name of settings.beforeEach) jest[name]?.();
    },
    finish: expect.finish,
  });
  return {
    open: () => {
      Object.assign(live, limits);
      return suites.open();
    },
    run: (collected, options) => runCollected(collected, { ...options, style: style() }),
    modules: new Map([['@jest/globals', all]]),
    globals: settings.globals ? all : {},
    reset: () => {
      jest['restoreAllMocks']?.();
      jest['useRealTimers']?.();
    },
  };
}

function expectAlone(packages: Packages): unknown {
  const found =
    packages.load([...GLOBALS, '@jest/expect', 'expect']) ?? packages.load([...RUNTIME, 'expect']);
  return typeof found === 'function' ? found : (found?.['expect'] ?? found?.['default']);
}

/** The `jest` object: without what only works where modules are rewritten. */
function toolsOf(packages: Packages): Tools | null {
  const Mocker = packages.load([...RUNTIME, 'jest-mock'])?.['ModuleMocker'] as Made | undefined;
  const Timers = packages.load([...RUNTIME, '@jest/fake-timers'])?.['ModernFakeTimers'] as Made | undefined;
  if (Mocker === undefined) return null;
  const tools: Tools = {};
  bindAll(new Mocker(globalThis), tools);
  if (Timers !== undefined) addTimers(Timers, tools);
  for (const name of [
    'mock',
    'doMock',
    'setMock',
    'unstable_mockModule',
    'createMockFromModule',
    'genMockFromModule',
    'requireActual',
    'requireMock',
    'resetModules',
    'isolateModules',
    'isolateModulesAsync',
  ]) {
    tools[name] = () => {
      throw new Error(`jest.${name} does not work in the warm process`);
    };
  }
  return tools;
}

function addTimers(Timers: Made, tools: Tools): void {
  const config = { rootDir: process.cwd(), testMatch: [], fakeTimers: {} };
  const timers: Tools = {};
  const clock = new Timers({ global: globalThis, config });
  bindAll(clock, timers);
  const state = { isFalse: false };
  Object.assign(tools, timers);
  tools['useFakeTimers'] = (given) => {
    const options = given === 'modern' ? undefined : given;
    if (options === 'legacy' || (options as { legacyFakeTimers?: boolean } | undefined)?.legacyFakeTimers)
      throw new Error('legacy timers do not work in the warm process');
    timers['useFakeTimers']?.(options);
    state.isFalse = true;
    return tools;
  };
  tools['useRealTimers'] = () => {
    if (state.isFalse) timers['useRealTimers']?.();
    state.isFalse = false;
    return tools;
  };
}

/** Methods of an object and of its class, as functions that need no owner. */
function bindAll(owner: object, into: Tools): void {
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(owner) as object)) {
    const value: unknown = Reflect.get(owner, name);
    if (typeof value === 'function' && name !== 'constructor' && !name.startsWith('_'))
      into[name] = value.bind(owner) as Callback;
  }
}

type Each = (define: (title: string) => void) => (table: unknown) => (title: string, body: Callback) => void;

/** Titles by the project's own jest-each. */
function tableOf(packages: Packages) {
  const loaded = packages.load(['jest', 'jest-cli', '@jest/core', 'jest-runner', 'jest-circus', 'jest-each']);
  const each = loaded?.['bind'] as Each | undefined;
  return (table: readonly unknown[], title: string): Row[] => {
    const titles: string[] = [];
    if (typeof each === 'function') each((own) => titles.push(own))(table)(title, () => undefined);
    else titles.push(...table.map((row) => format(title, ...(Array.isArray(row) ? row : [row]))));
    return table.map((row, index) => ({
      title: titles[index] ?? title,
      args: Array.isArray(row) ? row : [row],
    }));
  };
}
