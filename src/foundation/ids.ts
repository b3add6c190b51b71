// Sortable, prefixed identifiers: a prefix, 48 bits of milliseconds and 80 bits of chance in Crockford base 32.
import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARS = 10;
const RANDOM_CHARS = 16;

export const ID_PREFIXES = [
  'bdg',
  'chg',
  'prj',
  'tkt',
  'run',
  'stp',
  'evt',
  'crt',
  'ptn',
  'thr',
  'hof',
  'dsc',
  'ctx',
  'apr',
  'tsk',
  'sch',
  'agt',
] as const;
export type IdPrefix = (typeof ID_PREFIXES)[number];

export interface Ids {
  /** A new identifier such as `run_01k5…`; later ones of the same process sort after earlier ones by millisecond. */
  next(prefix: IdPrefix): string;
}

/** Identifiers from `clock` and `random` (returns `count` bytes); pass a seeded `random` for repeatable ones. */
export function createIds(clock: Clock, random: (count: number) => Uint8Array = randomBytes): Ids {
  return {
    next: (prefix) => `${prefix}_${encodeTime(clock.now().getTime())}${encodeRandom(random(RANDOM_CHARS))}`,
  };
}

function encodeTime(ms: number): string {
  let rest = ms;
  let text = '';
  for (let i = 0; i < TIME_CHARS; i += 1) {
    text = (ALPHABET[rest % 32] ?? '0') + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function encodeRandom(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => ALPHABET[byte % 32] ?? '0').join('');
}
