// Reflection without a model: laws of the signature, and hypotheses that never repeat.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorTypeOf, failureSignature, reflect } from '#agents/reflect.ts';
import type { ReflectorInput } from '#agents/roles.ts';

const word = fc.stringMatching(/^[a-z]{3,8}$/);
const path = fc
  .tuple(
    fc.array(word, { minLength: 1, maxLength: 4 }),
    word,
    fc.constantFrom('ts', 'mjs', 'py'),
    fc.nat(999),
  )
  .map(([folders, name, extension, line]) => `/${folders.join('/')}/${name}.${extension}:${line}`);
const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const name = fc.tuple(fc.constantFrom('"', "'", '`'), word).map(([mark, text]) => `${mark}${text}${mark}`);

/** A sentence with three holes. */
const sentence = (a: string, b: string, c: string) =>
  `TypeError: cannot read ${a} of the value ${b}\n    at ${c}\n    and then nothing else`;

describe('R14: the signature of a failure', () => {
  test('does not change with paths, numbers and quoted names', () => {
    fc.assert(
      fc.property(fc.tuple(name, number, path), fc.tuple(name, number, path), (one, other) => {
        expect(failureSignature(sentence(...one))).toBe(failureSignature(sentence(...other)));
      }),
    );
  });

  test('changes with the words', () => {
    fc.assert(
      fc.property(word, word, (one, other) => {
        fc.pre(one !== other);
        expect(failureSignature(`Error: ${one} is wrong`)).not.toBe(
          failureSignature(`Error: ${other} is wrong`),
        );
      }),
    );
  });

  test('is quick on text that was made to be slow', () => {
    for (const unit of ['a', 'a.', '1', '-', '@a.', 'TError', '"', '.js:1']) {
      const before = performance.now();
      failureSignature(unit.repeat(20_000));
      expect(performance.now() - before, unit).toBeLessThan(500);
    }
  });

  test('is bounded, stable and free of control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const signature = failureSignature(text);
        expect(signature.length).toBeLessThanOrEqual(400);
        expect(signature).not.toMatch(/[\u0000-\u001f]/);
        expect(failureSignature(text)).toBe(signature);
      }),
    );
  });

  test.each([
    ['TypeError: x is not a function', 'TypeError'],
    ['AssertionError [ERR_ASSERTION]: 1 !== 2', 'AssertionError'],
    ['E   ZeroDivisionError: division by zero', 'ZeroDivisionError'],
    ['test timed out after 5000ms', 'Timeout'],
    ['expected 3 to be 4', 'Failure'],
  ])('%s is a %s', (message, type) => {
    expect(errorTypeOf(message)).toBe(type);
  });
});

const failing = fc.record({ id: fc.string({ maxLength: 30 }), message: fc.string({ maxLength: 200 }) });
const input: fc.Arbitrary<ReflectorInput> = fc.record({
  stage: fc.constantFrom('tests' as const, 'certificate' as const, 'review' as const),
  candidate: fc.option(fc.record({ digest: word, template: word, reason: fc.string({ maxLength: 60 }) })),
  failures: fc.array(failing, { maxLength: 3 }),
  tried: fc.array(fc.string({ maxLength: 40 }), { maxLength: 5 }),
});

describe('R14: the hypothesis', () => {
  test('differs from every one tried before, however often the same failure comes', () => {
    fc.assert(
      fc.property(input, (first) => {
        const tried = [...first.tried];
        for (let round = 0; round < 12; round += 1) {
          const { hypothesis } = reflect({ ...first, tried });
          const seen = tried.map((text) => text.toLowerCase().replace(/\s+/g, ' ').trim());
          expect(seen).not.toContain(hypothesis.toLowerCase().replace(/\s+/g, ' ').trim());
          tried.push(hypothesis);
        }
      }),
    );
  });

  test('names the change, the test and the error', () => {
    const { cause, errorType, hypothesis } = reflect({
      stage: 'tests',
      candidate: { digest: 'd', template: 'operator', reason: 'replace < by <=' },
      failures: [{ id: 'a.test.js › counts', message: 'TypeError: nothing is not a number' }],
      tried: [],
    });
    expect(errorType).toBe('TypeError');
    expect(cause).toContain('replace < by <=');
    expect(cause).toContain('a.test.js › counts');
    expect(hypothesis).toContain('replace < by <=');
  });
});
