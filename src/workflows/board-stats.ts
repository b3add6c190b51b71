// Figures of the board from phase history: how long work takes, how much ends, how old what stands there is (O56).
import type { BoardStats, Spread } from '#contracts/board.ts';
import { type SQL, sql } from '#database/drizzle.ts';
import type { Queries } from '#database/port.ts';
import { type Place, placesArrays, standings, textArray } from '#projects/board.ts';
import { type BoardParts, type ColumnView, columnsOf, digestsOf, violationsOf } from './board.ts';

/** Below this many tickets a median says nothing. */
const FLOOR = 5;
const DAY_MS = 86_400_000;

export interface StatsWish {
  readonly project: { readonly id: string; readonly name: string } | null;
  /** Ends of the last so many days count. */
  readonly days: number;
}

interface SpreadRow extends Record<string, unknown> {
  readonly n: number;
  readonly p50: number | null;
  readonly p85: number | null;
}

/** The figures, in one state of the database. */
export function readBoardStats({ db, clock, versions }: BoardParts, wish: StatsWish): Promise<BoardStats> {
  const now = clock.now();
  return db.transaction(async (q) => {
    const standing = await standings(q, wish.project?.id ?? null);
    const columns = await columnsOf(q, versions, digestsOf(standing));
    const inProject = wish.project === null ? sql`true` : sql`t.project_id = ${wish.project.id}`;
    const cycle = await cycleTimes(q, {
      ends: columns.flatMap((column) => (column.terminal ? column.places : [])),
      since: new Date(now.getTime() - wish.days * DAY_MS),
      inProject,
    });
    const open = columns.filter(({ terminal, overlay }) => !terminal && !overlay);
    return {
      projectName: wish.project?.name ?? null,
      days: wish.days,
      floor: FLOOR,
      cycle: spreadOf(cycle),
      throughput: {
        n: cycle.n,
        perWeek: cycle.n < FLOOR ? null : Math.round((cycle.n / (wish.days / 7)) * 10) / 10,
      },
      ages: await ages(q, open, { now, inProject }),
      violations: violationsOf(columns, standing),
    };
  });
}

/** From the first move of a ticket to its last end. */
async function cycleTimes(
  q: Queries,
  wish: { readonly ends: readonly Place[]; readonly since: Date; readonly inProject: SQL },
): Promise<SpreadRow> {
  const found = await q.execute<SpreadRow>(sql`
    with ended as (
      select h.ticket_id, max(h.at) as at from phase_history h join tickets t on t.id = h.ticket_id
      where h.at > ${wish.since.toISOString()} and ${wish.inProject} and t.cancelled is null
        and (t.workflow, t.phase) in (select * from unnest(${placesArrays(wish.ends)}))
        and h.to_phase = t.phase
      group by 1
    ), took as (
      select extract(epoch from max(e.at) - min(h.at)) * 1000 as ms
      from ended e join phase_history h on h.ticket_id = e.ticket_id and h.from_phase is not null
      group by h.ticket_id
    ) select count(*)::int as n, percentile_cont(0.5) within group (order by ms)::float8 as p50,
        percentile_cont(0.85) within group (order by ms)::float8 as p85 from took`);
  return found.rows[0] ?? { n: 0, p50: null, p85: null };
}

async function ages(
  q: Queries,
  columns: readonly ColumnView[],
  { now, inProject }: { readonly now: Date; readonly inProject: SQL },
): Promise<BoardStats['ages']> {
  const places = columns.flatMap(({ id, places: all }) => all.map((place) => ({ ...place, id })));
  const found = await q.execute<SpreadRow & { id: string; oldest: number }>(sql`
    select f.id, count(*)::int as n, percentile_cont(0.5) within group (order by a.ms)::float8 as p50,
      percentile_cont(0.85) within group (order by a.ms)::float8 as p85,
      (array_agg(t.number order by t.phase_since))[1] as oldest
    from unnest(${textArray(places.map(({ id }) => id))}, ${placesArrays(places)}) as f (id, workflow, phase)
    join tickets t on t.phase = f.phase and t.workflow = f.workflow and t.cancelled is null and ${inProject}
    cross join lateral (select extract(epoch from ${now.toISOString()}::timestamptz - t.phase_since) * 1000 as ms) a
    group by f.id`);
  const byColumn = new Map(found.rows.map((row) => [row.id, row]));
  return columns.map(({ id }) => {
    const row = byColumn.get(id);
    return {
      column: id,
      age: spreadOf(row ?? { n: 0, p50: null, p85: null }),
      oldest: row === undefined ? null : `TKT-${row.oldest}`,
    };
  });
}

function spreadOf({ n, p50, p85 }: SpreadRow): Spread {
  return n < FLOOR ? { n, p50Ms: null, p85Ms: null } : { n, p50Ms: p50, p85Ms: p85 };
}
