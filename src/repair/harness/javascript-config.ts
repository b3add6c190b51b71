// Runs inside the sandbox. What of a vitest or jest configuration matters to a warm process, read by loading it.
import fs from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Alias } from './javascript-paths.ts';
import { withScriptNames } from './javascript-transpile.ts';

export interface RunnerSettings {
  /** Absolute folder that relative paths of the configuration start from. */
  readonly root: string;
  readonly globals: boolean;
  readonly environment: string;
  /** Specifiers or absolute files, loaded before each test file. */
  readonly setupFiles: readonly string[];
  readonly aliases: readonly Alias[];
  /** Folders in which specifiers are looked for as well. */
  readonly folders: readonly string[];
  /** Null for the runner's own limit, milliseconds. */
  readonly timeoutMs: number | null;
  readonly retries: number;
  /** Methods of the mocking object that are called before each test. */
  readonly beforeEach: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Values that the configuration puts on the global object. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Why a warm process cannot do what the configuration asks for; null when it can. */
  readonly problem: string | null;
}

type Raw = Record<string, unknown>;

const VITEST_FILES = ['vitest.config', 'vite.config'];
const VITEST_ENDINGS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];
const JEST_FILES = ['.js', '.ts', '.mjs', '.cjs', '.json'].map((ending) => `jest.config${ending}`);
/** Deepest chain of presets that is followed. */
const MAX_PRESETS = 5;

/** `words`: those of the test command; `file`: absolute, the test file whose settings are wanted. */
export async function readSettings(
  runner: 'vitest' | 'jest',
  { words, directory, file }: { words: readonly string[]; directory: string; file: string },
): Promise<RunnerSettings> {
  const given = commandOptions(words);
  const root = path.resolve(directory, given.root ?? '.');
  try {
    return runner === 'vitest'
      ? await vitestSettings({ root, given, file })
      : await jestSettings({ root, given, file });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : 'it throws';
    return { ...PLAIN, root, problem: `the ${runner} configuration cannot be read: ${reason}` };
  }
}

const PLAIN: Omit<RunnerSettings, 'root'> = {
  globals: false,
  environment: 'node',
  setupFiles: [],
  aliases: [],
  folders: [],
  timeoutMs: null,
  retries: 0,
  beforeEach: [],
  env: {},
  values: {},
  problem: null,
};

interface Given {
  readonly config: string | undefined;
  readonly root: string | undefined;
  readonly globals: boolean;
  readonly environment: string | undefined;
  readonly timeout: string | undefined;
}

function commandOptions(words: readonly string[]): Given {
  const { values } = parseArgs({
    args: [...words],
    strict: false,
    options: {
      config: { type: 'string', short: 'c' },
      root: { type: 'string', short: 'r' },
      rootDir: { type: 'string' },
      environment: { type: 'string' },
      env: { type: 'string' },
      testTimeout: { type: 'string' },
      globals: { type: 'boolean' },
    },
  });
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    config: text(values['config']),
    root: text(values['root'] ?? values['rootDir']),
    globals: values['globals'] === true,
    environment: text(values['environment'] ?? values['env']),
    timeout: text(values['testTimeout']),
  };
}

interface Asked {
  readonly root: string;
  readonly given: Given;
  readonly file: string;
}

async function vitestSettings({ root, given, file }: Asked): Promise<RunnerSettings> {
  const found =
    given.config === undefined ? nearest(file, root, vitestFile) : path.resolve(root, given.config);
  const raw = found === null ? {} : await evaluated(found, { mode: 'test', command: 'serve' });
  const test = record(raw['test']);
  const own = path.resolve(found === null ? root : path.dirname(found), text(raw['root']) ?? '.');
  const home = path.resolve(own, text(test['root']) ?? '.');
  const each = ['clearMocks', 'mockReset', 'restoreMocks', 'unstubGlobals', 'unstubEnvs'];
  const calls = ['clearAllMocks', 'resetAllMocks', 'restoreAllMocks', 'unstubAllGlobals', 'unstubAllEnvs'];
  return {
    ...PLAIN,
    root: home,
    globals: given.globals || test['globals'] === true,
    environment: given.environment ?? text(test['environment']) ?? 'node',
    setupFiles: texts(test['setupFiles']).map((one) => fromRoot(one, home)),
    aliases: [...viteAliases(record(raw['resolve'])['alias'], home), ...viteAliases(test['alias'], home)],
    timeoutMs: number(given.timeout ?? test['testTimeout']),
    retries: number(test['retry']) ?? 0,
    beforeEach: calls.filter((_, index) => test[each[index] ?? ''] === true),
    env: Object.fromEntries(
      Object.entries(record(test['env'])).map(([name, value]) => [name, String(value)]),
    ),
    values: definedValues(record(raw['define'])),
    problem: record(test['browser'])['enabled'] === true ? 'the tests run in a browser' : null,
  };
}

