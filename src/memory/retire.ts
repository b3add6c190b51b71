// Taking a learned pattern out of use: by a person, with a word why, and its event in the same transaction.
import { and, eq, isNull } from '#database/drizzle.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Journal } from '#journal/port.ts';
import { createPatternReads, type PatternReads, type PatternView } from './pattern-reads.ts';
import { patterns } from './tables.ts';

/** The pattern library as people work with it. */
export interface PatternLibrary extends Pick<PatternReads, 'list' | 'show'> {
  /**
   * Searches are not handed the pattern any more, also when it is learned again; its evidence stays. One that is
   * retired already stays as it was. Throws NOT_FOUND for unknown ones.
   */
  retire(ref: string, why: string): Promise<PatternView>;
}

export interface PatternLibraryParts {
  readonly db: Database;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
}

const MAX_WHY_CHARS = 300;

export function createPatternLibrary({ db, journal, clock }: PatternLibraryParts): PatternLibrary {
  const { list, show } = createPatternReads(db);
  return {
    list,
    show,
    retire: async (ref, why) => {
      const { pattern } = await show(ref);
      const number = Number(pattern.key.slice(4));
      const reason = why.replaceAll('\u0000', '').toWellFormed().slice(0, MAX_WHY_CHARS);
      await db.transaction(async (q) => {
        const rows = await q
          .update(patterns)
          .set({ retiredAt: clock.now().toISOString(), retiredWhy: reason })
          .where(and(eq(patterns.number, number), isNull(patterns.retiredAt)))
          .returning({ id: patterns.id });
        if (rows.length === 0) return;
        await journal.append(q, [
          { type: 'pattern.retired', subject: {}, payload: { pattern: pattern.key, why: reason } },
        ]);
      });
      return (await show(ref)).pattern;
    },
  };
}
