// The harness's assertions hold exactly where Node's own hold, and fail with what passes for Node's error.
import assert from 'node:assert';
import { expect, test } from 'vitest';
import { quickAssert } from '../../src/repair/harness/javascript-assert.ts';

type Check = (...args: unknown[]) => unknown;
type Checks = Readonly<Record<string, Check>>;

const OPERATIONS = ['equal', 'deepEqual', 'strictEqual', 'deepStrictEqual'].flatMap((name) => [
  name,
  `not${name[0]?.toUpperCase()}${name.slice(1)}`,
]);

const shared = { deep: [1, { a: 'x' }] };
const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;
const VALUES: readonly unknown[] = [
  ...[0, -0, 1, '1', '', NaN, true, null, undefined, 1n, 'NaN', Symbol.iterator],
  ...[[], {}, [1], ['1'], [1, undefined], [NaN], Object.assign([1], { extra: 1 }), new Array(1)],
  ...[
    { a: 1 },
    { a: '1' },
    { a: undefined },
    { b: undefined },
    { length: 1 },
    { 0: 1 },
    [[1, [2]]],
    [[1, [3]]],
  ],
  ...[
    new Map([[1, 2]]),
    new Set([1]),
    new Date(0),
    /a/,
    new Error('a'),
    Object.create(null),
    new (class A {})(),
  ],
  ...[shared, { deep: [1, { a: 'x' }] }, cyclic, () => 1, { [Symbol.iterator]: 1 }],
];

function outcome(check: Check | undefined, args: readonly unknown[]): string {
  try {
    check?.(...args);
    return 'holds';
  } catch (error) {
    const { name, code } = error as Error & { code?: string };
    return `${error instanceof assert.AssertionError} ${name} ${code}`;
  }
}

test('every comparison of every two values holds or fails as in Node', () => {
  const loose: Checks = { ...(assert as unknown as Checks) };
  const strict: Checks = { ...(assert.strict as unknown as Checks) };
  const quick = quickAssert(() => false) as unknown as { loose: Checks; strict: Checks };
  const differences: string[] = [];
  let failed = 0;
  for (const [nodes, ours] of [
    [loose, quick.loose],
    [strict, quick.strict],
  ] as const) {
    for (const name of OPERATIONS) {
      for (const a of VALUES) {
        for (const b of VALUES) {
          const wanted = outcome(nodes[name], [a, b]);
          if (wanted !== 'holds') failed += 1;
          const got = outcome(ours[name], [a, b]);
          if (got !== wanted)
            differences.push(`${name} of values ${VALUES.indexOf(a)} and ${VALUES.indexOf(b)}: ${got}`);
        }
      }
    }
  }
  expect(differences).toEqual([]);
  expect(failed).toBeGreaterThan(1_000);
  expect(outcome(quick.loose['equal'], [1, 2, new RangeError('own')])).toBe('false RangeError undefined');
  expect(() => quick.strict['equal']?.(1, 2, 'in words')).toThrow('in words');
});