/** Constants that a build puts in place of names; only plain names can be given as globals. */
function definedValues(define: Raw): Raw {
  const found: Raw = {};
  for (const [name, value] of Object.entries(define)) {
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) continue;
    try {
      found[name] = typeof value === 'string' ? JSON.parse(value) : value;
    } catch {
      throw new Error(`define ${name} is an expression`);
    }
  }
  return found;
}

function vitestFile(folder: string): string | null {
  for (const name of VITEST_FILES) {
    const found = VITEST_ENDINGS.map((ending) => path.join(folder, name + ending)).find(fs.existsSync);
    if (found !== undefined) return found;
  }
  return null;
}

/** In the folders from the file's own up to the root, the first that has one: packages have settings of their own. */
function nearest(file: string, root: string, inFolder: (folder: string) => string | null): string | null {
  const isBelow = file.startsWith(`${root}${path.sep}`);
  for (let at = isBelow ? path.dirname(file) : root; ; at = path.dirname(at)) {
    const found = inFolder(at);
    if (found !== null) return found;
    if (at === root || path.dirname(at) === at) return null;
  }
}

function viteAliases(given: unknown, root: string): Alias[] {
  const listed = Array.isArray(given)
    ? given.map((one) => [record(one)['find'], record(one)['replacement']])
    : Object.entries(record(given));
  return listed.flatMap(([find, to]) =>
    (typeof find === 'string' || find instanceof RegExp) && typeof to === 'string'
      ? [{ find, to: [to.startsWith('.') ? path.resolve(root, to) : to] }]
      : [],
  );
}

async function jestSettings({ root, given, file }: Asked): Promise<RunnerSettings> {
  const found = given.config === undefined ? nearest(file, root, jestFile) : path.resolve(root, given.config);
  const base = found === null ? root : path.dirname(found);
  const raw = await withPresets(found === null ? {} : await jestConfig(found), base, 0);
  const home = path.resolve(base, (text(raw['rootDir']) ?? '.').replace('<rootDir>', base));
  const here = (one: string) => one.replaceAll('<rootDir>', home);
  const setup = [...texts(raw['setupFiles']), ...texts(raw['setupFilesAfterEnv'])];
  const resets = ['clearMocks', 'resetMocks', 'restoreMocks'];
  const calls = ['clearAllMocks', 'resetAllMocks', 'restoreAllMocks'];
  const isFalseClock = record(raw['fakeTimers'])['enableGlobally'] === true || raw['timers'] === 'fake';
  return {
    ...PLAIN,
    root: home,
    globals: raw['injectGlobals'] !== false,
    environment: (given.environment ?? text(raw['testEnvironment']) ?? 'node').replace(
      /^jest-environment-/,
      '',
    ),
    setupFiles: setup.map((one) => fromRoot(here(one), home)),
    aliases: Object.entries(record(raw['moduleNameMapper'])).map(([find, to]) => ({
      find: new RegExp(find),
      to: texts(to).map((one) => (one.startsWith('.') ? path.resolve(home, one) : here(one))),
    })),
    folders: [...texts(raw['modulePaths']), ...texts(raw['moduleDirectories'])]
      .map(here)
      .filter((one) => one !== 'node_modules')
      .map((one) => path.resolve(home, one)),
    timeoutMs: number(given.timeout ?? raw['testTimeout']),
    beforeEach: calls.filter((_, index) => raw[resets[index] ?? ''] === true),
    values: withoutTools(record(raw['globals'])),
    problem:
      raw['automock'] === true ? 'every module is mocked' : isFalseClock ? 'every clock is false' : null,
  };
}

/** Settings of transformers stand among the globals, too. */
function withoutTools(globals: Raw): Raw {
  const { 'ts-jest': _one, 'babel-jest': _other, ...values } = globals;
  return values;
}

function jestFile(folder: string): string | null {
  const found = JEST_FILES.map((name) => path.join(folder, name)).find(fs.existsSync);
  if (found !== undefined) return found;
  const manifest = path.join(folder, 'package.json');
  return fs.existsSync(manifest) && 'jest' in readJson(manifest) ? manifest : null;
}

