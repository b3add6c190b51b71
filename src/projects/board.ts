// What the board reads and writes about tickets: who stands where, the order inside a column, and room in it.
import type { Ticket } from '#contracts/ticket.ts';
import { type SQL, sql } from '#database/drizzle.ts';
import type { Queries } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import { rankBetween } from './rank.ts';

/** First key of the advisory locks of columns; the second is a hash of project and column. */
const COLUMN_LOCK = 7_240_002;

/** A phase of a workflow version: where a ticket may stand. */
export interface Place {
  /** Digest of the version. */
  readonly workflow: string;
  readonly phase: string;
}

export interface Column {
  readonly id: string;
  readonly places: readonly Place[];
}

/** How many tickets stand in a place. */
export interface Standing {
  readonly projectId: string;
  readonly projectName: string;
  readonly priority: Ticket['priority'];
  /** Null where a ticket keeps no workflow. */
  readonly workflow: string | null;
  readonly phase: string | null;
  readonly blocked: boolean;
  readonly count: number;
}

/** All tickets that are not cancelled, counted by where they stand. */
export async function standings(q: Queries, projectId: string | null): Promise<Standing[]> {
  const rows = await q.execute<Omit<Standing, 'count'> & { count: string }>(sql`
    select t.project_id as "projectId", p.name as "projectName", t.priority, t.workflow, t.phase, t.blocked, t.count from (
      select project_id, priority, workflow, phase, blocked is not null as blocked, count(*) from tickets
      where cancelled is null and ${projectId === null ? sql`true` : sql`project_id = ${projectId}`}
      group by 1, 2, 3, 4, 5
    ) t join projects p on p.id = t.project_id`);
  return rows.rows.map((row) => ({ ...row, count: Number(row.count) }));
}

export interface CardRow {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly priority: Ticket['priority'];
  readonly projectId: string;
  readonly projectName: string;
  readonly workflow: string;
  readonly phase: string;
  readonly blocked: string | null;
  readonly since: Date | null;
  readonly rank: string;
}

export interface CardsWish {
  readonly projectId: string | null;
  readonly places: readonly Place[];
  readonly which: 'free' | 'blocked';
  /** The order of a column: by rank, or the newest first where it is the end. */
  readonly order: 'rank' | 'newest';
  readonly priority: Ticket['priority'] | null;
  readonly limit: number;
}

/** The first tickets of the phases in the order of a column, at most `limit`. */
export async function cards(q: Queries, wish: CardsWish): Promise<CardRow[]> {
  const order = wish.order === 'rank' ? sql`c.rank, c.number` : sql`c.phase_since desc, c.number desc`;
  const conditions: SQL[] = [
    sql`c.cancelled is null`,
    wish.which === 'free' ? sql`c.blocked is null` : sql`c.blocked is not null`,
    ...(wish.projectId === null ? [] : [sql`c.project_id = ${wish.projectId}`]),
    ...(wish.priority === null ? [] : [sql`c.priority = ${wish.priority}`]),
  ];
  const found = await q.execute<Omit<CardRow, 'since'> & { since: string | null }>(sql`
    select t.id, t.number, t.title, t.priority, t.project_id as "projectId", p.name as "projectName", t.workflow, t.phase,
      t.blocked->>'reason' as blocked, t.phase_since as since, t.rank
    from unnest(${placesArrays(wish.places)}) as f (workflow, phase) cross join lateral (
      select * from tickets c where c.phase = f.phase and c.workflow = f.workflow and ${sql.join(conditions, sql` and `)}
      order by ${order} limit ${wish.limit}
    ) t join projects p on p.id = t.project_id`);
  const rows = found.rows.map((row) => ({
    ...row,
    number: Number(row.number),
    since: row.since === null ? null : new Date(row.since),
  }));
  const byRank = (one: CardRow, other: CardRow): number =>
    one.rank < other.rank ? -1 : one.rank > other.rank ? 1 : one.number - other.number;
  const byAge = (one: CardRow, other: CardRow): number =>
    (other.since?.getTime() ?? 0) - (one.since?.getTime() ?? 0) || other.number - one.number;
  return rows.sort(wish.order === 'rank' ? byRank : byAge).slice(0, wish.limit);
}

