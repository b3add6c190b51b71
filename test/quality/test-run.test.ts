// Test running with the real runners in the real sandbox: one result per test, whatever the tests do.
import { beforeAll, describe, expect, test } from 'vitest';
import { testReport } from '#contracts/tests.ts';
import { isFileTest } from '#quality/test-run.ts';
import { type Bench, lines, openBench } from './test-run-bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});

const PYTHON = '/usr/bin/python3';
const DESCRIBED = `
describe('outer', () => {
  it('passes', () => {});
  it('fails', () => { throw new Error('boom \\u001b[31mred\\u0000'); });
  it.skip('skipped', () => {});
  describe('inner ü', () => {
    it('twin', () => {});
    it('twin', () => { throw new Error('the second'); });
    it('日本 (a+b)*', () => {});
  });
});
it('top', () => {});
`;
const DESCRIBED_LINES = [
  'passed test/a.test.js › outer › passes',
  'failed test/a.test.js › outer › fails',
  'skipped test/a.test.js › outer › skipped',
  'passed test/a.test.js › outer › inner ü › twin',
  'failed test/a.test.js › outer › inner ü › twin (2)',
  'passed test/a.test.js › outer › inner ü › 日本 (a+b)*',
  'passed test/a.test.js › top',
];
const HANGS = `it('first', () => {}); it('hangs', () => { while (true) {} }); it('after', () => {});`;
const LIMITS = { wallMs: 5_000 };

interface Ecosystem {
  readonly runner: 'node' | 'vitest' | 'jest' | 'mocha';
  readonly argv: string[];
  readonly header: string;
  readonly manifest: string;
}

const ECOSYSTEMS: Ecosystem[] = [
  {
    runner: 'node',
    argv: ['node', '--test', 'test/*.test.js'],
    header: `import { describe, it } from 'node:test';\n`,
    manifest: '{"type":"module"}',
  },
  {
    runner: 'vitest',
    argv: ['vitest'],
    header: `import { describe, it } from 'vitest';\n`,
    manifest: '{"type":"module"}',
  },
  { runner: 'jest', argv: ['jest'], header: '', manifest: '{"name":"sample"}' },
  { runner: 'mocha', argv: ['mocha'], header: '', manifest: '{"name":"sample"}' },
];

describe.each(ECOSYSTEMS)('S27 R41: $runner', ({ runner, argv, header, manifest }) => {
  test('tells every test by file, suite and name, with twins numbered and messages made plain', async () => {
    await using tree = await bench.tree({ 'package.json': manifest, 'test/a.test.js': header + DESCRIBED });
    const report = await tree.run(runner, argv);
    expect(lines(report).sort()).toEqual([...DESCRIBED_LINES].sort());
    expect(report).toMatchObject({ outcome: 'ran' });
    expect(report.exitCode).not.toBe(0);
    const failed = report.tests.find((one) => one.name === 'outer › fails');
    expect(failed?.message).toMatch(/boom red/);
    expect(failed?.file).toBe('test/a.test.js');
    expect(testReport.parse(report)).toEqual(report);
    expect(lines(await tree.run(runner, argv))).toEqual(lines(report));
  });

  test('narrows to files and names, taken literally', async () => {
    const text = header + DESCRIBED;
    await using tree = await bench.tree({
      'package.json': manifest,
      'test/a.test.js': text,
      'test/b.test.js': text,
    });
    const names = ['outer › inner ü › 日本 (a+b)*', 'outer › inner ü › twin'];
    const report = await tree.run(runner, argv, { only: { files: ['test/a.test.js'], names } });
    expect(lines(report)).toEqual([
      'passed test/a.test.js › outer › inner ü › twin',
      'failed test/a.test.js › outer › inner ü › twin (2)',
      'passed test/a.test.js › outer › inner ü › 日本 (a+b)*',
    ]);
    await using odd = await bench.tree({
      'package.json': manifest,
      'test/a.test.js': `${header}it('two  blanks\\nand a line', () => {}); it('other', () => {});`,
    });
    const blank = await odd.run(runner, argv, { only: { names: ['two blanks and a line'] } });
    expect(lines(blank)).toEqual(['passed test/a.test.js › two blanks and a line']);
    const none = await tree.run(runner, argv, { only: { files: ['test/a.test.js'], names: ['gone'] } });
    expect(none).toMatchObject({ outcome: 'no-tests', tests: [] });
  });

  test('says so when there are no tests', async () => {
    await using tree = await bench.tree({ 'package.json': manifest, 'index.js': '' });
    expect(await tree.run(runner, argv)).toMatchObject({ outcome: 'no-tests', tests: [] });
  });

  test('keeps what came in before a hang, and names the test or file that hangs', async () => {
    // Jest starts with the largest file.
    const quick = `${header}it('quick', () => {});\n${'// padding\n'.repeat(50)}`;
    const files = { 'test/a.test.js': quick, 'test/b.test.js': header + HANGS };
    await using tree = await bench.tree({ 'package.json': manifest, ...files });
    const report = await tree.run(runner, argv, { limits: LIMITS });
    expect(report.outcome).toBe('timed-out');
    expect(report.exitCode).toBeNull();
    const hanging = report.tests.filter((one) => one.status === 'failed');
    expect(hanging).toHaveLength(1);
    expect(hanging[0]?.id).toMatch(/^test\/b\.test\.js › (hangs|\(file\))$/);
    expect(hanging[0]?.message).toMatch(/time limit/);
    expect(lines(report)).toContain('passed test/a.test.js › quick');
  });

  test('a command that does not exist could not start', async () => {
    await using tree = await bench.tree({ 'package.json': manifest });
    const report = await tree.run(runner, runner === 'node' ? ['nodde', '--test'] : [`${runner}-missing`]);
    expect(report.outcome).toBe('could-not-start');
    expect(report.reason).toMatch(/not found|could not be found/);
  });
});

