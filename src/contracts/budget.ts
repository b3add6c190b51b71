// Money and tokens: what a budget limits, whom a call is charged to, and how tight things are.
import { z } from 'zod';

export const BUDGET_SCOPES = ['global', 'provider', 'project', 'ticket', 'run', 'agent', 'phase'] as const;
export const budgetScope = z.enum(BUDGET_SCOPES);
export type BudgetScope = z.infer<typeof budgetScope>;

/** Days and months begin at midnight UTC. */
export const budgetPeriod = z.enum(['total', 'day', 'month']);
export type BudgetPeriod = z.infer<typeof budgetPeriod>;

/** normal below .6 of the limit; warn; throttle from .8: what can wait is refused; shutdown from .95: no new work. */
export const budgetState = z.enum(['normal', 'warn', 'throttle', 'shutdown']);
export type BudgetState = z.infer<typeof budgetState>;

/** Whom a call is charged to. The calls of a sub-agent name the run that it works for, so one limit holds for all. */
export const chargeTo = z.strictObject({
  projectId: z.string().nullable().default(null),
  ticketId: z.string().nullable().default(null),
  runId: z.string().nullable().default(null),
  agentId: z.string().nullable().default(null),
  phase: z.string().nullable().default(null),
});
export type ChargeTo = z.infer<typeof chargeTo>;

/** `new` begins something, `running` goes on with it, `optional` can be left out. */
export const urgency = z.enum(['new', 'running', 'optional']);
export type Urgency = z.infer<typeof urgency>;

/** A billionth of a US dollar: sums are exact, and nine million dollars fit. */
export const NANOS_A_DOLLAR = 1_000_000_000;

export const BUDGET_EVENTS = {
  'budget.set': z.strictObject({
    scope: budgetScope,
    ref: z.string(),
    period: budgetPeriod,
    limitUsd: z.number().nullable(),
    limitTokens: z.int().nullable(),
    by: z.string(),
  }),
  'budget.state_changed': z.strictObject({
    budget: z.string(),
    from: budgetState,
    to: budgetState,
    share: z.number(),
  }),
  'budget.exceeded': z.strictObject({
    budget: z.string(),
    model: z.string(),
    role: z.string(),
    reason: z.string(),
  }),
} as const;
