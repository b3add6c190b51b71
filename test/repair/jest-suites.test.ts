// The engine on suites of jest: the real jest says what fails, and the warm process has to say the same.
import { expect, test } from 'vitest';
import { repair } from './laid-out.ts';

const PRICES = {
  'package.json': JSON.stringify({
    jest: {
      setupFiles: ['<rootDir>/test/values.js'],
      setupFilesAfterEnv: ['<rootDir>/test/setup.js'],
      moduleNameMapper: { '^~/(.*)$': '<rootDir>/src/$1' },
      globals: { RATE: 2 },
      testEnvironment: 'node',
    },
  }),
  'src/price.js':
    "const { round } = require('./round');\nexports.total = (list) => {\n  let sum = 0;\n  for (const one of list) sum -= one;\n  return round(sum);\n};\nexports.soon = (run) => setTimeout(run, 1000);\n",
  'src/round.js': 'exports.round = (value) => Math.round(value * 100) / 100;\n',
  'test/values.js': 'global.list = [1, 2];\n',
  'test/setup.js':
    'beforeEach(() => {\n  global.calls = 0;\n});\nexpect.extend({\n  toBeTwice: (got, value) => ({ pass: got === 2 * value, message: () => "not twice as much" }),\n});\n',
  'test/price.test.js': `const { total, soon } = require('~/price');
describe('total', () => {
  let before = 0;
  beforeAll(() => {
    before = RATE;
  });
  it('adds', () => expect(total(global.list)).toBe(3));
  test.each([
    [[1, 1], 2],
    [[0.1, 0.2], 0.3],
  ])('of %j is %d', (list, sum) => {
    expect(total(list)).toBeCloseTo(sum);
  });
  test.each([{ list: [4], sum: 4 }])('$list gives $sum', ({ list, sum }) => expect(total(list)).toEqual(sum));
  test('calls back', (done) => {
    setTimeout(() => {
      expect(total([before])).toBeTwice(1);
      done();
    }, 5);
  });
  test('is a promise', () => expect(Promise.resolve(total([2]))).resolves.toBe(2));
  test('nothing is zero', () => expect(Math.abs(total([]))).toBe(0));
  test('a stored snapshot', () => expect({ sum: total([7]) }).toMatchSnapshot());
  test('an inline snapshot', () => expect(String(total([7]))).toMatchInlineSnapshot('"7"'));
  test.failing('is never this', () => expect(total([1])).toBe(99));
  xit('is not asked', () => expect(1).toBe(2));
});
describe('soon', () => {
  afterEach(() => jest.useRealTimers());
  test('waits', () => {
    jest.useFakeTimers();
    const run = jest.fn();
    soon(run);
    jest.advanceTimersByTime(999);
    expect(run).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledTimes(1);
  });
  test('is spied on', () => {
    const spy = jest.spyOn(Math, 'round').mockReturnValue(500);
    expect(total([1])).toBe(5);
    spy.mockRestore();
  });
});
`,
  'test/__snapshots__/price.test.js.snap':
    '// Jest Snapshot v1, https://jestjs.io/docs/snapshot-testing\n\nexports[`total a stored snapshot 1`] = `\n{\n  "sum": 7,\n}\n`;\n',
};

test('CommonJS with mapped names, set-up, tables, callbacks, snapshots and false clocks: all run warm, and the fault is mended', {
  timeout: 120_000,
}, async () => {
  const { outcome, fixed } = await repair({
    language: 'javascript',
    plan: { runner: 'jest', argv: ['jest'] },
    packages: true,
    files: PRICES,
    sourceFiles: ['src/price.js', 'src/round.js'],
  });
  expect(outcome.notes).toEqual([]);
  expect(outcome.validation).toBe('warm');
  expect(outcome.suspects[0]?.file).toBe('src/price.js');
  expect(fixed('src/price.js')).toContain('sum += one');
});

test('files whose modules are mocked are left to the final check; the others are judged warm', {
  timeout: 120_000,
}, async () => {
  const { outcome, fixed } = await repair({
    language: 'javascript',
    plan: { runner: 'jest', argv: ['jest'] },
    packages: true,
    files: {
      'package.json': '{}',
      'two.js': 'exports.two = (one) => one - one;\n',
      'two.test.js': "test('two', () => expect(require('./two').two(1)).toBe(2));\n",
      'other.test.js':
        "jest.mock('./two');\ntest('mocked', () => expect(require('./two').two()).toBeUndefined());\n",
    },
    sourceFiles: ['two.js'],
  });
  expect(outcome.validation).toBe('warm');
  expect(outcome.notes.join()).toContain('other.test.js mock modules');
  expect(fixed('two.js')).toContain('one + one');
});