describe.each(ECOSYSTEMS.filter((one) => one.runner !== 'mocha'))(
  'R41: $runner',
  ({ runner, argv, header, manifest }) => {
    test('a file that does not load is one failed test of that file; the others still run', async () => {
      const files = {
        'test/a.test.js': `${header}it('fine', () => {});`,
        'test/b.test.js': `${header}const = 1;`,
      };
      await using tree = await bench.tree({ 'package.json': manifest, ...files });
      const report = await tree.run(runner, argv);
      expect(lines(report)).toEqual(['passed test/a.test.js › fine', 'failed test/b.test.js › (file)']);
      expect(report.tests.map(isFileTest)).toEqual([false, true]);
      expect(report.tests[1]?.message).toMatch(/unexpected|syntax|expected/i);
    });

    test('could not start when no file loads, with the reason', async () => {
      await using tree = await bench.tree({
        'package.json': manifest,
        'test/b.test.js': `${header}const = 1;`,
      });
      const report = await tree.run(runner, argv);
      expect(report.outcome).toBe('could-not-start');
      expect(report.reason).toMatch(/unexpected|syntax|expected/i);
    });
  },
);

describe('R41: mocha', () => {
  test('a file that does not load stops mocha as a whole: it could not start, and the file is named', async () => {
    await using tree = await bench.tree({
      'package.json': '{}',
      'src/a.js': 'module.exports = missing;',
      'test/a.test.js': `it('fine', () => {});`,
      'test/b.test.js': `require('../src/a.js');`,
    });
    const report = await tree.run('mocha', ['mocha']);
    expect(report.outcome).toBe('could-not-start');
    expect(report.reason).toMatch(/missing is not defined/);
    expect(lines(report)).toEqual(['failed test/b.test.js › (file)']);
    await using broken = await bench.tree({ 'package.json': '{}', 'test/b.test.js': 'const = 1;' });
    expect(lines(await broken.run('mocha', ['mocha']))).toEqual(['failed test/b.test.js › (file)']);
    expect(await broken.run('mocha', ['mocha', '--no-such', '--ui', 'none'])).toMatchObject({
      outcome: 'could-not-start',
      tests: [],
    });
  });
});

describe('S27 R41: node:test', () => {
  test('runs TypeScript through type stripping, subtests, and scripts without cases', async () => {
    await using tree = await bench.tree({
      'package.json': '{"type":"module"}',
      'test/a.test.ts': `import { test } from 'node:test';\nconst n: number = 1;\ntest('parent', async (t) => { await t.test('child', () => { if (n !== 1) throw new Error(); }); });`,
      'test/script.test.ts': `if (Math.max(1, 2) !== 3) throw new Error('script says no');`,
    });
    const report = await tree.run('node', ['node', '--test', '--test-reporter', 'dot', 'test/*.test.ts']);
    expect(lines(report)).toEqual([
      'passed test/a.test.ts › parent › child',
      'passed test/a.test.ts › parent',
      'failed test/script.test.ts › (file)',
    ]);
    expect(report.tests[2]?.message).toMatch(/script says no/);
  });
});

