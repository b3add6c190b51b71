// Which tickets wait for which: edges without circles, written one after the other so that two writers make none together.
import type { Ticket } from '#contracts/ticket.ts';
import { and, asc, eq, sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Journal } from '#journal/port.ts';
import { ticketDependencies as table } from './tables.ts';
import type { Tickets } from './tickets.ts';

/** Key of the advisory lock under which edges are added. */
const EDGE_LOCK = 7_240_003;

export interface Dependencies {
  /**
   * Lets `ticket` wait for `on`. The same edge again changes nothing.
   * @throws AppError USAGE when it would close a circle, naming the way round.
   */
  add(ticket: Ticket, on: Ticket, by: string): Promise<void>;
  /** @throws AppError NOT_FOUND when there is no such edge. */
  remove(ticket: Ticket, on: Ticket, by: string): Promise<void>;
  /** Ids of the tickets that it waits for, oldest edge first. */
  of(ticketId: string, q?: Queries): Promise<string[]>;
  /** Ids of the tickets that wait for it. */
  dependants(ticketId: string): Promise<string[]>;
}

export interface DependenciesParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly tickets: Pick<Tickets, 'list'>;
}

export function createDependencies(parts: DependenciesParts): Dependencies {
  const { db, journal } = parts;
  return {
    add: (ticket, on, by) => add(parts, { ticket, on, by }),
    remove: (ticket, on, by) =>
      db.transaction(async (q) => {
        const gone = await q
          .delete(table)
          .where(and(eq(table.ticketId, ticket.id), eq(table.dependsOn, on.id)))
          .returning();
        if (gone.length === 0) {
          throw new AppError('NOT_FOUND', {
            message: `${ticket.key} does not depend on ${on.key}`,
            next: `cambium ticket show ${ticket.key}`,
          });
        }
        await journal.append(q, [edgeEvent({ ticket, on, by }, false)]);
      }),
    of: async (ticketId, q = db.q) => {
      const rows = await q
        .select({ id: table.dependsOn })
        .from(table)
        .where(eq(table.ticketId, ticketId))
        .orderBy(asc(table.createdAt), asc(table.dependsOn));
      return rows.map(({ id }) => id);
    },
    dependants: async (ticketId) => {
      const rows = await db.q
        .select({ id: table.ticketId })
        .from(table)
        .where(eq(table.dependsOn, ticketId))
        .orderBy(asc(table.createdAt), asc(table.ticketId));
      return rows.map(({ id }) => id);
    },
  };
}

interface Edge {
  readonly ticket: Ticket;
  readonly on: Ticket;
  readonly by: string;
}

function edgeEvent({ ticket, on, by }: Edge, holds: boolean) {
  const subject = { projectId: ticket.projectId, ticketId: ticket.id };
  return { type: 'change.depends' as const, subject, payload: { on: on.key, holds, by } };
}

async function add({ db, journal, clock, tickets }: DependenciesParts, edge: Edge): Promise<void> {
  const { ticket, on } = edge;
  await db.transaction(async (q) => {
    await q.execute(sql`select pg_advisory_xact_lock(${EDGE_LOCK})`);
    const way = await wayBack(q, on.id, ticket.id);
    if (way !== null) {
      const found = await tickets.list({ ids: way, limit: way.length });
      const keys = new Map(found.map(({ id, key }) => [id, key]));
      const named = [ticket.id, ...way].map((id) => keys.get(id));
      const next =
        way.length < 2 ? {} : { next: `cambium ticket depend ${named[1]} --on ${named[2]} --remove` };
      throw new AppError('USAGE', {
        message: `${ticket.key} cannot wait for ${on.key}: they would wait for each other (${named.join(' → ')})`,
        ...next,
      });
    }
    const added = await q
      .insert(table)
      .values({ ticketId: ticket.id, dependsOn: on.id, createdAt: clock.now().toISOString() })
      .onConflictDoNothing()
      .returning();
    if (added.length > 0) await journal.append(q, [edgeEvent(edge, true)]);
  });
}

/** The tickets on the way from `from` to `to` along the edges, both included; null when none leads there. */
async function wayBack(q: Queries, from: string, to: string): Promise<string[] | null> {
  if (from === to) return [to];
  const found = await q.execute(sql`
    with recursive way (id, path) as (
      select ${from}::text, array[${from}::text]
      union all
      select d.depends_on, way.path || d.depends_on
      from way join ticket_dependencies d on d.ticket_id = way.id
      where not d.depends_on = any(way.path) and way.id <> ${to}
    )
    select path from way where id = ${to} limit 1`);
  const path = found.rows[0]?.['path'];
  return Array.isArray(path) ? path.map(String) : null;
}
