// Verbs about money.
import type { Verbs } from './verb.ts';

export const MONEY_VERBS = {
  'budget.show': {
    effect: 'read',
    summary: 'Show every limit, what is used of it, and how tight it is',
    load: async () => (await import('../money.ts')).showBudgets,
  },
  'budget.set': {
    effect: 'write',
    summary: 'Limit what the calls of models may cost, in one scope and period',
    load: async () => (await import('../money.ts')).setBudget,
  },
  'insights.cost': {
    effect: 'read',
    summary: 'Show what was spent, by model, day, run or ticket, and what a run is likely to cost',
    load: async () => (await import('../money.ts')).showCost,
  },
} as const satisfies Verbs;
