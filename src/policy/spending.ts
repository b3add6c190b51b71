// What was spent, by whom and for what, and what a run is likely to cost: read from the rows of calls, never estimated.
import { NANOS_A_DOLLAR } from '#contracts/budget.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';

/** Runs with charges below which nothing is said of the next one. */
const LEAST_RUNS = 8;
const GROUPS = 200;

export const SPENDING_GROUPS = [
  'model',
  'provider',
  'role',
  'phase',
  'project',
  'ticket',
  'run',
  'day',
] as const;
export type SpendingGroup = (typeof SPENDING_GROUPS)[number];

const EXPRESSIONS: Readonly<Record<SpendingGroup, string>> = {
  model: 'model',
  provider: 'provider',
  role: 'role',
  phase: 'phase',
  project: 'project_id',
  ticket: 'ticket_id',
  run: 'run_id',
  day: `to_char(at at time zone 'UTC', 'YYYY-MM-DD')`,
};

export interface SpendingRow {
  /** Null for calls that belong to none. */
  readonly of: string | null;
  readonly calls: number;
  readonly usd: number;
  readonly unpricedCalls: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

export interface Forecast {
  /** Runs that it rests on. */
  readonly runs: number;
  /** US dollars of a run: the middle one, and the range that four of five fell into. */
  readonly medianUsd: number;
  readonly lowUsd: number;
  readonly highUsd: number;
}

export interface Spending {
  /** Dearest first, at most 200; a day's rows by day. */
  by(group: SpendingGroup, days: number): Promise<SpendingRow[]>;
  /** Null while there are too few runs to say anything. */
  forecast(): Promise<Forecast | null>;
}

export function createSpending({ db, clock }: { readonly db: Database; readonly clock: Clock }): Spending {
  return {
    by: async (group, days) => {
      const since = new Date(clock.now().getTime() - days * 86_400_000).toISOString();
      const rows = await db.raw<Omit<SpendingRow, 'usd'> & { nanos: number }>(
        `select ${EXPRESSIONS[group]} as of, count(*) as calls,
           coalesce(sum(case when settled_at is null then reserved_nanos else cost_nanos end), 0)::bigint as nanos,
           count(*) filter (where settled_at is not null and cost_nanos is null) as "unpricedCalls",
           coalesce(sum(input_tokens), 0)::bigint as "inputTokens",
           coalesce(sum(cache_read_tokens), 0)::bigint as "cachedTokens",
           (coalesce(sum(output_tokens), 0) + coalesce(sum(reasoning_tokens), 0))::bigint as "outputTokens"
         from charges where at >= $1 group by 1
         order by ${group === 'day' ? '1 desc' : '3 desc, 2 desc, 1'} limit ${GROUPS}`,
        [since],
      );
      return rows.map(({ nanos, ...row }) => ({ ...row, usd: nanos / NANOS_A_DOLLAR }));
    },
    forecast: async () => {
      const [row] = await db.raw<{ runs: number; cuts: number[] | null }>(
        `with runs as (
           select sum(cost_nanos) as nanos from charges where run_id is not null and settled_at is not null
           group by run_id having count(*) filter (where cost_nanos is null) = 0)
         select count(*) as runs, percentile_cont(array[0.1, 0.5, 0.9]) within group (order by nanos) as cuts from runs`,
      );
      const [low, median, high] = row?.cuts ?? [];
      if (row === undefined || row.runs < LEAST_RUNS) return null;
      if (low === undefined || median === undefined || high === undefined) return null;
      const usd = (nanos: number): number => nanos / NANOS_A_DOLLAR;
      return { runs: row.runs, medianUsd: usd(median), lowUsd: usd(low), highUsd: usd(high) };
    },
  };
}
