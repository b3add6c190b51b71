// Fault localisation on coverage made by hand: what each clue adds, what is told in words, and what a tie is.
import { describe, expect, test } from 'vitest';
import type { TestOutcome } from '#repair/harness/protocol.ts';
import { type Evidence, locateFault } from '#repair/locate.ts';
import { probesOf, readSources } from '#repair/sources.ts';

const CART = `const RATE = /^\\d+%$/;
const UNUSED = /x/;

export function price(items, discount = '0%') {
  const sum = total(items);
  if (!RATE.test(discount)) {
    return sum;
  }
  return sum - (sum * Number.parseInt(discount, 10)) / 1000;
}

export function total(items) {
  let sum = 0;
  for (const item of items) {
    sum += item.price;
  }
  return sum;
}

export function idle() {
  return 1;
}
`;

/** Which lines of the file each test ran; lines that ran at load time are those of no test. */
async function locate(
  tests: readonly { title: string; lines: readonly number[]; failed?: boolean; error?: string }[],
  more: Partial<Evidence> = {},
) {
  const workspace = { root: '/nowhere', mounts: [], read: async () => CART };
  const { files } = await readSources(['src/cart.js'], 'javascript', { workspace, pointers: [] });
  const probes = await probesOf(files, 'javascript', async () => undefined);
  const lineOf = (probe: number) => {
    const start = probes.placesOf(probe)[0]?.node.start ?? 0;
    return CART.slice(0, start).split('\n').length;
  };
  const all = Array.from({ length: 40 }, (_, probe) => probe).filter(
    (probe) => probes.placesOf(probe).length > 0,
  );
  const outcomes: TestOutcome[] = tests.map(({ title, lines, failed, error }) => ({
    file: 'test/cart.test.js',
    path: [title],
    status: failed ? 'failed' : 'passed',
    error: failed ? (error ?? 'AssertionError: 99 !== 90') : null,
    probes: all.filter((probe) => lines.includes(lineOf(probe))),
  }));
  return locateFault(outcomes, {
    files,
    placesOf: probes.placesOf,
    loadProbes: all.filter((probe) => [1, 2, 4, 12, 20].includes(lineOf(probe))),
    isTarget: (one) => one.status === 'failed',
    pointers: [],
    ...more,
  });
}

const PLAIN = { title: 'adds up', lines: [5, 6, 7, 13, 14, 15, 17] };
const BROKEN = { title: 'takes a part off', lines: [5, 6, 9, 13, 14, 15, 17], failed: true };
const lines = (map: Awaited<ReturnType<typeof locate>>) => map.suspects.map((one) => one.line);

describe('the ranking', () => {
  test('what only the failing test ran comes first, with its counts in words', async () => {
    const map = await locate([PLAIN, BROKEN]);
    expect(map.suspects[0]).toMatchObject({
      file: 'src/cart.js',
      line: 9,
      source: 'return sum - (sum * Number.parseInt(discount, 10)) / 1000;',
    });
    expect(map.suspects[0]?.signals[0]).toBe('run by 1 of 1 failing tests and 0 of 1 passing tests');
    expect(map.suspects[0]?.suspicion).toBe(1);
  });

  test('the best place keeps the coefficient of the coverage', async () => {
    const map = await locate([PLAIN, { ...PLAIN, title: 'again' }, { ...BROKEN, lines: PLAIN.lines }]);
    expect(map.suspects[0]?.suspicion).toBeCloseTo(1 / Math.sqrt(3), 3);
  });

  test('code outside functions is suspected for what uses it, and what nothing uses comes last', async () => {
    const map = await locate([PLAIN, BROKEN]);
    const [used, unused] = [1, 2].map((line) => map.suspects.find((one) => one.line === line));
    expect(used?.signals[0]).toMatch(/made while loading, and used at src\/cart\.js:\d+/);
    expect(used?.suspicion).toBeGreaterThan(4 * (unused?.suspicion ?? 1));
  });

  test('a function that no failing test entered is hardly suspected, though it stands beside one that is', async () => {
    const map = await locate([PLAIN, BROKEN]);
    const { files } = await readSources(['src/cart.js'], 'javascript', {
      workspace: { root: '/nowhere', mounts: [], read: async () => CART },
      pointers: [],
    });
    expect(files[0]?.scopes.map((scope) => scope.name)).toContain('idle');
    expect(map.suspects.filter((one) => one.line >= 20).every((one) => one.suspicion < 0.1)).toBe(true);
  });
});

test('where passing tests run nearly everything, what the fault refers to still comes before other code of the module', async () => {
  const many = Array.from({ length: 300 }, (_, index) => ({
    ...BROKEN,
    title: `part ${index}`,
    failed: false,
  }));
  const found = lines(await locate([...many, BROKEN]));
  expect(found).toContain(2);
  expect(found.indexOf(1)).toBeLessThan(found.indexOf(2));
});

describe('clues', () => {
  const everywhere = { lines: [5, 6, 9, 13, 14, 15, 17], failed: true };

  test('a failure that was thrown by source code points at its line', async () => {
    const error =
      'TypeError: no\n    at total (/workspace/src/cart.js:15:7)\n    at price (/workspace/src/cart.js:5:15)';
    const map = await locate([{ ...everywhere, title: 'sums', error }]);
    expect(map.suspects[0]).toMatchObject({ line: 15 });
    expect(map.suspects[0]?.signals).toContain('where the failure was thrown');
    expect(
      lines(await locate([{ ...everywhere, title: 'sums', error }], { without: new Set(['stack']) }))[0],
    ).not.toBe(15);
  });

  test('a failure before the first statement of a function points at its head', async () => {
    const error = 'TypeError: no\n    at price (/workspace/src/cart.js:4:40)';
    const map = await locate([PLAIN, { title: 'price', lines: [], failed: true, error }]);
    expect(map.suspects[0]).toMatchObject({ file: 'src/cart.js', line: 4 });
  });

  test('the function that the failing test is named after comes before one that it only passes through', async () => {
    const named = await locate([{ ...everywhere, title: 'total of nothing' }], {
      without: new Set(['size', 'flow']),
    });
    expect(named.suspects.slice(0, 4).map((one) => one.line)).toEqual([13, 14, 15, 17]);
    const other = await locate([{ ...everywhere, title: 'the price' }], {
      without: new Set(['size', 'flow']),
    });
    expect(other.suspects.slice(0, 3).map((one) => one.line)).toEqual([5, 6, 9]);
  });

  test('lines that were changed lately come first among equals', async () => {
    const changed = new Map([['src/cart.js', new Set([14])]]);
    const without = new Set(['size', 'flow'] as const);
    const map = await locate([{ ...everywhere, title: 'x' }], { changed, without });
    expect(map.suspects[0]).toMatchObject({ line: 14 });
    expect(map.suspects[0]?.signals).toContain('changed lately');
  });

  test('without clues, places that the same tests ran are a tie', async () => {
    const without = new Set(['stack', 'names', 'distance', 'changed', 'flow', 'size', 'module'] as const);
    const map = await locate([{ ...everywhere, title: 'x' }], { without });
    expect(new Set(map.suspects.map((one) => one.suspicion))).toEqual(new Set([1]));
    expect(lines(map)).toEqual([5, 6, 9, 13, 14, 15, 17]);
  });
});
