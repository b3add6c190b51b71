// Options that are times and counts: what they mean, and what is refused with a hint at what is meant.
import { expect, test } from 'vitest';
import { countArgument, durationArgument } from '../../src/surfaces/cli/arguments.ts';

test.each([
  ['60s', 60_000],
  ['1.5m', 90_000],
  ['1h30m', 5_400_000],
  ['250ms', 250],
  [' 2M ', 120_000],
])('the time %s is %i milliseconds', (text, ms) => {
  expect(durationArgument(text)).toBe(ms);
});

test.each(['60', '', 'soon', '-5s', '5 minutes', '0s', '400h', '1e3s'])('the time %j is refused', (text) => {
  expect(() => durationArgument(text)).toThrow(/time with its unit|longer than/);
});

test('a count is a whole number from 1', () => {
  expect(countArgument('20000')).toBe(20_000);
  for (const text of ['0', '-1', '1.5', 'many', '', '1e3'])
    expect(() => countArgument(text)).toThrow(/whole/);
});
