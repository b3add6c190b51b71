// How tight a budget is: it gets worse at once and better only when it has stayed better for a while (T67).
import type { BudgetState } from '#contracts/budget.ts';

const BETTER_AFTER_MS = 300_000;
const STATES: readonly BudgetState[] = ['normal', 'warn', 'throttle', 'shutdown'];
/** From these shares of the limit on; the first state has none. */
const FROM_SHARE = [0, 0.6, 0.8, 0.95];

/** Part of the limit that is used, of money and tokens the larger; a limit of nothing is used up, none is never. */
export function shareOf(
  used: { readonly nanos: number; readonly tokens: number },
  limits: { readonly limitNanos: number | null; readonly limitTokens: number | null },
): number {
  const part = (amount: number, limit: number | null): number =>
    limit === null ? 0 : limit === 0 ? 1 : amount / limit;
  return Math.max(part(used.nanos, limits.limitNanos), part(used.tokens, limits.limitTokens));
}

export function stateAt(share: number): BudgetState {
  return STATES.findLast((_state, place) => share >= (FROM_SHARE[place] ?? 0)) ?? 'normal';
}

export interface Standing {
  readonly state: BudgetState;
  /** ISO; null while it would not be better. */
  readonly betterSince: string | null;
}

/** What becomes of a standing at `now`, when `share` of the limit is used. */
export function nextStanding({ state, betterSince }: Standing, share: number, now: Date): Standing {
  const wanted = stateAt(share);
  if (STATES.indexOf(wanted) >= STATES.indexOf(state)) return { state: wanted, betterSince: null };
  if (betterSince === null) return { state, betterSince: now.toISOString() };
  const waited = now.getTime() - Date.parse(betterSince) >= BETTER_AFTER_MS;
  return waited ? { state: wanted, betterSince: null } : { state, betterSince };
}