describe('S27 R41: pytest', () => {
  const FILES = {
    'tests/test_a.py': `
import pytest
def test_pass(): pass
def test_fail(): assert {'a': 1} == {'a': 2}
@pytest.mark.skip
def test_skip(): pass
@pytest.mark.xfail
def test_expected(): assert False
@pytest.mark.parametrize('v', ['a::b', 'ü'])
def test_each(v): pass
class TestGroup:
    def test_日本(self): pass
@pytest.fixture
def broken(): raise RuntimeError('set-up')
def test_setup(broken): pass
`,
    'tests/test_b.py': 'import missing_module\n',
  };

  test('tells every test, those with parameters, and the file that does not load', async () => {
    await using tree = await bench.tree(FILES);
    const report = await tree.run('pytest', [PYTHON, '-m', 'pytest']);
    expect(report.outcome).toBe('ran');
    expect(lines(report).sort()).toEqual(
      [
        'passed tests/test_a.py › test_pass',
        'failed tests/test_a.py › test_fail',
        'skipped tests/test_a.py › test_skip',
        'skipped tests/test_a.py › test_expected',
        'passed tests/test_a.py › test_each[a::b]',
        `passed tests/test_a.py › test_each[\\xfc]`,
        'passed tests/test_a.py › TestGroup › test_日本',
        'failed tests/test_a.py › test_setup',
        'failed tests/test_b.py › (file)',
      ].sort(),
    );
    expect(report.tests.find((one) => one.name === 'test_fail')?.message).toMatch(/AssertionError/);
    const narrowed = await tree.run('pytest', [PYTHON, '-m', 'pytest', 'tests'], {
      only: { files: ['tests/test_a.py'], names: ['test_each[a::b]', 'TestGroup › test_日本'] },
    });
    expect(lines(narrowed)).toEqual([
      'passed tests/test_a.py › test_each[a::b]',
      'passed tests/test_a.py › TestGroup › test_日本',
    ]);
  });

  test('no tests, a hang, and a missing runner each end in their own outcome', async () => {
    await using empty = await bench.tree({ 'module.py': '' });
    expect(await empty.run('pytest', [PYTHON, '-m', 'pytest'])).toMatchObject({ outcome: 'no-tests' });
    const missing = await empty.run('pytest', [PYTHON, '-m', 'no_such_pytest', '-m', 'pytest']);
    expect(missing).toMatchObject({
      outcome: 'could-not-start',
      reason: expect.stringMatching(/no module named/i),
    });
    await using tree = await bench.tree({
      'test_z.py': 'def test_first(): pass\ndef test_hangs():\n  while True: pass\n',
    });
    const report = await tree.run('pytest', [PYTHON, '-m', 'pytest'], { limits: LIMITS });
    expect(report.outcome).toBe('timed-out');
    expect(lines(report)).toEqual(['passed test_z.py › test_first', 'failed test_z.py › test_hangs']);
  });
});

describe('S27 R41: unittest', () => {
  test('tells every method, failed set-ups and modules that do not load', async () => {
    await using tree = await bench.tree({
      'test_a.py': `
import unittest
class TestA(unittest.TestCase):
    def test_pass(self): pass
    def test_fail(self): self.assertEqual(1, 2)
    @unittest.skip('no')
    def test_skip(self): pass
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i): self.assertEqual(i, 1)
class TestB(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError('class set-up')
    def test_never(self): pass
`,
      'test_b.py': 'import missing_module\n',
    });
    const report = await tree.run('unittest', [PYTHON, '-m', 'unittest', 'discover']);
    expect(lines(report).sort()).toEqual(
      [
        'failed test_a.py › TestA › test_fail',
        'passed test_a.py › TestA › test_pass',
        'skipped test_a.py › TestA › test_skip',
        'failed test_a.py › TestA › test_sub',
        'failed test_a.py › TestB › (setUpClass)',
        'failed test_b.py › (file)',
      ].sort(),
    );
    const only = { files: ['test_a.py'], names: ['TestA › test_pass'] };
    const narrowed = await tree.run('unittest', [PYTHON, '-m', 'unittest', 'discover'], { only });
    expect(lines(narrowed)).toEqual(['passed test_a.py › TestA › test_pass']);
  });
});

describe('R41: a plain command', () => {
  test('is one test named by its command line; its exit status decides', async () => {
    await using tree = await bench.tree({
      'test.js': `console.log('three'); process.exit(Number(process.env.CODE ?? 3));`,
    });
    const failed = await tree.run('command', ['node', 'test.js']);
    expect(failed).toMatchObject({ outcome: 'ran', exitCode: 3 });
    expect(failed.tests).toMatchObject([{ id: 'node test.js', file: 'test.js', status: 'failed' }]);
    expect(failed.tests[0]?.message).toMatch(/three/);
    const passed = await tree.run('command', ['env', 'CODE=0', 'node', 'test.js']);
    expect(passed.tests).toMatchObject([{ status: 'passed', message: null }]);
    expect(await tree.run('command', ['no-such-program'])).toMatchObject({
      outcome: 'could-not-start',
      tests: [],
    });
  });

  test('a build before the tests runs first, and its failure is no test result', async () => {
    await using tree = await bench.tree({
      'package.json': '{"type":"module"}',
      'build.js': `import { mkdirSync, writeFileSync } from 'node:fs'; mkdirSync('out'); writeFileSync('out/a.test.js', "import { test } from 'node:test'; test('built', () => {});");`,
    });
    const prefix = (command: string) => ['sh', '-c', `${command} && exec "$@"`, 'sh'];
    const built = await tree.run('node', [...prefix('node build.js'), 'node', '--test', 'out/a.test.js']);
    expect(lines(built)).toEqual(['passed out/a.test.js › built']);
    const broken = await tree.run('node', [...prefix('node missing.js'), 'node', '--test', 'out/a.test.js']);
    expect(broken).toMatchObject({ outcome: 'could-not-start', tests: [] });
  });
});
