// Inputs near those of the tests: bounded, repeatable, of the kinds that the program knows, for any value a test may give.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inputsFrom, keyOf, kindOf } from '#repair/assess/inputs.ts';
import type { ObservedCall, Value } from '#repair/harness/protocol.ts';

const call = (...args: Value[]): ObservedCall => ({ fn: 0, receiver: null, args, failing: true });

const plain: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.constant<Value>({ $: 'undefined' }),
    fc.double({ noNaN: true }).map((value): Value => ({ $: 'float', text: String(value) })),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 3 }).map((items): Value => ({ $: 'tuple', items })),
    fc
      .array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 })
      .map((entries): Value => ({ $: 'object', entries })),
  ),
})).value;

test('any arguments can be varied: the kinds stay, every input is another one, and there are no more than asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.array(plain, { maxLength: 3 }), { maxLength: 5 }), fc.nat(), (lists, seed) => {
      const calls = lists.map((args) => call(...args));
      const inputs = inputsFrom(calls, 40, seed);
      expect(inputs.length).toBeLessThanOrEqual(40);
      expect(new Set(inputs.map(keyOf)).size).toBe(inputs.length);
      const kinds = new Set(calls.map((one) => one.args.map(kindOf).join()));
      for (const one of inputs) expect(kinds).toContain(one.args.map(kindOf).join());
      expect(inputsFrom(calls, 40, seed)).toEqual(inputs);
    }),
    { numRuns: 200 },
  );
});

test('the neighbours of a number, the empty text and list, another order and other cases are among the inputs', () => {
  const values = (arg: Value) => inputsFrom([call(arg)], 80, 3).map((one) => JSON.stringify(one.args[0]));
  expect(values(5)).toEqual(expect.arrayContaining(['4', '6', '0', '-5']));
  expect(values('ab')).toEqual(expect.arrayContaining(['""', '"ba"', '"AB"', '"a"', '"abab"']));
  expect(values([3, 9])).toEqual(expect.arrayContaining(['[]', '[9,3]', '[3]', '[3,8]', '[3,3,9]']));
});
