// Every way of touching what judges a change is named with its file; honest changes to source yield no finding.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TamperFinding } from '#contracts/certificate.ts';
import { createLog } from '#foundation/log.ts';
import { findTampering } from '#quality/tampering.ts';
import { createGit } from '#sandbox/git.ts';
import { type Files, type Laboratory, openLaboratory, planOf } from './laboratory.ts';

let laboratory: Laboratory;
beforeAll(async () => {
  laboratory = await openLaboratory();
});
afterAll(async () => {
  await laboratory[Symbol.asyncDispose]();
});

const git = createGit({ log: createLog({ level: 'silent' }) });

async function findings(base: Files, change: Files): Promise<readonly TamperFinding[]> {
  const { path, commits } = await laboratory.repository([base, change]);
  const [from = '', to = ''] = commits;
  const plan = planOf('vitest', 'vitest', 'run');
  return (await findTampering(git, { repository: path, base: from, commit: to, plan })).findings;
}

const TESTS = `import { expect, test } from 'vitest';
import { add } from '../src/add.ts';
import { close } from './helper.ts';
test('adds', () => { expect(add(1, 2)).toBe(3); expect(add(0, 0)).toBe(0); });
test('is close', () => { close(add(1, 2), 3); });
`;
const BASE: Files = {
  'package.json': JSON.stringify({
    name: 'x',
    scripts: { test: 'node scripts/check.js && vitest run', build: 'tsc' },
    jest: { setupFiles: ['./tools/setup.js'] },
    dependencies: { left: '^1.0.0' },
    devDependencies: { vitest: '^1.0.0' },
  }),
  'pyproject.toml': '[project]\nname = "x"\nversion = "1"\n[tool.pytest.ini_options]\naddopts = "-q"\n',
  'vitest.config.ts': "export default { test: { setupFiles: ['./tools/vitest.js'] } };\n",
  'tsconfig.json': '{"compilerOptions":{}}',
  'scripts/check.js': 'process.exit(0);\n',
  'tools/setup.js': '\n',
  'tools/vitest.js': '\n',
  'src/add.ts': 'export const add = (a: number, b: number) => a - b;\n',
  'test/add.test.ts': TESTS,
  'test/helper.ts': 'export const close = (a, b) => { if (a !== b) throw new Error(); };\n',
  'test/__snapshots__/add.snap': 'exports[`x`] = `3`;\n',
};
const manifest = (change: (value: Record<string, Record<string, unknown>>) => void): string => {
  const value = JSON.parse(String(BASE['package.json'])) as Record<string, Record<string, unknown>>;
  change(value);
  return JSON.stringify(value);
};
const set = (key: string, name: string, to: unknown): string =>
  manifest((value) => {
    value[key] = { ...value[key], [name]: to };
  });

