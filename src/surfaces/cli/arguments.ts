// Values of options that are more than text: durations and counts, with a refusal that shows what is meant.
import { InvalidArgumentError } from 'commander';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const LONGEST_MS = 7 * 24 * 3_600_000;

/** Milliseconds of `60s`, `1.5m` or `1h30m`. Throws for anything else: a number without a unit could mean two things. */
export function durationArgument(text: string): number {
  const word = text.trim().toLowerCase();
  if (!DURATION.test(word))
    throw new InvalidArgumentError('It is a time with its unit, such as 60s, 5m or 1h30m.');
  const ms = [...word.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS_MS[unit ?? ''] ?? 0),
    0,
  );
  if (Math.round(ms) < 1) throw new InvalidArgumentError('It must be longer than nothing.');
  if (ms > LONGEST_MS) throw new InvalidArgumentError('It must not be longer than a week.');
  return Math.round(ms);
}

/** A whole number from 1. */
export function countArgument(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError('It is a whole number from 1.');
  }
  return count;
}
