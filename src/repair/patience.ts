// How many loop turns a test of a candidate may take at first. What needs more is tried again later with more.
import type { Grammar } from './grammar/types.ts';
import type { Verdict } from './judge.ts';

export interface Patience {
  /** Turns for the next candidates. */
  ticks(): number;
  note(verdict: Pick<Verdict, 'verdict'>): void;
}

/** Turns at first, and once candidates have turned out not to end: each of them costs all of its turns. */
const TICKS = { first: 2_000, few: 500 } as const;
/** Where limits are given to each test, and what a turn is differs. */
const OTHERS_TICKS = { first: 8_000, few: 1_000 } as const;
/** Endless candidates, after which few turns will do. */
const ENOUGH_ENDLESS = 8;

/** `base`: the unchanged program; when that does not end, most candidates do not either. */
export function createPatience(family: Grammar['family'], base: Verdict | null): Patience {
  const { first, few } = family === 'javascript' ? TICKS : OTHERS_TICKS;
  let endless = base?.verdict === 'slow' ? ENOUGH_ENDLESS : 0;
  return {
    ticks: () => (endless >= ENOUGH_ENDLESS ? few : first),
    note: ({ verdict }) => {
      if (verdict === 'slow' && family === 'javascript') endless += 1;
    },
  };
}
