// Outlines of test files: what they promise, and that weakening any of it shows.
import { describe, expect, test } from 'vitest';
import { outlineTestFile, outlineTests } from '#code/test-cases.ts';
import { testPathKind } from '#code/test-files.ts';
import type { Language } from '#contracts/project.ts';

function brief(language: Language, text: string): string[] {
  return outlineTests(language, text).map((one) => {
    const markers = one.markers.map((marker) => `${marker.kind}${marker.conditional ? '?' : ''}`);
    return [`${one.line}`, one.name, `${one.assertions}`, ...markers].join(' | ');
  });
}

describe('R41: cases of JavaScript and TypeScript', () => {
  test('suites, modifiers, tables, options, subtests and conditions', () => {
    const text = `
describe('s', () => {
  beforeEach(() => { expect(0).toBe(0); });
  it('counts', () => { expect(1).toBe(1); assert.equal(1, 1); assert(1); x.should.equal(4); throw e; });
  it.skip('skipped', () => {});
  it.only('only', () => { this.skip(); });
  it.each([[1]])('each %s', (x) => { expect(x).toBe(1); });
  it.skipIf(cond)('maybe', () => {});
  it('pending');
  it('option', { skip: process.env.X }, () => {});
  if (cond) it('guarded', () => {});
  describe.skip('inner', () => { xit('x', () => {}); fit('f', () => {}); });
});
test('parent', async (t) => { await t.test('child', () => { assert(1); }); });
test.todo('later');`;
    const expected = [
      '4 | s › counts | 5',
      '5 | s › skipped | 0 | skip',
      '6 | s › only | 0 | only | skip',
      '7 | s › each %s | 1',
      '8 | s › maybe | 0 | skip?',
      '9 | s › pending | 0 | todo',
      '10 | s › option | 0 | skip?',
      '11 | s › guarded | 0 | skip?',
      '12 | s › inner › x | 0 | skip',
      '12 | s › inner › f | 0 | skip | only',
      '14 | parent | 1',
      '14 | parent › child | 1',
      '15 | later | 0 | todo',
    ];
    expect(brief('javascript', text)).toEqual(expected);
    expect(brief('typescript', text)).toEqual(expected);
    expect(outlineTestFile('javascript', text).restAssertions).toBe(1);
  });

  test('a script without cases is one case; /x/.test() and test.beforeEach() are none', () => {
    expect(brief('javascript', `if (/x/.test('a')) assert(1);\nconsole.assert(f(1) === 2);`)).toEqual([
      '1 | (script) | 2',
    ]);
    expect(brief('javascript', `test.beforeEach(() => {}); test('a', () => {});`)).toEqual(['1 | a | 0']);
  });

  test('TypeScript with JSX is read too', () => {
    const outline = outlineTestFile(
      'typescript',
      `it('renders', () => { expect(<A b="c" />).toBe(1 as number); });`,
    );
    expect(outline).toMatchObject({ hasError: false, cases: [{ name: 'renders', assertions: 1 }] });
  });
});

describe('R41: cases of Python', () => {
  test('functions, classes, decorators, conditions and skips in bodies', () => {
    const text = `
import pytest, unittest
def test_plain():
    assert f(1) == 2
    with pytest.raises(ValueError): f()
@pytest.mark.skip
def test_skip(): pass
@pytest.mark.xfail(sys.platform == 'x', reason='r')
def test_fails(): pass
@unittest.skipIf(cond, 'r')
class TestA(unittest.TestCase):
    def test_a(self):
        self.assertEqual(1, 2)
        if x: self.skipTest('r')
    def helper(self): assert 1
if sys.version_info > (3,):
    async def test_guarded(): pass
def helper(): raise ValueError()`;
    expect(brief('python', text)).toEqual([
      '3 | test_plain | 2',
      '7 | test_skip | 0 | skip',
      '9 | test_fails | 0 | fails?',
      '12 | TestA › test_a | 1 | skip?',
      '17 | test_guarded | 0 | skip?',
    ]);
    expect(outlineTestFile('python', text).restAssertions).toBe(2);
    expect(brief('python', 'pytestmark = pytest.mark.skip\ndef test_a(): pass')).toEqual([
      '2 | test_a | 0 | skip',
    ]);
    expect(brief('python', 'assert f(1) == 2\nassert f(2) == 3')).toEqual(['1 | (script) | 2']);
  });
});

