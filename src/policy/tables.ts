// The tables of this room, as migrations/0012-money.sql makes them.
import type { BudgetPeriod, BudgetScope, BudgetState } from '#contracts/budget.ts';
import { bigint, index, instant, pgTable, text, uniqueIndex } from '#database/drizzle.ts';

const count = (name: string) => bigint(name, { mode: 'number' });

export const budgets = pgTable(
  'budgets',
  {
    id: text('id').primaryKey(),
    scope: text('scope').$type<BudgetScope>().notNull(),
    ref: text('ref').notNull(),
    period: text('period').$type<BudgetPeriod>().notNull(),
    limitNanos: count('limit_nanos'),
    limitTokens: count('limit_tokens'),
    state: text('state').$type<BudgetState>().notNull(),
    betterSince: instant('better_since'),
    setBy: text('set_by').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [uniqueIndex('budgets_scope_key').on(table.scope, table.ref, table.period)],
);

export const charges = pgTable(
  'charges',
  {
    id: text('id').primaryKey(),
    at: instant('at').notNull(),
    model: text('model').notNull(),
    provider: text('provider').notNull(),
    role: text('role').notNull(),
    projectId: text('project_id'),
    ticketId: text('ticket_id'),
    runId: text('run_id'),
    agentId: text('agent_id'),
    phase: text('phase'),
    reservedNanos: count('reserved_nanos'),
    reservedTokens: count('reserved_tokens').notNull(),
    settledAt: instant('settled_at'),
    costNanos: count('cost_nanos'),
    inputTokens: count('input_tokens'),
    cacheReadTokens: count('cache_read_tokens'),
    cacheWriteTokens: count('cache_write_tokens'),
    outputTokens: count('output_tokens'),
    reasoningTokens: count('reasoning_tokens'),
  },
  (table) => [
    index('charges_at_idx').on(table.at),
    index('charges_provider_idx').on(table.provider, table.at),
    index('charges_project_idx').on(table.projectId, table.at),
    index('charges_ticket_idx').on(table.ticketId),
    index('charges_run_idx').on(table.runId),
    index('charges_agent_idx').on(table.agentId, table.at),
    index('charges_phase_idx').on(table.phase, table.at),
  ],
);
