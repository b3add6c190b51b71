// Whether a change to a manifest or a configuration file can steer how tests run, and which files a runner loads.
import { posix } from 'node:path';
import type { TestPlan } from '#contracts/tests.ts';

/** Beyond what `testPathKind` knows: files that runners, interpreters or git read without being asked. */
const STEERING =
  /(^|\/)(\.npmrc|\.yarnrc(\.yml)?|\.pnpmfile\.cjs|\.pnp\.(cjs|loader\.mjs)|pnpm-workspace\.yaml|bunfig\.toml|\.taprc|\.swcrc|\.env(\.\w+)?|jsconfig\.json|jest[.-][\w.-]+\.[cm]?[jt]s|vitest\.[\w.-]+\.[cm]?[jt]s|\.mocharc[^/]*|\.?pytest\.(toml|ini)|pytest\.toml|sitecustomize\.py|usercustomize\.py|[^/]+\.pth|\.coveragerc|\.gitattributes|\.gitmodules|GNUmakefile|makefile|justfile|Taskfile\.ya?ml|(_?pytest|unittest|pluggy|hypothesis|numpy|pandas|mock|nose|parameterized|hamcrest|assertpy)\.py|node_modules)$/;
const STEERING_FOLDER =
  /(^|\/)(node_modules|__mocks__|_pytest|pytest|pluggy|unittest|iniconfig|hypothesis|numpy|pandas|parameterized|hamcrest|assertpy|site-packages|\.venv|venv|\.git|\.yarn|\.cambium)\//;
const BINARY = /\.(node|so|pyd|dylib|dll|pyc|wasm)$/;

/** Why a path steers the tests by its very name; null when it does not. */
export function steeringPath(path: string): string | null {
  if (STEERING_FOLDER.test(path)) return 'a folder that runners and interpreters look into';
  if (STEERING.test(path)) return 'a file that runners and interpreters read by themselves';
  return BINARY.test(path) ? 'compiled code that nobody can read' : null;
}

const HARMLESS_MANIFEST_KEYS = new Set(
  'version description keywords author contributors maintainers license homepage repository bugs funding files main module types typings exports bin man sideEffects private publishConfig readme engines'.split(
    ' ',
  ),
);
const DEPENDENCY_KEYS = new Set([
  'dependencies',
  'devDependencies',
  'peerDependencies',
  'optionalDependencies',
]);
const TEST_TOOLS =
  /^(vitest|@vitest\/.*|jest|@jest\/.*|jest-.*|ts-jest|babel-jest|mocha|chai|chai-.*|sinon|expect|tap|ava|tsx|ts-node|nyc|c8|assert)$/;

/** The keys of a package.json whose change can steer the tests; `null` is a manifest that is not there. */
export function manifestChanges(before: string | null, after: string | null): string[] {
  const old = parseObject(before);
  const now = parseObject(after);
  if (old === null || now === null) return ['the whole manifest'];
  const changed: string[] = [];
  for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (HARMLESS_MANIFEST_KEYS.has(key) || JSON.stringify(old[key]) === JSON.stringify(now[key])) continue;
    if (DEPENDENCY_KEYS.has(key)) changed.push(...dependencyChanges(key, old[key], now[key]));
    else if (isRecord(old[key]) || isRecord(now[key]))
      changed.push(...memberChanges(key, old[key], now[key]));
    else changed.push(key);
  }
  return changed;
}

function memberChanges(key: string, before: unknown, after: unknown): string[] {
  const old = isRecord(before) ? before : {};
  const now = isRecord(after) ? after : {};
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
    .map((name) => `${key}.${name}`);
}

/** A plain version bump of a library is none of our business; test tools and other sources than a registry are. */
function dependencyChanges(key: string, before: unknown, after: unknown): string[] {
  const now = isRecord(after) ? after : {};
  return memberChanges(key, before, after).filter((member) => {
    const name = member.slice(key.length + 1);
    const range = now[name];
    return TEST_TOOLS.test(name) || (range !== undefined && !/^[\w.^~<>=| *+-]+$/.test(String(range)));
  });
}

