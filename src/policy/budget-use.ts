// What is used of a budget: the sum over the calls of its scope and period, read anew each time.
import type { BudgetPeriod } from '#contracts/budget.ts';
import { and, eq, sql } from '#database/drizzle.ts';
import type { Queries } from '#database/port.ts';
import { type budgets, charges } from './tables.ts';

const COLUMN_OF = {
  provider: charges.provider,
  project: charges.projectId,
  ticket: charges.ticketId,
  run: charges.runId,
  agent: charges.agentId,
  phase: charges.phase,
} as const;

export interface Used {
  readonly nanos: number;
  readonly tokens: number;
  readonly heldNanos: number;
  readonly unpriced: number;
}

/** The sum over the rows of a budget's scope and period: what calls cost, and what is held back for those under way. */
export async function usedOf(
  q: Queries,
  { scope, ref, period }: Pick<typeof budgets.$inferSelect, 'scope' | 'ref' | 'period'>,
  now: Date,
): Promise<Used> {
  const since = beginOf(period, now);
  const spent = sql<number>`case when ${charges.settledAt} is null then coalesce(${charges.reservedNanos}, 0)
    else coalesce(${charges.costNanos}, 0) end`;
  const tokens = sql<number>`case when ${charges.settledAt} is null then ${charges.reservedTokens}
    else coalesce(${charges.inputTokens}, 0) + coalesce(${charges.cacheReadTokens}, 0) + coalesce(${charges.cacheWriteTokens}, 0)
      + coalesce(${charges.outputTokens}, 0) + coalesce(${charges.reasoningTokens}, 0) end`;
  const [row] = await q
    .select({
      nanos: sql<number>`coalesce(sum(${spent}), 0)::bigint`,
      tokens: sql<number>`coalesce(sum(${tokens}), 0)::bigint`,
      heldNanos: sql<number>`coalesce(sum(${charges.reservedNanos}) filter (where ${charges.settledAt} is null), 0)::bigint`,
      unpriced: sql<number>`count(*) filter (where ${charges.settledAt} is not null and ${charges.costNanos} is null)::bigint`,
    })
    .from(charges)
    .where(
      and(
        scope === 'global' ? undefined : eq(COLUMN_OF[scope], ref),
        since === null ? undefined : sql`${charges.at} >= ${since}`,
      ),
    );
  return row ?? { nanos: 0, tokens: 0, heldNanos: 0, unpriced: 0 };
}

/** When the period that `now` lies in began, ISO; null for all time. */
export function beginOf(period: BudgetPeriod, now: Date): string | null {
  if (period === 'total') return null;
  const day = now.toISOString().slice(0, period === 'day' ? 10 : 7);
  return new Date(period === 'day' ? `${day}T00:00:00Z` : `${day}-01T00:00:00Z`).toISOString();
}
