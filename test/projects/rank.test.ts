// Ranks inside a column: the laws that moving cards about relies on.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRank, rankBetween } from '#projects/rank.ts';

/** Where each new card goes: a share of the list as it is then. */
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 300 });

describe('ranks', () => {
  test('O56: however cards are put in, the ranks are in the order of the cards and all different', () => {
    fc.assert(
      fc.property(places, (shares) => {
        const ranks: string[] = [];
        for (const share of shares) {
          const at = Math.round(share * ranks.length);
          ranks.splice(at, 0, rankBetween(ranks[at - 1] ?? null, ranks[at] ?? null));
        }
        expect(ranks.every(isRank)).toBe(true);
        expect(new Set(ranks).size).toBe(ranks.length);
        expect([...ranks].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))).toEqual(ranks);
      }),
    );
  });

  test('O56: between any two ranks there is another, and it is longer than both by one digit at most', () => {
    const rank = fc.stringMatching(/^[0-9A-Za-z]{0,8}[1-9A-Za-z]$/);
    fc.assert(
      fc.property(rank, rank, (one, other) => {
        fc.pre(one !== other);
        const [low, high] = one < other ? [one, other] : [other, one];
        const between = rankBetween(low, high);
        expect(low < between && between < high && isRank(between)).toBe(true);
        expect(between.length).toBeLessThanOrEqual(Math.max(low.length, high.length) + 1);
      }),
    );
  });

  test('O56: at the ends ranks keep their six digits, ten thousand times in a row', () => {
    for (const direction of ['first', 'last'] as const) {
      let rank = rankBetween(null, null);
      for (let count = 0; count < 10_000; count += 1) {
        const next = direction === 'first' ? rankBetween(null, rank) : rankBetween(rank, null);
        if (direction === 'first' ? next >= rank : next <= rank) expect.unreachable(`${rank} then ${next}`);
        rank = next;
      }
      expect(rank.length).toBe(6);
    }
  });

  test('O56: a thousand cards put into one gap cost a digit for every five', () => {
    let high = rankBetween(null, null);
    const low = rankBetween(null, high);
    for (let count = 0; count < 1_000; count += 1) high = rankBetween(low, high);
    expect(high.length).toBeLessThanOrEqual(6 + 1_000 / 5);
  });

  test('what is no rank, or in the wrong order, is refused', () => {
    expect(() => rankBetween('b', 'a')).toThrow('does not come before');
    expect(() => rankBetween('a', 'a')).toThrow('does not come before');
    expect(() => rankBetween('a0', null)).toThrow('is not a rank');
    expect(() => rankBetween(null, 'ä')).toThrow('is not a rank');
  });
});
