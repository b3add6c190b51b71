// How the tests of a Python package are run: its configuration, else its files.
import type { FoundCommand, PackageContext } from './context.ts';

const FRAMEWORKS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bdjango\b/i, 'Django'],
  [/\bfastapi\b/i, 'FastAPI'],
  [/\bflask\b/i, 'Flask'],
  [/\bstarlette\b/i, 'Starlette'],
  [/\btornado\b/i, 'Tornado'],
  [/\baiohttp\b/i, 'aiohttp'],
];
const PYTEST = ['python3', '-m', 'pytest'];
const TEST_FILE = /(^|\/)(test_[^/]*|[^/]*_test|tests?)\.py$/;
const MAX_READS = 40;

/** Configuration files of a Python package, by path; absent ones are left out. */
async function configuration(context: PackageContext): Promise<Map<string, string>> {
  const names = context.paths.filter((path) =>
    /^(pyproject\.toml|\.?pytest\.ini|setup\.cfg|setup\.py|tox\.ini|Pipfile|[^/]*requirements[^/]*\.(txt|in)|requirements\/[^/]*\.txt)$/.test(
      path,
    ),
  );
  const found = new Map<string, string>();
  for (const name of names.slice(0, MAX_READS)) {
    const text = await context.read(name);
    if (text !== null) found.set(name, text);
  }
  return found;
}

/** The web framework that the requirements name. */
export async function pythonFramework(context: PackageContext): Promise<string | null> {
  const texts = [...(await configuration(context)).values()].map((text) => text.replace(/#.*$/gm, ''));
  return FRAMEWORKS.find(([pattern]) => texts.some((text) => pattern.test(text)))?.[1] ?? null;
}

/** The test command of the package; null when nothing looks like a test. */
export async function pythonTests(context: PackageContext): Promise<FoundCommand | null> {
  const files = await configuration(context);
  const configured = pytestSection(files);
  const tests = context.paths.filter((path) => TEST_FILE.test(path));
  if (configured !== null) return { runner: 'pytest', argv: PYTEST, origin: configured };
  if (context.paths.some((path) => /(^|\/)conftest\.py$/.test(path)))
    return { runner: 'pytest', argv: PYTEST, origin: 'conftest.py' };
  if (tests.length === 0) return null;
  for (const [name, text] of files)
    if (/^[^#\n]*\bpytest\b/m.test(text))
      return { runner: 'pytest', argv: PYTEST, origin: `${name} names pytest` };
  return await fromFiles(context, tests);
}

function pytestSection(files: ReadonlyMap<string, string>): string | null {
  for (const [name, text] of files) {
    if (/pytest\.ini$/.test(name)) return name;
    if (name === 'pyproject.toml' && /^\s*\[tool\.pytest\b/m.test(text))
      return 'pyproject.toml [tool.pytest]';
    if (name === 'setup.cfg' && /^\s*\[tool:pytest\]/m.test(text)) return 'setup.cfg [tool:pytest]';
    if (name === 'tox.ini' && /^\s*\[pytest\]|^[^#\n]*commands[^#]*\bpytest\b/m.test(text)) return 'tox.ini';
  }
  return null;
}

async function fromFiles(context: PackageContext, tests: readonly string[]): Promise<FoundCommand> {
  const kinds = new Map<string, 'pytest' | 'unittest' | 'script'>();
  for (const path of tests.slice(0, MAX_READS)) kinds.set(path, kindOf((await context.read(path)) ?? ''));
  const all = [...kinds.values()];
  const [first = ''] = tests;
  const origin = tests.length === 1 ? `test file ${first}` : `test files such as ${first}`;
  if (all.includes('pytest')) {
    const named = tests.every((path) => /(^|\/)(test_[^/]*|[^/]*_test)\.py$/.test(path)) ? [] : tests;
    return { runner: 'pytest', argv: [...PYTEST, ...named], origin };
  }
  if (all.includes('unittest')) return unittest(context, tests, origin);
  const script = tests.find((path) => /(^|\/)tests?\.py$/.test(path)) ?? first;
  return { runner: 'command', argv: ['python3', script], origin: `test file ${script}` };
}

function kindOf(text: string): 'pytest' | 'unittest' | 'script' {
  if (/^\s*(import|from)\s+pytest\b/m.test(text)) return 'pytest';
  if (/^\s*(import|from)\s+unittest\b/m.test(text) && /\bTestCase\b/.test(text)) return 'unittest';
  if (/^(async\s+)?def\s+test\w*\s*\(/m.test(text) && !/__name__\s*==/.test(text)) return 'pytest';
  return 'script';
}

/** Discovery needs packages (or a start directory); files with other names are given as modules. */
function unittest(context: PackageContext, tests: readonly string[], origin: string): FoundCommand {
  const base = ['python3', '-m', 'unittest'];
  const discoverable = tests.filter((path) => /(^|\/)test[^/]*\.py$/.test(path));
  if (discoverable.length < tests.length) return { runner: 'unittest', argv: [...base, ...tests], origin };
  const folders = [...new Set(tests.map((path) => (path.includes('/') ? (path.split('/')[0] ?? '.') : '.')))];
  const [folder = '.'] = folders;
  const alone = folders.length === 1 && folder !== '.' && !context.paths.includes(`${folder}/__init__.py`);
  return { runner: 'unittest', argv: [...base, 'discover', ...(alone ? ['-s', folder] : [])], origin };
}