describe('what is named', () => {
  test.each<[string, Files, TamperFinding['kind'], string, string?]>([
    ['deleted test file', { 'test/add.test.ts': null }, 'deleted', 'test/add.test.ts'],
    [
      'renamed test file',
      { 'test/add.test.ts': null, 'old/add.txt': TESTS },
      'renamed',
      'test/add.test.ts',
      'old/add.txt',
    ],
    [
      'deleted case',
      { 'test/add.test.ts': TESTS.replace(/test\('adds'.*\n/, '') },
      'deleted',
      'test/add.test.ts',
      'adds',
    ],
    [
      'renamed case',
      { 'test/add.test.ts': TESTS.replace("'adds'", "'sums'") },
      'renamed',
      'test/add.test.ts',
      'sums',
    ],
    [
      'skipped case',
      { 'test/add.test.ts': TESTS.replace("test('adds'", "test.skip('adds'") },
      'skipped',
      'test/add.test.ts',
      'skip',
    ],
    [
      'expected failure',
      { 'test/add.test.ts': TESTS.replace("test('adds'", "test.fails('adds'") },
      'skipped',
      'test/add.test.ts',
      'fails',
    ],
    [
      'exclusive new case',
      { 'test/add.test.ts': `${TESTS}test.only('x', () => { expect(1).toBe(1); });\n` },
      'skipped',
      'test/add.test.ts',
      'only',
    ],
    [
      'fewer assertions',
      { 'test/add.test.ts': TESTS.replace('expect(add(1, 2)).toBe(3); ', '') },
      'weakened',
      'test/add.test.ts',
      '2 assertions, now 1',
    ],
    [
      'another expectation',
      { 'test/add.test.ts': TESTS.replace('toBe(3)', 'toBe(-1)') },
      'edited',
      'test/add.test.ts',
      'adds',
    ],
    [
      'code outside of cases',
      { 'test/add.test.ts': `${TESTS}Object.freeze(expect);\n` },
      'edited',
      'test/add.test.ts',
    ],
    [
      'helper of the tests',
      { 'test/helper.ts': 'export const close = () => {};\n' },
      'edited',
      'test/helper.ts',
    ],
    [
      'snapshot',
      { 'test/__snapshots__/add.snap': 'exports[`x`] = `-1`;\n' },
      'edited',
      'test/__snapshots__/add.snap',
    ],
    [
      'test script',
      { 'package.json': set('scripts', 'test', 'true') },
      'configuration',
      'package.json',
      'scripts.test',
    ],
    [
      'script before the tests',
      { 'package.json': set('scripts', 'pretest', 'rm -r test') },
      'configuration',
      'package.json',
      'scripts.pretest',
    ],
    [
      'runner by another name',
      { 'package.json': set('devDependencies', 'vitest', 'file:./fake') },
      'configuration',
      'package.json',
      'vitest',
    ],
    [
      'dependency from a folder',
      { 'package.json': set('dependencies', 'left', 'file:./left') },
      'configuration',
      'package.json',
      'left',
    ],
    [
      'imports map',
      { 'package.json': set('imports', '#x', './fake.js') },
      'configuration',
      'package.json',
      'imports',
    ],
    ['malformed manifest', { 'package.json': '{' }, 'configuration', 'package.json', 'whole'],
    [
      'pytest section',
      { 'pyproject.toml': String(BASE['pyproject.toml']).replace('-q', '-k x') },
      'configuration',
      'pyproject.toml',
      'tool.pytest',
    ],
    [
      'plugin entry point',
      { 'pyproject.toml': `${BASE['pyproject.toml']}[project.entry-points.pytest11]\nx = "x"\n` },
      'configuration',
      'pyproject.toml',
    ],
    [
      'hidden section',
      { 'pyproject.toml': '[tool.pytest.ini_options]\nx = """\n[project]\n"""\naddopts = "-k x"\n' },
      'configuration',
      'pyproject.toml',
    ],
    [
      'runner configuration',
      { 'vitest.config.ts': 'export default {};\n' },
      'configuration',
      'vitest.config.ts',
    ],
    [
      'new runner configuration',
      { 'packages/a/jest.config.js': '' },
      'configuration',
      'packages/a/jest.config.js',
    ],
    [
      'setup file of the configuration',
      { 'tools/vitest.js': 'globalThis.x = 1;\n' },
      'configuration',
      'tools/vitest.js',
      'loads it',
    ],
    [
      'setup file of the manifest',
      { 'tools/setup.js': 'globalThis.x = 1;\n' },
      'configuration',
      'tools/setup.js',
      'loads it',
    ],
    [
      'script of the test command',
      { 'scripts/check.js': '\n' },
      'configuration',
      'scripts/check.js',
      'loads it',
    ],
    [
      'compiler paths',
      { 'tsconfig.json': '{"compilerOptions":{"paths":{"x":["y"]}}}' },
      'configuration',
      'tsconfig.json',
    ],
    [
      'committed dependencies',
      { 'node_modules/vitest/index.js': '' },
      'configuration',
      'node_modules/vitest/index.js',
    ],
    ['automatic mocks', { '__mocks__/left.js': '' }, 'configuration', '__mocks__/left.js'],
    ['conftest', { 'src/conftest.py': '' }, 'configuration', 'src/conftest.py'],
    ['site customisation', { 'usercustomize.py': '' }, 'configuration', 'usercustomize.py'],
    ['path file', { 'x.pth': 'import os' }, 'configuration', 'x.pth'],
    ['git attributes', { '.gitattributes': '* filter=x' }, 'configuration', '.gitattributes'],
    ['mocha configuration', { '.mocharc.yml': 'spec: x' }, 'configuration', '.mocharc.yml'],
    ['npm configuration', { '.npmrc': 'x=y' }, 'configuration', '.npmrc'],
    ['compiled code', { 'src/add.node': 'x' }, 'configuration', 'src/add.node'],
    [
      'early exit in source',
      { 'src/add.ts': 'process.exit(0);\n' },
      'interference',
      'src/add.ts',
      'ends the process',
    ],
    [
      'early exit behind a comment',
      { 'src/add.ts': '/* adds */ process.exit(0);\n' },
      'interference',
      'src/add.ts',
      'ends the process',
    ],
    [
      'early exit in a generator',
      { 'src/a.js': 'class A {\n  * run() { process.exit(0); }\n}\n' },
      'interference',
      'src/a.js',
      'ends the process',
    ],
    [
      'a line that nobody can read',
      { 'src/a.js': `f(${'assert.'.repeat(100_000)}ok);\n` },
      'interference',
      'src/a.js',
      'nobody can read',
    ],
    [
      'replaced assertion',
      { 'src/a.js': 'assert.ok = () => {};\n' },
      'interference',
      'src/a.js',
      'replaces an assertion',
    ],
    [
      'asks for the runner',
      { 'src/a.py': 'import os\nif "PYTEST_CURRENT_TEST" in os.environ:\n    x = 1\n' },
      'interference',
      'src/a.py',
      'under test',
    ],
    [
      'early exit in a new case',
      { 'test/add.test.ts': `${TESTS}test('x', () => { process.exit(0); });\n` },
      'interference',
      'test/add.test.ts',
      'process.exit',
    ],
  ])('%s', async (...[, change, kind, file, detail = '']) => {
    expect(await findings(BASE, change)).toContainEqual({
      kind,
      file,
      detail: expect.stringContaining(detail),
    });
  });

  test('a module beside the tests that hides the one under test', async () => {
    const base = { 'src/sums.py': 'x = 1\n', 'tests/test_sums.py': 'def test_x():\n    assert 1\n' };
    const found = await findings(base, { 'tests/sums.py': 'x = 2\n' });
    expect(found).toMatchObject([{ kind: 'configuration', file: 'tests/sums.py' }]);
  });
});

describe('what is left in peace', () => {
  test.each<[string, Files]>([
    ['a fix', { 'src/add.ts': 'export const add = (a: number, b: number) => a + b;\n' }],
    ['a new source file', { 'src/sub/more.py': 'import math\n\n\ndef more(x):\n    return math.ceil(x)\n' }],
    ['a deleted source file', { 'src/add.ts': null }],
    ['a new test file', { 'test/more.test.ts': TESTS }],
    ['a new case', { 'test/add.test.ts': `${TESTS}test('more', () => { expect(add(2, 2)).toBe(4); });\n` }],
    ['a comment in a test file', { 'test/add.test.ts': `// Adds.\n${TESTS}` }],
    [
      'a comment in source that speaks of exits',
      { 'src/a.js': '/**\n * Never process.exit(1).\n */\nf();\n' },
    ],
    ['documentation', { 'README.md': '# x\n', 'docs/a.md': 'x' }],
    [
      'version and description',
      { 'package.json': manifest((value) => Object.assign(value, { version: '2.0.0', description: 'x' })) },
    ],
    ['another version of a library', { 'package.json': set('dependencies', 'left', '^2.1.0') }],
    [
      'version of a Python project',
      { 'pyproject.toml': String(BASE['pyproject.toml']).replace('"1"', '"2"') },
    ],
  ])('%s', async (_name, change) => {
    expect(await findings(BASE, change)).toEqual([]);
  });
});
