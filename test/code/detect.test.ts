// What detection makes of repositories: languages, managers, frameworks, test and build commands, and its honesty.
import { describe, expect, test } from 'vitest';
import { detectProject, type FileSource, unsupportedMessage } from '#code/detect.ts';
import { projectProfile } from '#contracts/project.ts';

type Files = Readonly<Record<string, string>>;

function source(files: Files): FileSource {
  return {
    list: () => Promise.resolve(Object.keys(files)),
    read: (path) => Promise.resolve(files[path] ?? null),
  };
}

async function detect(files: Files, options: { testCommand?: string; directory?: string } = {}) {
  const profile = await detectProject({ files: source(files), ...options });
  expect(projectProfile.parse(profile)).toEqual(profile);
  return profile;
}

function manifest(scripts: Record<string, string>, dependencies: string[] = []): string {
  return JSON.stringify({
    scripts,
    devDependencies: Object.fromEntries(dependencies.map((one) => [one, '1'])),
  });
}

async function plan(scripts: Record<string, string>, files: Files = {}) {
  const profile = await detect({ 'package.json': manifest(scripts), 'src/index.js': '', ...files });
  return (
    profile.tests && {
      runner: profile.tests.runner,
      argv: profile.tests.argv.join(' '),
      notes: profile.notes ?? [],
    }
  );
}

describe('S1: what a repository is', () => {
  test('counts its own source by language; vendored and generated files do not count', async () => {
    const profile = await detect({
      'src/a.ts': '',
      'src/b.tsx': '',
      'src/c.js': '',
      'node_modules/x/index.js': '',
      'vendor/y.py': '',
      'dist/out.js': '',
      'types.d.ts': '',
      'README.md': '',
    });
    expect(profile.languages).toEqual([
      { name: 'typescript', files: 2 },
      { name: 'javascript', files: 1 },
    ]);
    expect(profile.primary).toBe('typescript');
    expect(unsupportedMessage(profile)).toBeNull();
  });

  test.each([
    ['pnpm-lock.yaml', 'pnpm'],
    ['yarn.lock', 'yarn'],
    ['bun.lock', 'bun'],
    ['package-lock.json', 'npm'],
  ])('reads the package manager from %s', async (lockfile, manager) => {
    const profile = await detect({ 'package.json': '{}', [lockfile]: '', 'a.js': '' });
    expect(profile.packageManager).toBe(manager);
  });

  test('reads Python managers and frameworks, and those of JavaScript', async () => {
    const django = await detect({ 'requirements.txt': 'Django==5\n# flask', 'app.py': '' });
    expect(django).toMatchObject({ packageManager: 'pip', framework: 'Django', primary: 'python' });
    expect(await detect({ 'uv.lock': '', 'pyproject.toml': '', 'a.py': '' })).toMatchObject({
      packageManager: 'uv',
    });
    const next = await detect({ 'package.json': manifest({}, ['react', 'next']), 'a.js': '' });
    expect(next).toMatchObject({ framework: 'Next.js', packageManager: 'npm' });
  });

  test.each([
    ['Go', { 'main.go': '', 'main_test.go': '' }],
    ['Rust', { 'src/main.rs': '', 'src/lib.rs': '' }],
    ['Java', { 'src/A.java': '', 'src/B.java': '', 'src/C.java': '', 'site/a.js': '' }],
    ['Elixir', { 'lib/a.ex': '' }],
  ])('names %s as a language that it does not repair', async (name, files) => {
    const profile = await detect(files);
    expect(profile.primary).toBeNull();
    expect(unsupportedMessage(profile)).toContain(name);
    expect(unsupportedMessage(profile)).toContain('JavaScript, TypeScript, Python and Ruby');
  });

  test('a repository without source, and a manifest that is no JSON, are said and not thrown', async () => {
    expect(unsupportedMessage(await detect({ 'README.md': '' }))).toMatch(/No source files/);
    const broken = await detect({ 'package.json': '{"scripts":', 'test.js': '' });
    expect(broken.notes?.join()).toMatch(/package.json is not valid JSON/);
    expect(broken.tests?.argv).toEqual(['node', 'test.js']);
    expect(
      await detect({ 'package.json': '{"scripts":{"test":7},"dependencies":[]}', 'a.js': '' }),
    ).toMatchObject({ tests: null });
  });
});

