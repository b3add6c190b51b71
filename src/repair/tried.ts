// What a search has done so far: which changes were tried in vain, so that the next one need not, and how long it may last.
import type { Clock } from '#foundation/clock.ts';
import type { Idea } from './enumerate.ts';
import type { Judge } from './judge.ts';
import type { RepairProgress, RepairRequest } from './request.ts';

/** Beyond this a search was long enough to be the last one. */
const MAX_REMEMBERED = 20_000;
const PREFIX = 'sha256:'.length;
const SHORT = 16;

/** Enough of a digest to tell the changes of one run apart. */
export function shortDigest(digest: string): string {
  return digest.slice(PREFIX, PREFIX + SHORT);
}

/** The judge, remembering what failed for good; what came further than the unchanged program may be half of a fix. */
export function rememberTried(
  judge: Judge,
  digestOf: (idea: Idea) => string,
): { readonly judge: Judge; readonly digests: () => string[] } {
  const failed = new Set<string>();
  return {
    digests: () => [...failed],
    judge: {
      ...judge,
      judge: async (ideas, effort, signal) => {
        const verdicts = await judge.judge(ideas, effort, signal);
        verdicts.forEach(({ verdict, fixed }, index) => {
          const idea = ideas[index];
          const inVain = verdict !== 'pass' && verdict !== 'slow' && fixed.length === 0;
          if (idea === undefined || idea.edits.length === 0 || !inVain) return;
          if (failed.size < MAX_REMEMBERED) failed.add(shortDigest(digestOf(idea)));
        });
        return verdicts;
      },
    },
  };
}

export interface Horizon {
  readonly onProgress: NonNullable<RepairRequest['onProgress']>;
  /** Told how many single changes there are likely to be, as far as that is known when asked. */
  plan(singles: () => number): void;
}

/** Adds to progress how much is left: never more than the budget, and less when everything is tried before. */
export function createHorizon(
  request: RepairRequest,
  { clock, deadlineMs }: { readonly clock: Clock; readonly deadlineMs: number },
): Horizon {
  const state: { singles: (() => number) | null } = { singles: null };
  return {
    plan: (singles) => {
      state.singles = singles;
    },
    onProgress: (progress: RepairProgress) => {
      const budgetMs = Math.max(0, Math.round(deadlineMs - clock.monotonicMs()));
      const planned = progress.phase === 'searching' ? (state.singles?.() ?? null) : null;
      const restMs =
        planned === null || progress.ratePerSecond <= 0
          ? budgetMs
          : Math.round((Math.max(0, planned - progress.tried) / progress.ratePerSecond) * 1_000);
      // Pairs of changes come after the single ones, as long as there is time: an early end is not promised.
      const atMostMs = planned !== null && progress.plausible > 0 ? Math.min(budgetMs, restMs) : budgetMs;
      request.onProgress?.({ ...progress, planned, atMostMs });
    },
  };
}
