// The built-in planner: from two test reports to a plan. Pure; what tests exercise is read from stacks and imports.
import { posix } from 'node:path';
import type { Plan, PlannedFailure, PlannerInput } from '#agents/roles.ts';
import type { TestReport, TestResult } from '#contracts/tests.ts';
import { plural } from '#foundation/text.ts';
import { countsOf, failingOf } from './reports.ts';

const EXERCISED_FILES = 12;
const IMPORTS = [
  /\bfrom\s{0,9}['"]([^'"\n]{1,400})['"]/g,
  /\bimport\s{0,9}\(?\s{0,9}['"]([^'"\n]{1,400})['"]/g,
  /\brequire\(\s{0,9}['"]([^'"\n]{1,400})['"]/g,
];
const PYTHON_IMPORT = /^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+([\w, \t]+)|import[ \t]+([\w.]+))/gm;
const EXTENSIONS = [
  '',
  '.ts',
  '.tsx',
  '.mts',
  '.cts',
  '.js',
  '.jsx',
  '.mjs',
  '.cjs',
  '/index.ts',
  '/index.js',
  '.py',
  '/__init__.py',
];

/** Steady failures are those that fail twice; what passes the second time is flaky and no target. */
export function makePlan(input: PlannerInput): Plan {
  const failedOnce = failingOf(input.report);
  const flaky = flakyOf(failedOnce, input.rerun);
  const steady = failedOnce.filter((test) => !flaky.includes(test.id));
  const sources = new Set(input.sourceFiles);
  const failing: PlannedFailure[] = steady.map((test) => ({
    id: test.id,
    file: test.file,
    message: test.message,
    exercises: exercisedBy(test, input.testTexts, sources),
  }));
  const counts = countsOf(input.report);
  return {
    tests: input.tests,
    failing,
    flaky,
    since: input.since,
    counts,
    sourceFiles: input.sourceFiles,
    summary: summaryOf(counts, steady.length, flaky.length),
  };
}

function flakyOf(failedOnce: readonly TestResult[], rerun: TestReport | null): string[] {
  if (rerun === null || rerun.outcome !== 'ran') return [];
  const passedLater = new Set(rerun.tests.filter((t) => t.status === 'passed').map((t) => t.id));
  return failedOnce.filter((test) => passedLater.has(test.id)).map((test) => test.id);
}

function summaryOf(counts: Plan['counts'], steady: number, flaky: number): string {
  const total = counts.passed + counts.failed + counts.skipped;
  const unsteady = flaky > 0 ? `, ${plural(flaky, 'flaky test')} set apart` : '';
  if (steady === 0) return `No test fails steadily (${plural(total, 'test')}${unsteady})`;
  return `${steady} of ${plural(total, 'test')} to make pass${unsteady}`;
}

/** Source files named in the failure's stack, in its order, then those that its test file imports. */
function exercisedBy(
  test: TestResult,
  testTexts: Readonly<Record<string, string>>,
  sources: ReadonlySet<string>,
): string[] {
  const fromStack = test.message === null ? [] : pathsIn(test.message, sources);
  const text = test.file === null ? undefined : testTexts[test.file];
  const fromImports = text === undefined || test.file === null ? [] : importsOf(test.file, text, sources);
  return [...new Set([...fromStack, ...fromImports])].slice(0, EXERCISED_FILES);
}

function pathsIn(message: string, sources: ReadonlySet<string>): string[] {
  const found: string[] = [];
  // Whole words first: a pattern for paths would be slow on text that was made to be.
  for (const [word] of message.matchAll(/[^\s()"'<>,;]+/g)) {
    const path = /^(.{1,1000}\.(?:[cm]?[jt]sx?|py))(?::\d{1,9}){0,2}:?$/.exec(word)?.[1];
    if (path === undefined) continue;
    const parts = path.split('/');
    const tails = parts.map((_, index) => parts.slice(index).join('/'));
    const known = tails.find((tail) => sources.has(tail));
    if (known !== undefined) found.push(known);
  }
  return found;
}

function importsOf(file: string, text: string, sources: ReadonlySet<string>): string[] {
  const directory = posix.dirname(file);
  if (file.endsWith('.py')) return pythonImports(directory, text, sources);
  const specifiers = IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => resolved(posix.normalize(posix.join(directory, specifier)), sources))
    .filter((path) => path !== null);
}

function pythonImports(directory: string, text: string, sources: ReadonlySet<string>): string[] {
  const modules = [...text.matchAll(PYTHON_IMPORT)].flatMap(([, from, names, plain]) => {
    if (plain !== undefined) return [plain];
    const base = from ?? '';
    return [base, ...(names ?? '').split(',').map((name) => `${base}.${name.trim()}`)];
  });
  return modules
    .map((module) => module.replace(/^\.+/, '').replaceAll('.', '/'))
    .flatMap((path) => [path, posix.join(directory, path), posix.join('src', path)])
    .map((path) => resolved(path, sources))
    .filter((path) => path !== null);
}

function resolved(path: string, sources: ReadonlySet<string>): string | null {
  const plain = path.replace(/\.[cm]?js$/, '');
  for (const extension of EXTENSIONS) {
    if (sources.has(path + extension)) return path + extension;
    if (sources.has(plain + extension)) return plain + extension;
  }
  return null;
}
