// The ground floor: identifiers that sort, clocks that obey, text that is safe, digests that do not depend on order.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createManualClock, createSystemClock } from '#foundation/clock.ts';
import { canonicalJson, digestOf, sha256 } from '#foundation/digest.ts';
import { AppError, ERRORS, errorCode, isAppError } from '#foundation/errors.ts';
import { createIds } from '#foundation/ids.ts';
import { clip, plainText, plural } from '#foundation/text.ts';

describe('identifiers', () => {
  test('carry their kind, sort by time, and do not repeat', () => {
    const clock = createManualClock();
    const ids = createIds(clock);
    const made = Array.from({ length: 200 }, () => {
      clock.advance(1);
      return ids.next('run');
    });
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(200);
    expect(made.every((id) => /^run_[0-9a-hjkmnp-tv-z]{26}$/.test(id))).toBe(true);
  });

  test('are repeatable with a seeded source of chance', () => {
    const make = () => createIds(createManualClock(), (count) => new Uint8Array(count).fill(7)).next('tkt');
    expect(make()).toBe(make());
  });
});

describe('clocks', () => {
  test('a manual clock wakes sleepers in the order of their time, and only when it is moved', async () => {
    const clock = createManualClock('2026-01-01T00:00:00.000Z');
    const woken: number[] = [];
    const sleepers = [30, 10, 20].map((ms) => clock.sleep(ms).then(() => woken.push(ms)));
    clock.advance(25);
    await Promise.all(sleepers.slice(1));
    expect(woken).toEqual([10, 20]);
    expect(clock.now().toISOString()).toBe('2026-01-01T00:00:00.025Z');
    clock.advance(5);
    await Promise.all(sleepers);
    expect(woken).toEqual([10, 20, 30]);
  });

  test.each([
    ['manual', createManualClock()],
    ['system', createSystemClock()],
  ])('sleep on the %s clock ends with the reason of an aborted signal', async (_name, clock) => {
    const controller = new AbortController();
    const sleeping = clock.sleep(60_000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow(/enough|aborted/);
    await expect(clock.sleep(60_000, controller.signal)).rejects.toThrow(/enough|aborted/);
  });
});

describe('text', () => {
  test('plain text holds no control characters but tab and newline, whatever came in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plainText(`\u001b[31m${text}\u001b]0;title\u0007`)).not.toMatch(
          /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/,
        );
      }),
    );
  });

  test('a clipped text is bounded, keeps both ends, and says how much is missing', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 0, maxLength: 500 }),
        fc.integer({ min: 2, max: 200 }),
        (text, max) => {
          const clipped = clip(text, max);
          if (text.length <= max) {
            expect(clipped).toEqual({ text, omittedChars: 0 });
            return;
          }
          expect(clipped.omittedChars).toBe(text.length - max);
          expect(clipped.text).toContain(`${clipped.omittedChars} characters left out`);
          expect(clipped.text.startsWith(text.slice(0, Math.floor(max / 2)))).toBe(true);
          expect(clipped.text.endsWith(text.slice(text.length - Math.ceil(max / 2)))).toBe(true);
        },
      ),
    );
  });

  test('one is singular, everything else is plural', () => {
    expect([0, 1, 2].map((count) => plural(count, 'test'))).toEqual(['0 tests', '1 test', '2 tests']);
    expect(plural(2, 'entry', 'entries')).toBe('2 entries');
  });
});

describe('digests', () => {
  test('do not depend on the order of keys, and change with any value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(digestOf(turned)).toBe(digestOf(value));
        expect(digestOf({ ...value, 'one more': 1 })).not.toBe(digestOf({ ...value, 'one more': 2 }));
      }),
    );
  });

  test('canonical JSON is JSON, and SHA-256 is the known function', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: undefined })).toBe('{"b":[{"c":null,"d":1}]}');
    expect(sha256('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

test('errors are told apart by code, also when their class was lost on the way', () => {
  const own = new AppError('NO_TESTS', { message: 'none' });
  const foreign = Object.assign(new Error('none'), { code: 'NO_TESTS' });
  expect([own, foreign].map(isAppError)).toEqual([true, true]);
  expect(errorCode(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('INTERNAL');
  expect(errorCode('text')).toBe('INTERNAL');
  for (const rule of Object.values(ERRORS)) expect(rule.when).toMatch(/\.$/);
});