describe('S27 R41: the test command of package.json', () => {
  test.each([
    ['vitest run', 'vitest', 'vitest run'],
    ['npx jest --ci', 'jest', 'jest --ci'],
    [
      'cross-env NODE_ENV=test TZ=UTC mocha "test/**/*.js"',
      'mocha',
      'env NODE_ENV=test TZ=UTC mocha test/**/*.js',
    ],
    [
      'NODE_OPTIONS=--experimental-vm-modules jest',
      'jest',
      'env NODE_OPTIONS=--experimental-vm-modules jest',
    ],
    ['node --import tsx --test test/*.ts', 'node', 'node --import tsx --test test/*.ts'],
    [
      'node --experimental-vm-modules node_modules/jest/bin/jest.js',
      'jest',
      'node --experimental-vm-modules node_modules/jest/bin/jest.js',
    ],
    ['nyc --reporter=lcov mocha', 'mocha', 'mocha'],
    ['c8 node --test', 'node', 'node --test'],
    ['react-scripts test', 'jest', 'react-scripts test'],
    ['tape test.js', 'command', 'tape test.js'],
    ['ava', 'command', 'ava'],
    ['tsx test/run.ts', 'command', 'tsx test/run.ts'],
    ['node test.js', 'command', 'node test.js'],
    ['node test/*.js', 'command', 'sh -c node test/*.js'],
    ['pytest -q', 'pytest', 'pytest -q'],
  ])('%s', async (script, runner, argv) => {
    expect(await plan({ test: script })).toMatchObject({ runner, argv });
  });

  test('follows npm run, yarn and pre-scripts to the runner, keeps a build and leaves linters out', async () => {
    const scripts = {
      pretest: 'npm run lint',
      lint: 'eslint .',
      test: 'npm run build && npm run test:unit -- --bail',
      'test:unit': 'cross-env CI=1 yarn unit',
      unit: 'mocha test',
      build: 'tsc -p .',
    };
    const found = await plan(scripts);
    expect(found?.runner).toBe('mocha');
    expect(found?.argv).toBe('sh -c tsc -p . && exec "$@" sh env CI=1 mocha test --bail');
    expect(found?.notes.join()).toMatch(/"eslint \." is not a test/);
  });

  test('scripts that call each other without end, pipes and hidden failures run as a shell would', async () => {
    expect(await plan({ test: 'npm run a', a: 'npm run test' })).toMatchObject({ runner: 'command' });
    expect(await plan({ test: 'mocha | tee log' })).toMatchObject({
      runner: 'command',
      argv: 'sh -c mocha | tee log',
    });
    expect((await plan({ test: 'jest || true' }))?.notes.join()).toMatch(/goes on after a failure/);
    const fan = (next: string) => Array.from({ length: 100 }, () => `npm run ${next}`).join(' && ');
    const wide = { test: fan('a'), a: fan('b'), b: fan('c'), c: fan('d'), d: fan('e'), e: 'mocha' };
    expect(await plan(wide)).toMatchObject({ runner: 'command' });
    expect(await plan({ test: 'run-s' })).toMatchObject({ argv: 'run-s' });
    expect(await plan({ test: 'node --run constructor' })).toMatchObject({ argv: 'node --run constructor' });
  });

  test('entries of a manifest that are no text do not hide the others', async () => {
    const text = JSON.stringify({
      scripts: { '//': ['a comment'], test: 'mocha' },
      dependencies: { x: null },
    });
    const profile = await detect({ 'package.json': text, 'src/index.js': '' });
    expect(profile.tests).toMatchObject({ runner: 'mocha', argv: ['mocha'] });
  });

  test('what npm init writes is no test', async () => {
    expect(await plan({ test: 'echo "Error: no test specified" && exit 1' })).toBeNull();
  });

  test('says what of a chain is not run', async () => {
    expect((await plan({ test: 'jest && node check.js' }))?.notes.join()).toMatch(
      /"node check\.js" comes after/,
    );
  });

  test.each([
    ['vitest --run typecheck && vitest run', 'vitest run', /"vitest --run typecheck" runs only a part/],
    ['vitest run --typecheck.only && vitest run --coverage', 'vitest run --coverage', /only a part/],
    ['vitest run && vitest bench', 'vitest run', /"vitest bench" comes after/],
    ['tape fast.js && jest --ci', 'sh -c tape fast.js && exec "$@" sh jest --ci', /^$/],
  ])('of several runs of tests the least filtered is taken: %s', async (test, argv, said) => {
    const found = await detect({ 'package.json': manifest({ test }), 'a.js': '' });
    expect(found.tests?.argv.join(' ')).toBe(argv);
    expect((found.notes ?? []).join()).toMatch(said);
  });

  test.each([
    'npm test --workspaces --if-present',
    'pnpm -r test',
    'turbo run test',
    'yarn workspaces run test',
  ])('a root that only has its packages run their tests leads to the one that has any: %s', async (test) => {
    const files = {
      'package.json': manifest({ test }),
      'packages/core/package.json': manifest({ test: 'vitest run' }),
      'packages/core/a.js': '',
      'packages/types/package.json': manifest({}),
      'packages/types/b.js': '',
    };
    const { tests } = await detect(files);
    expect(tests).toMatchObject({ runner: 'vitest', directory: 'packages/core' });
    const two = { ...files, 'packages/types/package.json': manifest({ test: 'jest' }) };
    const many = await detect(two);
    expect(many.tests).toMatchObject({ runner: 'command', directory: '.' });
    expect(many.notes?.join()).toMatch(/packages\/core, packages\/types/);
  });

  test('a word that only prints is no step before the tests', async () => {
    const found = await plan({
      test: 'TZ=Europe/Paris npm run zone && jest',
      zone: 'date && jest test/zone.test',
    });
    expect(found).toMatchObject({ runner: 'jest', argv: 'jest' });
  });

  test('--test wins, is resolved the same way and says where it came from', async () => {
    const files = { 'package.json': manifest({ test: 'jest', unit: 'vitest run' }), 'a.js': '' };
    const profile = await detect(files, { testCommand: ' npm run unit ' });
    expect(profile.tests).toEqual({
      runner: 'vitest',
      argv: ['vitest', 'run'],
      directory: '.',
      origin: '--test',
    });
    expect((await detect(files)).tests?.origin).toBe('package.json scripts.test');
  });
});