describe('R41: digests', () => {
  const digest = (language: Language, text: string) => outlineTests(language, text).map((one) => one.digest);

  test('stay the same for another layout, comments and quotes, and change with the meaning', () => {
    const base = digest('javascript', `it('a', () => { expect(f("x")).toBe(1); });`);
    expect(digest('javascript', `it("a",\n () => {\n  // why\n  expect(f('x'),).toBe(1)\n});`)).toEqual(base);
    expect(digest('javascript', `it('a', () => { expect(f("y")).toBe(1); });`)).not.toEqual(base);
    expect(digest('javascript', `it('a', () => { expect(f("x")).toBe(2); });`)).not.toEqual(base);
    expect(digest('javascript', `it.each([1])('a', () => { expect(f("x")).toBe(1); });`)).not.toEqual(base);
  });

  test('see which block a Python statement is in', () => {
    const inside = digest('python', 'def test_a():\n    if x:\n        y()\n        assert z\n');
    const outside = digest('python', 'def test_a():\n    if x:\n        y()\n    assert z\n');
    expect(inside).not.toEqual(outside);
    expect(digest('python', 'def test_a():\n  if x:\n    y()  # c\n    assert z\n')).toEqual(inside);
  });

  test('of the rest change with hooks and helpers, not with added cases and suites', () => {
    const rest = (text: string) => outlineTestFile('javascript', text).restDigest;
    const base = rest(`const a = 1; describe('s', () => { it('x', () => {}); });`);
    expect(
      rest(
        `const a = 1; describe('s', () => { it('x', () => {}); it('y', () => {}); }); test('z', () => {});`,
      ),
    ).toBe(base);
    expect(rest(`const a = 2; describe('s', () => { it('x', () => {}); });`)).not.toBe(base);
    expect(rest(`const a = 1; describe('s', () => { beforeEach(() => {}); it('x', () => {}); });`)).not.toBe(
      base,
    );
  });
});

describe('R41: early exits and hostile text', () => {
  test('are found with their lines', () => {
    const script = `process.exit(0);\nif (x) process.exitCode = 0;\nprocess.kill(process.pid);`;
    expect(outlineTestFile('javascript', script).exits).toEqual([
      { call: 'process.exit', line: 1 },
      { call: 'process.exitCode', line: 2 },
      { call: 'process.kill', line: 3 },
    ]);
    const python = 'import sys, os\nsys.exit(0)\nos._exit(0)\nraise SystemExit\n';
    expect(outlineTestFile('python', python).exits.map((exit) => exit.line)).toEqual([2, 3, 4]);
  });

  test.each(['javascript', 'typescript', 'python'] as const)(
    'nothing in %s makes the outline throw',
    (language) => {
      for (const text of [
        '',
        '\u0000\ud800',
        '(((',
        'it(',
        'def test_',
        '('.repeat(100_000),
        `it('a', () => {`,
        'x'.repeat(3_000_000),
      ])
        expect(() => outlineTestFile(language, text)).not.toThrow();
      expect(outlineTestFile(language, '(((').hasError).toBe(true);
    },
  );
});

describe('R41: what a path is to the tests', () => {
  test.each([
    ['src/a.test.ts', 'test'],
    ['src/x.test-d.ts', 'test'],
    ['a.spec.jsx', 'test'],
    ['test.js', 'test'],
    ['test_a.py', 'test'],
    ['pkg/a_test.py', 'test'],
    ['src/__tests__/a.js', 'test'],
    ['test/helpers.js', 'support'],
    ['src/__snapshots__/a.test.ts.snap', 'support'],
    ['conftest.py', 'configuration'],
    ['vitest.config.ts', 'configuration'],
    ['package.json', 'configuration'],
    ['src/latest.js', null],
    ['src/contest.py', null],
    ['attest.js', null],
  ])('%s', (path, kind) => {
    expect(testPathKind(path)).toBe(kind);
  });

  test('files that the plan names are tests whatever they are called', () => {
    const plan = {
      runner: 'command',
      argv: ['node', './check.js'],
      directory: 'pkg',
      origin: '--test',
    } as const;
    expect(testPathKind('pkg/check.js', { ...plan, argv: [...plan.argv] })).toBe('test');
    expect(testPathKind('check.js', { ...plan, argv: [...plan.argv] })).toBeNull();
  });
});
