// What one command of a test script is: which runner, behind which wrappers, or a mere linter.
import type { TestRunnerKind } from '#contracts/tests.ts';

/** A command without its wrappers. `env` are `NAME=value` words that preceded it. */
export interface Unwrapped {
  readonly env: readonly string[];
  readonly words: readonly string[];
  readonly dropped: readonly string[];
}

const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;
const RUN_PREFIXES: readonly (readonly string[])[] = [
  ['npx'],
  ['bunx'],
  ['npm', 'exec'],
  ['pnpm', 'exec'],
  ['yarn', 'exec'],
  ['poetry', 'run'],
  ['uv', 'run'],
  ['pipenv', 'run'],
  ['hatch', 'run'],
  ['pdm', 'run'],
  ['bundle', 'exec'],
];
const COVERAGE_TOOLS = new Set(['nyc', 'c8']);
const LINTERS = new Set(
  'eslint standard xo prettier biome oxlint tslint jshint jscs semistandard tsd attw publint knip depcheck echo flow size-limit markdownlint ls-lint cspell ruff black mypy flake8 pyright isort pylint dpdm madge date'.split(
    ' ',
  ),
);
const BY_NAME: Readonly<Record<string, TestRunnerKind>> = {
  vitest: 'vitest',
  jest: 'jest',
  'jest-cli': 'jest',
  mocha: 'mocha',
  _mocha: 'mocha',
  pytest: 'pytest',
  'py.test': 'pytest',
};

/** Removes environment assignments, `cross-env`, `npx`, `nyc`, `poetry run` and their like from the front. */
export function unwrap(words: readonly string[]): Unwrapped {
  let rest = [...words];
  const env: string[] = [];
  const dropped: string[] = [];
  for (;;) {
    const [first = '', second] = rest;
    if (ASSIGNMENT.test(first)) env.push(...rest.splice(0, 1));
    else if ((first === 'cross-env' || first === 'env') && rest.length > 1 && !second?.startsWith('-'))
      rest = rest.slice(1);
    else if (COVERAGE_TOOLS.has(first) && rest.length > 1) {
      dropped.push(first);
      rest = withoutFlags(rest.slice(1));
    } else if (first === 'coverage' && second === 'run') {
      dropped.push('coverage');
      rest = ['python3', ...withoutFlags(rest.slice(2), ['-m'])];
    } else {
      const prefix = RUN_PREFIXES.find((candidate) => candidate.every((word, at) => rest[at] === word));
      if (!prefix || rest.length === prefix.length) return { env, words: rest, dropped };
      rest = withoutFlags(rest.slice(prefix.length));
    }
    if (rest.length === 0) return { env, words, dropped };
  }
}

/** Leading flags of a wrapper; `--flag value` pairs cannot be told from the command and are not supported. */
function withoutFlags(words: readonly string[], keep: readonly string[] = []): string[] {
  const at = words.findIndex((word) => !word.startsWith('-') || keep.includes(word));
  return at < 0 ? [] : words.slice(at);
}

/** The last part of a path without a JavaScript ending: `node_modules/jest/bin/jest.js` is `jest`. */
function baseName(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1).replace(/\.(c|m)?js$/, '');
}

/** Which runner a command starts; `command` for anything that only has an exit status. */
export function runnerOf(words: readonly string[]): TestRunnerKind {
  const name = baseName(words[0] ?? '');
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name] ?? 'command';
  if (name === 'react-scripts' && words[1] === 'test') return 'jest';
  if (/^python[\d.]*$/.test(name)) return pythonRunner(words);
  if (/^ruby[\d.]*$/.test(name) || name === 'rake') return rubyRunner(name, words);
  if (name !== 'node' && name !== 'tsx' && name !== 'ts-node') return 'command';
  if (words.includes('--test')) return 'node';
  const script = words
    .slice(1)
    .find((word) => !word.startsWith('-') && /(^|\/)(node_modules|bin)\//.test(word));
  const scriptName = script === undefined ? '' : baseName(script);
  return Object.hasOwn(BY_NAME, scriptName) ? (BY_NAME[scriptName] ?? 'command') : 'command';
}

function pythonRunner(words: readonly string[]): TestRunnerKind {
  const at = words.indexOf('-m');
  const module = at < 0 ? '' : words[at + 1];
  if (module === 'pytest' || module === 'py.test') return 'pytest';
  return module === 'unittest' ? 'unittest' : 'command';
}

/** `rake test`, and `ruby` with files that are named as minitest's are; a lone script has an exit status only. */
function rubyRunner(name: string, words: readonly string[]): TestRunnerKind {
  if (name === 'rake') return words.length === 1 || words[1] === 'test' ? 'minitest' : 'command';
  if (words.includes('-e')) return words.some((word) => /_test|test_/.test(word)) ? 'minitest' : 'command';
  const files = words.filter((word) => word.endsWith('.rb'));
  const tests =
    files.length > 0 && files.every((word) => /(^|\/)(?:test_[^/]*|[^/]*_(?:test|spec))\.rb$/.test(word));
  return tests ? 'minitest' : 'command';
}

/** True for checks of style and types that say nothing about a test. */
export function isLinter(words: readonly string[]): boolean {
  const name = baseName(words[0] ?? '');
  if (LINTERS.has(name)) return true;
  return /^(tsc|vue-tsc)$/.test(name) && words.some((word) => /^--noEmit$/i.test(word));
}