describe('S27 R41: tests without a script', () => {
  const NODE_TEST = `import test from 'node:test';`;
  test.each([
    [{ 'test.js': '' }, 'command', 'node test.js'],
    [{ 'test/a.test.ts': NODE_TEST, 'test/b.test.ts': NODE_TEST }, 'node', 'node --test'],
    [{ 'sum.test.js': NODE_TEST }, 'node', 'node --test sum.test.js'],
    [{ 'test.py': 'print(1)' }, 'command', 'python3 test.py'],
    [{ 'test_a.py': 'def test_x(): pass' }, 'pytest', 'python3 -m pytest'],
    [
      { 'tests/test_a.py': 'import unittest\nclass A(unittest.TestCase): pass' },
      'unittest',
      'python3 -m unittest discover -s tests',
    ],
    [{ 'pyproject.toml': '[tool.pytest.ini_options]', 'a.py': '' }, 'pytest', 'python3 -m pytest'],
    [{ 'setup.cfg': '[tool:pytest]', 'a.py': '' }, 'pytest', 'python3 -m pytest'],
    [{ 'tox.ini': '[testenv]\ncommands = pytest -q', 'a.py': '' }, 'pytest', 'python3 -m pytest'],
    [{ 'requirements-dev.txt': 'pytest>=7', 'test_a.py': 'x = 1' }, 'pytest', 'python3 -m pytest'],
  ] as [Files, string, string][])('%o', async (files, runner, argv) => {
    const profile = await detect(files);
    expect(profile.tests?.runner).toBe(runner);
    expect(profile.tests?.argv.join(' ')).toBe(argv);
  });

  test('nothing that looks like a test is no plan', async () => {
    expect((await detect({ 'a.js': '', 'package.json': '{}' })).tests).toBeNull();
    expect((await detect({ 'a.py': '' })).tests).toBeNull();
  });

  test('a monorepo: the only package with tests is found, several are named', async () => {
    const one = {
      'package.json': '{"workspaces":["packages/*"]}',
      'packages/a/package.json': manifest({ test: 'vitest' }),
      'packages/a/x.js': '',
    };
    expect((await detect(one)).tests).toMatchObject({ runner: 'vitest', directory: 'packages/a' });
    const two = { ...one, 'packages/b/package.json': manifest({ test: 'jest' }) };
    const several = await detect(two);
    expect(several.tests).toBeNull();
    expect(several.notes?.join()).toMatch(/packages\/a, packages\/b/);
    expect((await detect(two, { directory: './packages/b/' })).tests).toMatchObject({
      runner: 'jest',
      directory: 'packages/b',
    });
  });
});

describe('S28: the build command', () => {
  test('is the build script by its package manager; failures that it hides are said', async () => {
    const files = { 'package.json': manifest({ build: 'tsc || true' }), 'yarn.lock': '', 'a.ts': '' };
    const profile = await detect(files);
    expect(profile.build).toEqual(['yarn', 'run', 'build']);
    expect(profile.notes?.join()).toMatch(/hides failures/);
    expect((await detect({ 'package.json': manifest({}), 'a.ts': '' })).build).toBeNull();
  });
});
