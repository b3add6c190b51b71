// Ranks: text keys that order tickets inside a column, with room between any two, so that none is ever renumbered.
import { AppError } from '#foundation/errors.ts';

/** In the order of their bytes, which is the order that PostgreSQL's collation "C" has too. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = DIGITS.length;
/** Digits of a rank at an open end: 62^6 places, 28 thousand million on either side of the first. */
const END_DIGITS = 6;

/**
 * A rank after `before` and before `after`; null stands for an open end. At an open end ranks stay six digits long;
 * between two neighbours one digit is added for five halvings of the same gap.
 * Throws INTERNAL when the two are not ranks in ascending order.
 */
export function rankBetween(before: string | null, after: string | null): string {
  for (const rank of [before, after]) {
    if (rank !== null && !isRank(rank))
      throw new AppError('INTERNAL', { message: `"${rank}" is not a rank of the board` });
  }
  if (before !== null && after !== null) {
    if (before >= after)
      throw new AppError('INTERNAL', { message: `rank ${before} does not come before ${after}` });
    return middle(before, after);
  }
  if (before !== null) return stepped(before, 1) ?? middle(before, '');
  if (after !== null) return stepped(after, -1) ?? middle('', after);
  return DIGITS[BASE / 2] + '0'.repeat(END_DIGITS - 2) + DIGITS[1];
}

/** True for what `rankBetween` may have made: digits of the alphabet, the last of which is not zero. */
export function isRank(text: string): boolean {
  return /^[0-9A-Za-z]*[1-9A-Za-z]$/.test(text);
}

/** The neighbouring six-digit rank in a direction; null at the end of the space. */
function stepped(rank: string, direction: 1 | -1): string | null {
  const head = rank.slice(0, END_DIGITS).padEnd(END_DIGITS, '0');
  let value = 0;
  for (const digit of head) value = value * BASE + DIGITS.indexOf(digit);
  // Cut to six digits, a longer rank lies above its head: downwards the head itself is the neighbour.
  if (direction === 1 || rank.length <= END_DIGITS) value += direction;
  if (value % BASE === 0) value += direction;
  if (value <= 0 || value >= BASE ** END_DIGITS) return null;
  let text = '';
  for (let place = 0; place < END_DIGITS; place += 1) {
    text = (DIGITS[value % BASE] ?? '0') + text;
    value = Math.floor(value / BASE);
  }
  return text;
}

/** A shortest rank strictly between two, read as fractions of base 62; an empty `after` is one. */
function middle(before: string, after: string): string {
  let prefix = '';
  let isBelowAfter = after === '';
  for (let place = 0; ; place += 1) {
    const low = Math.max(DIGITS.indexOf(before[place] ?? '0'), 0);
    const high = isBelowAfter ? BASE : Math.max(DIGITS.indexOf(after[place] ?? '0'), 0);
    if (high - low > 1) return prefix + DIGITS[Math.floor((low + high) / 2)];
    prefix += DIGITS[low] ?? '0';
    if (high > low) isBelowAfter = true;
  }
}
