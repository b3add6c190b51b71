// Tells test files, what supports them and what configures their runner from the code under test, by path.
import type { Language, LanguageFamily } from '#contracts/project.ts';
import type { TestPlan } from '#contracts/tests.ts';
import { familyOf, familyOfFile } from './languages.ts';

/** Names of test files, without folders. */
const TEST_NAMES: Readonly<Record<LanguageFamily, RegExp>> = {
  javascript: /(^|[._-])(test|tests|spec|specs|test-d)\.[cm]?[jt]sx?$|^test[-_.][^/]*\.[cm]?[jt]sx?$/i,
  python: /^(test_.*|.*_test|tests?)\.py$/,
  ruby: /^(test_.*|.*_(test|spec)|tests?)\.rb$/,
};
const TEST_FOLDER = /(^|\/)(__tests__|tests?|specs?|__mocks__|__snapshots__|e2e)\//i;
const CONFIGURATION =
  /^(vitest\.(config|workspace)\.[cm]?[jt]s|vite\.config\.[cm]?[jt]s|jest\.(config|setup)\.([cm]?[jt]s|json)|\.mocharc\.(c?js|json|jsonc|ya?ml)|mocha\.opts|pytest\.ini|\.pytest\.ini|tox\.ini|setup\.cfg|conftest\.py|pyproject\.toml|package\.json|ava\.config\.[cm]?js|\.c8rc(\.json)?|\.nycrc(\.json)?|karma\.conf\.[cm]?[jt]s|babel\.config\.[cm]?(js|json)|\.babelrc|tsconfig[^/]*\.json|noxfile\.py|Makefile|Rakefile|Gemfile|\.rspec|[^/]*\.gemspec)$/;

/** `test` holds cases, `support` lives among them (helpers, fixtures, snapshots), `configuration` steers a runner. */
export type TestPathKind = 'test' | 'support' | 'configuration';

/**
 * What a path is to the tests; null for the code under test. With the plan at hand, files that its command
 * names count as tests whatever they are called.
 */
export function testPathKind(path: string, plan?: TestPlan | null): TestPathKind | null {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (plan && namedByPlan(path, plan)) return 'test';
  if (CONFIGURATION.test(name)) return 'configuration';
  if (Object.values(TEST_NAMES).some((pattern) => pattern.test(name))) return 'test';
  if (!TEST_FOLDER.test(path)) return null;
  if (/(^|\/)__tests__\//.test(path) && isCode(name)) return 'test';
  if (isMochaDefault(path, plan)) return 'test';
  return 'support';
}

function isCode(path: string): boolean {
  return familyOfFile(path) !== null;
}

const DECLARATION = /\.d\.[cm]?ts$/;
/** Files that steer tools: a fault that tests can see is hardly ever there, and a wrong guess does harm. */
const TOOL_CONFIGURATION = /\.config\.[cm]?[jt]s$/;

/** Whether the path is code that a repair may change: of the language's family, no test, no declaration, no tool's settings. */
export function isCodeUnderTest(path: string, language: Language, plan: TestPlan | null): boolean {
  if (familyOfFile(path) !== familyOf(language) || DECLARATION.test(path)) return false;
  return !TOOL_CONFIGURATION.test(path) && testPathKind(path, plan) === null;
}

/** The files that the plan's command names, relative to the repository's root. */
function namedByPlan(path: string, plan: TestPlan): boolean {
  const prefix = plan.directory === '.' ? '' : `${plan.directory}/`;
  return plan.argv.slice(1).some((argument) => {
    const named = argument.replace(/^\.\//, '').replace(/::.*$/, '');
    return isCode(named) && `${prefix}${named}` === path;
  });
}

/** Mocha and node:test take every file of `test/` as a test, whatever its name. */
function isMochaDefault(path: string, plan: TestPlan | null | undefined): boolean {
  if (!plan || !isCode(path)) return false;
  const prefix = plan.directory === '.' ? '' : `${plan.directory}/`;
  if (!path.startsWith(`${prefix}test/`)) return false;
  const inside = path.slice(`${prefix}test/`.length);
  if (plan.runner === 'mocha') return !inside.includes('/') && !inside.startsWith('.');
  return plan.runner === 'node' && !/(^|\/)(helpers?|fixtures?|support|utils?)(\/|\.)/i.test(inside);
}