const HARMLESS_SECTION =
  /^(project|project\.(urls|optional-dependencies|scripts|license|readme)|build-system|tool\.(black|ruff|ruff\..*|isort|mypy|flake8|pylint|pylint\..*|bumpversion|semantic_release)|tool\.poetry|tool\.poetry\.(dependencies|group\..*))$/;

/** Sections of a pyproject.toml that changed and can steer the tests. */
export function pyprojectChanges(before: string | null, after: string | null): string[] {
  if (before === null || after === null) return ['the whole file'];
  // A long string may hold what looks like a section header; telling them apart needs a full parser.
  if (/"""|'''/.test(before + after)) return ['the whole file (it holds long strings)'];
  const old = sections(before);
  const now = sections(after);
  return [...new Set([...old.keys(), ...now.keys()])].filter((name) => {
    if (old.get(name) === now.get(name)) return false;
    const text = `${old.get(name) ?? ''}\n${now.get(name) ?? ''}`;
    return !HARMLESS_SECTION.test(name) || /pytest|entry-?points|plugins/i.test(text);
  });
}

function sections(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let name = '(top)';
  for (const line of text.split('\n')) {
    const header = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$/.exec(line)?.[1];
    if (header === undefined) found.set(name, `${found.get(name) ?? ''}${line}\n`);
    else name = header.replace(/["'\s]/g, '');
  }
  return found;
}

/** What configuration and commands of the base load: files named there are part of the test machinery. */
export function namedFiles(input: {
  readonly plan: TestPlan;
  /** Configuration files by path, with their text. */
  readonly configuration: ReadonlyMap<string, string>;
  readonly paths: ReadonlySet<string>;
}): Set<string> {
  const named = new Set<string>();
  const add = (folder: string, word: string): void => {
    const plain = word.replace(/^<rootDir>\//, '');
    const path = posix.normalize(posix.join(folder, plain));
    const found = ['', '.js', '.ts', '.mjs', '.cjs', '.py'].map((end) => path + end);
    for (const candidate of found) if (input.paths.has(candidate)) named.add(candidate);
  };
  for (const word of words(input.plan.argv.join(' '))) add(input.plan.directory, word);
  for (const [path, text] of input.configuration) {
    const folder = posix.dirname(path);
    const name = posix.basename(path);
    if (name === 'package.json') {
      for (const word of manifestWords(text)) add(folder, word);
    } else if (/\.([cm]?[jt]s|json|jsonc|ya?ml|opts)$/.test(name) && !/^[tj]sconfig/.test(name)) {
      for (const word of loadedWords(text)) add(folder, word);
    }
  }
  return named;
}

function manifestWords(text: string): string[] {
  const manifest = parseObject(text);
  if (manifest === null) return [];
  const scripts = isRecord(manifest['scripts']) ? manifest['scripts'] : {};
  const commands = Object.entries(scripts).filter(([name]) => /test|spec/i.test(name));
  const runners = ['jest', 'mocha', 'vitest', 'ava', 'nyc'].map((key) => JSON.stringify(manifest[key] ?? ''));
  return [...commands.flatMap(([, command]) => words(String(command))), ...runners.flatMap(quoted)];
}

/** Strings that follow a key which makes a runner load something. */
function loadedWords(text: string): string[] {
  const keys =
    /\b(setupFiles\w*|globalSetup|globalTeardown|require|import|file|spec|reporters?|runner|testRunner|environment|testEnvironment|transform|snapshotSerializers|loader)\b["']?\s*[:=]\s*(\[[^\]]{0,2000}\]|["'][^"'\n]{1,300}["']|[^\s,]{1,300})/g;
  return [...text.matchAll(keys)].flatMap((match) => words((match[2] ?? '').replace(/[[\]{}(),]/g, ' ')));
}

function words(command: string): string[] {
  return command
    .split(/[\s"'`=;&|()]+/)
    .map((word) => word.replace(/::.*$/, ''))
    .filter((word) => word !== '' && !word.startsWith('-'));
}

function quoted(text: string): string[] {
  return [...text.matchAll(/["']([^"'\n]{1,300})["']/g)].map((match) => match[1] ?? '');
}

function parseObject(text: string | null): Record<string, unknown> | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isRecord(value) ? value : null;
  } catch {
    // Not JSON: the caller treats the whole manifest as changed.
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
