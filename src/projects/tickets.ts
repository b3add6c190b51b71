// Tickets: wanted work on a project, with numbers for people (TKT-38).
import type { Ticket } from '#contracts/ticket.ts';
import { desc, eq, max, sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import { tickets as table } from './tables.ts';

const TITLE_CHARS = 200;
const DESCRIPTION_CHARS = 20_000;
const LISTED_TICKETS = 200;
/** Key of the advisory lock under which numbers are given out, so that none is skipped or given twice. */
const NUMBER_LOCK = 7_240_001;

export interface NewTicket {
  readonly projectId: string;
  /** Cut at 200 characters, control characters removed. */
  readonly title: string;
  /** Cut at 20,000 characters. */
  readonly description?: string | undefined;
}

export interface Tickets {
  /** Adds a ticket inside the caller's transaction, with `change.created` beside it. */
  open(q: Queries, ticket: NewTicket): Promise<Ticket>;
  /** By id, key or number; null when unknown. */
  find(ref: string): Promise<Ticket | null>;
  /** As `find`. @throws AppError NOT_FOUND. */
  show(ref: string): Promise<Ticket>;
  /** Newest first, 200 when no limit is given. */
  list(filter?: {
    readonly projectId?: string | undefined;
    readonly limit?: number | undefined;
  }): Promise<Ticket[]>;
}

export interface TicketsParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
}

export function createTickets(parts: TicketsParts): Tickets {
  const find = async (ref: string): Promise<Ticket | null> => {
    const number = /^(?:tkt-)?(\d{1,9})$/i.exec(ref)?.[1];
    const where = number === undefined ? eq(table.id, ref) : eq(table.number, Number(number));
    const [row] = await parts.db.q.select().from(table).where(where);
    return row ? toTicket(row) : null;
  };
  return {
    open: (q, ticket) => open(parts, q, ticket),
    find,
    show: async (ref) => {
      const found = await find(ref);
      if (found) return found;
      throw new AppError('NOT_FOUND', {
        message: `there is no ticket ${plainText(ref)}`,
        next: 'cambium ticket list',
      });
    },
    list: async (filter = {}) => {
      const rows = await parts.db.q
        .select()
        .from(table)
        .where(filter.projectId === undefined ? undefined : eq(table.projectId, filter.projectId))
        .orderBy(desc(table.number))
        .limit(filter.limit ?? LISTED_TICKETS);
      return rows.map(toTicket);
    },
  };
}

async function open({ journal, clock, ids }: TicketsParts, q: Queries, input: NewTicket): Promise<Ticket> {
  await q.execute(sql`select pg_advisory_xact_lock(${NUMBER_LOCK})`);
  const [last] = await q.select({ number: max(table.number) }).from(table);
  const row = {
    id: ids.next('tkt'),
    number: (last?.number ?? 0) + 1,
    projectId: input.projectId,
    title: plainText(input.title).replace(/\s+/g, ' ').trim().slice(0, TITLE_CHARS),
    description: plainText(input.description ?? '').slice(0, DESCRIPTION_CHARS),
    createdAt: clock.now().toISOString(),
  };
  await q.insert(table).values(row);
  const ticket = toTicket(row);
  await journal.append(q, [
    {
      type: 'change.created',
      subject: { projectId: row.projectId, ticketId: row.id },
      payload: { key: ticket.key, title: ticket.title },
    },
  ]);
  return ticket;
}

function toTicket(row: typeof table.$inferSelect): Ticket {
  return { ...row, key: `TKT-${row.number}` };
}
