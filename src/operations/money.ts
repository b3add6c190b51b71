// The operations `budget.show`, `budget.set` and `insights.cost`.
import { z } from 'zod';
import {
  BUDGET_SCOPES,
  type BudgetScope,
  budgetPeriod,
  budgetScope,
  budgetState,
} from '#contracts/budget.ts';
import { AppError } from '#foundation/errors.ts';
import { SPENDING_GROUPS } from '#policy/spending.ts';
import type { OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';

const budget = z.strictObject({
  id: z.string(),
  scope: budgetScope,
  ref: z.string(),
  period: budgetPeriod,
  limitUsd: z.number().nullable(),
  limitTokens: z.int().nullable(),
  usedUsd: z.number(),
  usedTokens: z.int(),
  heldUsd: z.number(),
  unpricedCalls: z.int(),
  share: z.number(),
  state: budgetState,
  since: z.string().nullable(),
});

const budgetList = z.strictObject({ budgets: z.array(budget) });

export const showBudgets = defineOperation({
  input: z.strictObject({}),
  output: budgetList,
  handle: async (context) => ({ budgets: await (await context.budgets()).list() }),
});

export const setBudget = defineOperation({
  input: z.strictObject({
    /** `global`, or a scope and a name, such as `ticket:TKT-3`. */
    scope: z.string().min(1),
    period: budgetPeriod.default('total'),
    /** US dollars; null for no limit, 0 forbids. */
    usd: z.number().nonnegative().max(1_000_000).nullable().default(null),
    tokens: z.int().nonnegative().max(1_000_000_000_000).nullable().default(null),
  }),
  output: budgetList,
  handle: async (context, { scope: written, period, usd, tokens }) => {
    const budgets = await context.budgets();
    const { scope, ref } = await readScope(context, written);
    await budgets.set({ scope, ref, period, limitUsd: usd, limitTokens: tokens, by: context.actor.name });
    return { budgets: await budgets.list() };
  },
});

/** A scope as it is written, with names turned into what calls are charged to. */
async function readScope(
  context: OperationContext,
  written: string,
): Promise<{ scope: BudgetScope; ref: string }> {
  const colon = written.indexOf(':');
  const read = budgetScope.safeParse(colon === -1 ? written : written.slice(0, colon));
  const name = colon === -1 ? '' : written.slice(colon + 1);
  if (!read.success) {
    throw new AppError('USAGE', {
      message: `${written} is no scope of a budget`,
      next: `write global, or one of ${BUDGET_SCOPES.slice(1).join(', ')} with a name: ticket:TKT-3`,
    });
  }
  const scope = read.data;
  if (name === '') return { scope, ref: '' };
  if (scope === 'ticket') return { scope, ref: (await (await context.ticketing()).tickets.show(name)).id };
  if (scope === 'run') return { scope, ref: (await (await context.engine()).view(name)).id };
  if (scope !== 'project') return { scope, ref: name };
  const project = await (await context.projects()).find(name);
  if (project) return { scope, ref: project.id };
  throw new AppError('NOT_FOUND', {
    message: `there is no project ${name}`,
    next: 'name it by its id or by the path of its repository',
  });
}

export const showCost = defineOperation({
  input: z.strictObject({
    by: z.enum(SPENDING_GROUPS).default('model'),
    days: z.int().min(1).max(3_660).default(30),
  }),
  output: z.strictObject({
    by: z.enum(SPENDING_GROUPS),
    days: z.int(),
    rows: z.array(
      z.strictObject({
        of: z.string().nullable(),
        calls: z.int(),
        usd: z.number(),
        unpricedCalls: z.int(),
        inputTokens: z.int(),
        cachedTokens: z.int(),
        outputTokens: z.int(),
      }),
    ),
    /** Null while there are too few runs with charges to say anything. */
    forecast: z
      .strictObject({ runs: z.int(), medianUsd: z.number(), lowUsd: z.number(), highUsd: z.number() })
      .nullable(),
  }),
  handle: async (context, { by, days }) => {
    const spending = await context.spending();
    return { by, days, rows: await spending.by(by, days), forecast: await spending.forecast() };
  },
});
