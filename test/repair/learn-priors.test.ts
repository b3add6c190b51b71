// The arithmetic of learned costs: what outcomes do to templates and rewrites, and where it stops.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBitsShift, type FamilyPrior, rewriteBits } from '#repair/learn/priors.ts';
import { readShippedPrior } from '#repair/learn/shipped.ts';

const NONE: FamilyPrior = { templates: {}, kinds: {} };
const PRIOR: FamilyPrior = {
  templates: {
    guard: { hits: 30, expected: 10 },
    wrap: { hits: 2, expected: 20 },
    delete: { hits: 90, expected: 10 },
  },
  kinds: {
    'guard@return_statement': { hits: 0, expected: 8 },
    'guard@if_statement': { hits: 30, expected: 2 },
  },
};

describe('costs of templates', () => {
  test('nothing known, nothing changed', () => {
    expect(createBitsShift(NONE, [])('guard', 'if_statement')).toBeCloseTo(0);
    expect(createBitsShift(PRIOR, [])('never-seen', 'if_statement')).toBeCloseTo(0);
  });

  test('what explained more fixes than expected gets cheaper, what explained fewer dearer', () => {
    const shift = createBitsShift(PRIOR, []);
    expect(shift('guard', 'unknown')).toBeLessThan(-0.4);
    expect(shift('wrap', 'unknown')).toBeGreaterThan(0.4);
  });

  test('a kind of node backs off to its template: few cases move it little, many move it far', () => {
    const shift = createBitsShift(PRIOR, []);
    expect(shift('guard', 'if_statement')).toBeLessThan(shift('guard', 'unknown'));
    expect(shift('guard', 'return_statement')).toBeGreaterThan(shift('guard', 'unknown'));
  });

  test('what only takes away gets no discount, however often history did it', () => {
    expect(createBitsShift(PRIOR, [])('delete', 'expression_statement')).toBeGreaterThanOrEqual(0);
  });

  test('own outcomes move the costs: accepted cheaper, refused dearer', () => {
    const at = { template: 'wrap', kind: 'call_expression' };
    const plain = createBitsShift(PRIOR, [])('wrap', 'call_expression');
    const liked = createBitsShift(PRIOR, [{ ...at, accepted: 12, refused: 0 }])('wrap', 'call_expression');
    const disliked = createBitsShift(PRIOR, [{ ...at, accepted: 0, refused: 12 }])('wrap', 'call_expression');
    expect(liked).toBeLessThan(plain);
    expect(disliked).toBeGreaterThan(plain);
  });

  test('no outcome, however often it is told, lets a template die or drown the others', () => {
    const count = fc.nat({ max: 1_000_000 });
    fc.assert(
      fc.property(
        count,
        count,
        count,
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (accepted, refused, hits, expected) => {
          const prior: FamilyPrior = {
            templates: { guard: { hits, expected } },
            kinds: { 'guard@if_statement': { hits, expected } },
          };
          const outcomes = [{ template: 'guard', kind: 'if_statement', accepted, refused }];
          const bits = createBitsShift(prior, outcomes)('guard', 'if_statement');
          expect(Math.abs(bits)).toBeLessThanOrEqual(2.5);
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  });

  test('names that every object has are no templates', () => {
    const shift = createBitsShift(PRIOR, [
      { template: 'constructor', kind: '__proto__', accepted: 1, refused: 0 },
    ]);
    expect(Number.isFinite(shift('constructor', 'toString'))).toBe(true);
    expect(Number.isFinite(shift('__proto__', '__proto__'))).toBe(true);
  });

  test('the shipped prior names its sources, leaves out what judges the engine, and holds counts only', () => {
    const shipped = readShippedPrior();
    for (const family of [shipped.javascript, shipped.python]) {
      for (const [key, { hits, expected }] of [
        ...Object.entries(family.templates),
        ...Object.entries(family.kinds),
      ]) {
        expect(key).toMatch(/^[a-z+-]+(?:@[a-z_]+)?$/);
        expect(Number.isInteger(hits) && hits >= 0 && expected >= 0).toBe(true);
      }
    }
  });
});

describe('costs of learned rewrites', () => {
  const one = { accepted: 1, refused: 0, tried: 1, removes: false, fits: true };

  test('accepted once, it comes before the likeliest template; with more evidence still earlier', () => {
    expect(rewriteBits(one)).toBeLessThan(1);
    expect(rewriteBits({ ...one, accepted: 9, tried: 9 })).toBeLessThanOrEqual(rewriteBits(one));
  });

  test('people who refuse it weigh far more than tests that fail it', () => {
    const failed = rewriteBits({ ...one, tried: 21 });
    const refused = rewriteBits({ ...one, refused: 5 });
    expect(failed).toBeGreaterThan(rewriteBits(one));
    expect(refused).toBeGreaterThan(failed + 1);
  });

  test('another place than before costs a little, and what only removes is never cheap', () => {
    expect(rewriteBits({ ...one, fits: false })).toBeGreaterThan(rewriteBits(one));
    expect(rewriteBits({ ...one, accepted: 1_000, tried: 1_000, removes: true })).toBeGreaterThanOrEqual(3);
  });

  test('it stays finite for any evidence', () => {
    const count = fc.nat({ max: 1_000_000 });
    fc.assert(
      fc.property(count, count, count, fc.boolean(), (accepted, refused, tried, fits) => {
        const bits = rewriteBits({ accepted, refused, tried, removes: false, fits });
        expect(bits).toBeGreaterThanOrEqual(0.1);
        expect(bits).toBeLessThanOrEqual(9);
      }),
      { numRuns: 200, seed: 4 },
    );
  });
});
