// Counts what was tried at each place and what passed there: where tests refuse nearly everything, what passes is worth more.
import type { Idea } from '../enumerate.ts';
import type { Judge } from '../judge.ts';

export interface Tally {
  readonly judge: Judge;
  /** Tried and passed among the single changes that touch the same line as the idea, itself included. */
  near(idea: Idea): { readonly tried: number; readonly passed: number };
}

/** `lineOf` gives the line of an offset in a file. */
export function tallyOf(judge: Judge, lineOf: (file: string, offset: number) => number): Tally {
  const counts = new Map<string, { tried: number; passed: number }>();
  const placeOf = ({ file, edits }: Idea) => `${file}:${lineOf(file, edits[0]?.start ?? 0)}`;
  return {
    near: (idea) => counts.get(placeOf(idea)) ?? { tried: 0, passed: 0 },
    judge: {
      ...judge,
      judge: async (ideas, effort, signal) => {
        const verdicts = await judge.judge(ideas, effort, signal);
        verdicts.forEach(({ verdict }, index) => {
          const idea = ideas[index];
          if (idea?.edits.length !== 1) return;
          const place = placeOf(idea);
          const count = counts.get(place) ?? { tried: 0, passed: 0 };
          counts.set(place, count);
          count.tried += 1;
          if (verdict === 'pass') count.passed += 1;
        });
        return verdicts;
      },
    },
  };
}
