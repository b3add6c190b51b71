// Tells test files, what supports them and what configures their runner from the code under test, by path.
import type { Language } from '#contracts/project.ts';
import type { TestPlan } from '#contracts/tests.ts';

const JS_TEST = /(^|[._-])(test|tests|spec|specs|test-d)\.[cm]?[jt]sx?$/i;
const JS_TEST_PREFIX = /^test[-_.][^/]*\.[cm]?[jt]sx?$/i;
const PY_TEST = /^(test_.*|.*_test|tests?)\.py$/;
const TEST_FOLDER = /(^|\/)(__tests__|tests?|specs?|__mocks__|__snapshots__|e2e)\//i;
const CODE = /\.([cm]?[jt]sx?|py)$/i;
const CONFIGURATION =
  /^(vitest\.(config|workspace)\.[cm]?[jt]s|vite\.config\.[cm]?[jt]s|jest\.(config|setup)\.([cm]?[jt]s|json)|\.mocharc\.(c?js|json|jsonc|ya?ml)|mocha\.opts|pytest\.ini|\.pytest\.ini|tox\.ini|setup\.cfg|conftest\.py|pyproject\.toml|package\.json|ava\.config\.[cm]?js|\.c8rc(\.json)?|\.nycrc(\.json)?|karma\.conf\.[cm]?[jt]s|babel\.config\.[cm]?(js|json)|\.babelrc|tsconfig[^/]*\.json|noxfile\.py|Makefile)$/;

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
  if (JS_TEST.test(name) || PY_TEST.test(name)) return 'test';
  if (JS_TEST_PREFIX.test(name)) return 'test';
  if (!TEST_FOLDER.test(path)) return null;
  if (/(^|\/)__tests__\//.test(path) && CODE.test(name)) return 'test';
  if (isMochaDefault(path, plan)) return 'test';
  return 'support';
}

/** Which of the two a repository counts as depends on its fixtures; code of both is run by the same tests. */
const JAVASCRIPT_FAMILY = /(?<!\.d)\.[cm]?[jt]sx?$/;
/** Files that steer tools: a fault that tests can see is hardly ever there, and a wrong guess does harm. */
const TOOL_CONFIGURATION = /\.config\.[cm]?[jt]s$/;

/** Whether the path is code that a repair may change: of the language's family, no test, no declaration, no tool's settings. */
export function isCodeUnderTest(path: string, language: Language, plan: TestPlan | null): boolean {
  const family = language === 'python' ? /\.py$/ : JAVASCRIPT_FAMILY;
  return family.test(path) && !TOOL_CONFIGURATION.test(path) && testPathKind(path, plan) === null;
}

/** The files that the plan's command names, relative to the repository's root. */
function namedByPlan(path: string, plan: TestPlan): boolean {
  const prefix = plan.directory === '.' ? '' : `${plan.directory}/`;
  return plan.argv.slice(1).some((argument) => {
    const named = argument.replace(/^\.\//, '').replace(/::.*$/, '');
    return CODE.test(named) && `${prefix}${named}` === path;
  });
}

/** Mocha and node:test take every file of `test/` as a test, whatever its name. */
function isMochaDefault(path: string, plan: TestPlan | null | undefined): boolean {
  if (!plan || !CODE.test(path)) return false;
  const prefix = plan.directory === '.' ? '' : `${plan.directory}/`;
  if (!path.startsWith(`${prefix}test/`)) return false;
  const inside = path.slice(`${prefix}test/`.length);
  if (plan.runner === 'mocha') return !inside.includes('/') && !inside.startsWith('.');
  return plan.runner === 'node' && !/(^|\/)(helpers?|fixtures?|support|utils?)(\/|\.)/i.test(inside);
}