async function jestConfig(file: string): Promise<Raw> {
  if (path.basename(file) === 'package.json') return record(readJson(file)['jest']);
  return file.endsWith('.json') ? readJson(file) : await evaluated(file, {});
}

async function withPresets(raw: Raw, base: string, depth: number): Promise<Raw> {
  const preset = text(raw['preset']);
  if (preset === undefined || depth > MAX_PRESETS) return raw;
  const folder = preset.startsWith('.')
    ? path.resolve(base, preset)
    : path.join(base, 'node_modules', preset);
  const file = ['jest-preset.js', 'jest-preset.cjs', 'jest-preset.json', '']
    .map((name) => path.join(folder, name))
    .find((one) => fs.statSync(one, { throwIfNoEntry: false })?.isFile());
  // A preset that only transforms is known by its name; another that is not found would be missed by the tests.
  if (file === undefined) return raw;
  const below = await withPresets(await jestConfig(file), folder, depth + 1);
  const mapped = { ...record(below['moduleNameMapper']), ...record(raw['moduleNameMapper']) };
  return { ...below, ...raw, moduleNameMapper: mapped };
}

/** Bundlers' helpers that a configuration is written with, without the bundler. */
const HELPERS = `
const same = (config) => config;
export const defineConfig = same, defineProject = same, defineWorkspace = same;
export const mergeConfig = (a, b) => globalThis.__cambiumMerge(a, b);
export const configDefaults = { include: [], exclude: [], coverage: { exclude: [] } };
export const coverageConfigDefaults = { exclude: [] };
export const defaultExclude = [], defaultInclude = [];
export const loadEnv = () => ({});
export default { defineConfig, mergeConfig };
`;
const HELPED = new Set(['vite', 'vitest/config', 'vitest/node']);

/** Loads a configuration and calls it when it is a function; only what it needs of a bundler is stood in for. */
async function evaluated(file: string, environment: object): Promise<Raw> {
  Object.defineProperty(globalThis, '__cambiumMerge', { value: merged, configurable: true });
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      HELPED.has(specifier)
        ? { url: 'cambium-config:helpers', format: 'module', shortCircuit: true }
        : next(specifier, context),
    load: (url, context, next) => {
      if (url === 'cambium-config:helpers') return { format: 'module', source: HELPERS, shortCircuit: true };
      if (url !== pathToFileURL(file).href) return next(url, context);
      const loaded = next(url, { ...context, ...formatOf(file) });
      if (!String(loaded.format).startsWith('module')) return loaded;
      return { ...loaded, source: withScriptNames(String(loaded.source)) };
    },
  });
  try {
    const module = (await import(pathToFileURL(file).href)) as Raw;
    const inner = module['default'];
    const exported =
      inner !== null && typeof inner === 'object' && 'default' in inner ? inner.default : inner;
    const value: unknown = typeof exported === 'function' ? await exported(environment) : await exported;
    return record(value);
  } finally {
    hooks.deregister();
    Reflect.deleteProperty(globalThis, '__cambiumMerge');
  }
}

/** The runner reads a configuration with `import` or `export` as a module, whatever the package says of its files. */
function formatOf(file: string): { format?: string } {
  const ending = /\.[jt]s$/.exec(file)?.[0];
  if (ending === undefined || !/^\s*(?:import|export)\b/m.test(fs.readFileSync(file, 'utf8'))) return {};
  return { format: ending === '.ts' ? 'module-typescript' : 'module' };
}

function merged(one: Raw, other: Raw): Raw {
  const result: Raw = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const known = result[key];
    if (Array.isArray(known) && Array.isArray(value)) result[key] = [...known, ...value];
    else if (isRecord(known) && isRecord(value)) result[key] = merged(known, value);
    else if (value !== undefined) result[key] = value;
  }
  return result;
}

function isRecord(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RegExp);
}

function record(value: unknown): Raw {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string');
}

function number(value: unknown): number | null {
  const found = Number(value ?? Number.NaN);
  return Number.isFinite(found) ? found : null;
}

function readJson(file: string): Raw {
  return record(JSON.parse(fs.readFileSync(file, 'utf8')));
}

/** A path as it stands, or the name of a package. */
function fromRoot(one: string, root: string): string {
  if (path.isAbsolute(one)) return one;
  const file = path.resolve(root, one);
  return one.startsWith('.') || fs.existsSync(file) ? file : one;
}