/**
 * How many other tickets of the project stand in the column, blocked ones included. Until the transaction of `q` ends
 * nobody else gets an answer for this column: who counts and then moves in, moves into what was counted.
 */
export async function holdColumn(
  q: Queries,
  {
    projectId,
    column,
    ticketId,
  }: { readonly projectId: string; readonly column: Column; readonly ticketId: string },
): Promise<number> {
  await lockColumn(q, projectId, column.id);
  const [row] = (
    await q.execute<{ count: number }>(sql`
      select count(*)::int as count from tickets
      where project_id = ${projectId} and cancelled is null and id <> ${ticketId} and ${inColumn(column)}`)
  ).rows;
  return Number(row?.count ?? 0);
}

/** Where in its column a ticket shall stand. */
export type Position =
  | { readonly at: 'top' | 'bottom' }
  | { readonly at: 'before' | 'after'; readonly ticket: Pick<Ticket, 'id' | 'key' | 'rank'> };

/** The rank that puts `ticket` there, with the column locked as by `holdColumn`; write it in the same transaction. */
export async function rankAt(
  q: Queries,
  ticket: Pick<Ticket, 'id' | 'key' | 'projectId'>,
  column: Column,
  position: Position,
): Promise<string> {
  await lockColumn(q, ticket.projectId, column.id);
  const neighbours = sql`project_id = ${ticket.projectId} and cancelled is null and id <> ${ticket.id} and ${inColumn(column)}`;
  const first = (where: SQL, order: SQL) =>
    q.execute<{ rank: string }>(
      sql`select rank from tickets where ${neighbours} and ${where} order by ${order} limit 1`,
    );
  const rankOf = async (where: SQL, order: SQL): Promise<string | null> =>
    (await first(where, order)).rows[0]?.rank ?? null;
  if (!('ticket' in position)) {
    return position.at === 'top'
      ? rankBetween(null, await rankOf(sql`true`, sql`rank`))
      : rankBetween(await rankOf(sql`true`, sql`rank desc`), null);
  }
  const { id, key } = position.ticket;
  // Read again under the lock: whoever moved it just now moved it for good.
  const there = await rankOf(sql`id = ${id}`, sql`rank`);
  if (there === null) {
    throw new AppError('USAGE', {
      message: `${key} is not another ticket of the column ${column.id} in the same project`,
      next: 'cambium board',
    });
  }
  return position.at === 'before'
    ? rankBetween(await rankOf(sql`rank < ${there}`, sql`rank desc`), there)
    : rankBetween(there, await rankOf(sql`rank > ${there}`, sql`rank`));
}

/** The rank of a new ticket: after all there are. The caller holds the lock under which tickets are numbered. */
export async function lastRank(q: Queries): Promise<string> {
  const found = await q.execute<{ rank: string }>(sql`select rank from tickets order by rank desc limit 1`);
  return rankBetween(found.rows[0]?.rank ?? null, null);
}

async function lockColumn(q: Queries, projectId: string, column: string): Promise<void> {
  await q.execute(sql`select pg_advisory_xact_lock(${COLUMN_LOCK}, hashtext(${`${projectId} ${column}`}))`);
}

function inColumn({ places }: Column): SQL {
  return sql`(workflow, phase) in (select * from unnest(${placesArrays(places)}))`;
}

/** Two arrays for `unnest`: workflows and phases. */
export function placesArrays(places: readonly Place[]): SQL {
  const workflows = textArray(places.map(({ workflow }) => workflow));
  return sql`${workflows}, ${textArray(places.map(({ phase }) => phase))}`;
}

/** A list as one parameter. */
export function textArray(items: readonly string[]): SQL {
  return sql`${`{${items.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`}::text[]`;
}
