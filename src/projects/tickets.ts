// Tickets: wanted work on a project, with numbers for people (TKT-38).
import type { Ticket, TicketApproval, TicketFields } from '#contracts/ticket.ts';
import { and, desc, eq, inArray, isNotNull, isNull, lt, max, type SQL, sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import { lastRank } from './board.ts';
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
  readonly fields?: SetAtOpening | undefined;
  /** The workflow version it keeps, and the phase it begins in. */
  readonly begins?: { readonly workflow: string; readonly phase: string } | undefined;
  /** Given where somebody has to agree first. */
  readonly approval?: TicketApproval | undefined;
}

type SetAtOpening = {
  readonly [F in Exclude<keyof TicketFields, 'title' | 'description'>]?: TicketFields[F] | undefined;
};

/** What a write may set; everything else about a ticket stays as it was. */
export type TicketChange = Partial<
  TicketFields &
    Pick<Ticket, 'workflow' | 'phase' | 'phaseSince' | 'rank' | 'blocked' | 'cancelled' | 'approval'>
>;

export interface TicketFilter {
  readonly projectId?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly phases?: readonly string[] | undefined;
  readonly priority?: Ticket['priority'] | undefined;
  readonly kind?: Ticket['kind'] | undefined;
  readonly label?: string | undefined;
  readonly parentId?: string | undefined;
  readonly blocked?: boolean | undefined;
  /** Words that title or description hold. */
  readonly text?: string | undefined;
  /** Only tickets with a smaller number: the cursor of the page before. */
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
}

export interface Tickets {
  /** Adds a ticket inside the caller's transaction, with `change.created` beside it. */
  open(q: Queries, ticket: NewTicket): Promise<Ticket>;
  /** By id, key or number; null when unknown. */
  find(ref: string): Promise<Ticket | null>;
  /** As `find`. @throws AppError NOT_FOUND. */
  show(ref: string): Promise<Ticket>;
  /** Newest first, 200 when no limit is given. */
  list(filter?: TicketFilter): Promise<Ticket[]>;
  /** The ticket as it is now, its row locked until the transaction of `q` ends. @throws AppError NOT_FOUND. */
  hold(q: Queries, ticketId: string): Promise<Ticket>;
  /**
   * Writes `change` when the ticket still has the version of `ticket`; events are the caller's.
   * @throws AppError TICKET_CONFLICT when somebody wrote it in between.
   */
  change(q: Queries, ticket: Pick<Ticket, 'id' | 'key' | 'version'>, change: TicketChange): Promise<Ticket>;
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
        .where(and(...conditions(filter)))
        .orderBy(desc(table.number))
        .limit(filter.limit ?? LISTED_TICKETS);
      return rows.map(toTicket);
    },
    hold: async (q, ticketId) => {
      const [row] = await q.select().from(table).where(eq(table.id, ticketId)).for('update');
      if (row) return toTicket(row);
      throw new AppError('NOT_FOUND', { message: `there is no ticket ${plainText(ticketId)}` });
    },
    change: (q, ticket, change) => writeChange(parts, q, ticket, change),
  };
}

function conditions(filter: TicketFilter): (SQL | undefined)[] {
  const like = `%${(filter.text ?? '').replace(/[\\%_]/g, '\\$&')}%`;
  return [
    filter.projectId === undefined ? undefined : eq(table.projectId, filter.projectId),
    filter.ids === undefined ? undefined : inArray(table.id, [...filter.ids]),
    filter.phases === undefined ? undefined : inArray(table.phase, [...filter.phases]),
    filter.priority === undefined ? undefined : eq(table.priority, filter.priority),
    filter.kind === undefined ? undefined : eq(table.kind, filter.kind),
    filter.label === undefined ? undefined : sql`${table.labels} @> array[${filter.label}]::text[]`,
    filter.parentId === undefined ? undefined : eq(table.parentId, filter.parentId),
    filter.blocked === undefined
      ? undefined
      : filter.blocked
        ? isNotNull(table.blocked)
        : isNull(table.blocked),
    filter.text === undefined
      ? undefined
      : sql`(${table.title} ilike ${like} or ${table.description} ilike ${like})`,
    filter.before === undefined ? undefined : lt(table.number, filter.before),
  ];
}

async function writeChange(
  { clock }: TicketsParts,
  q: Queries,
  ticket: Pick<Ticket, 'id' | 'key' | 'version'>,
  change: TicketChange,
): Promise<Ticket> {
  const { title, description, ...rest } = change;
  const [row] = await q
    .update(table)
    .set({
      ...rest,
      ...(title === undefined ? {} : { title: titleOf(title) }),
      ...(description === undefined ? {} : { description: descriptionOf(description) }),
      version: ticket.version + 1,
      updatedAt: clock.now().toISOString(),
    })
    .where(and(eq(table.id, ticket.id), eq(table.version, ticket.version)))
    .returning();
  if (row) return toTicket(row);
  throw new AppError('TICKET_CONFLICT', {
    message: `${ticket.key} was changed by somebody else at the same time`,
    next: `cambium ticket show ${ticket.key} shows how it stands now`,
  });
}

function titleOf(text: string): string {
  return plainText(text).replace(/\s+/g, ' ').trim().slice(0, TITLE_CHARS);
}

function descriptionOf(text: string): string {
  return plainText(text).slice(0, DESCRIPTION_CHARS);
}

async function open({ journal, clock, ids }: TicketsParts, q: Queries, input: NewTicket): Promise<Ticket> {
  await q.execute(sql`select pg_advisory_xact_lock(${NUMBER_LOCK})`);
  const [last] = await q.select({ number: max(table.number) }).from(table);
  const now = clock.now().toISOString();
  const number = (last?.number ?? 0) + 1;
  const { begins, fields } = input;
  const row: typeof table.$inferSelect = {
    id: ids.next('tkt'),
    number,
    projectId: input.projectId,
    title: titleOf(input.title),
    description: descriptionOf(input.description ?? ''),
    priority: fields?.priority ?? 'medium',
    kind: fields?.kind ?? 'change',
    risk: fields?.risk ?? 'low',
    labels: fields?.labels ?? [],
    deadline: fields?.deadline ?? null,
    parentId: fields?.parentId ?? null,
    estimateMinutes: fields?.estimateMinutes ?? null,
    workflow: begins?.workflow ?? null,
    phase: begins?.phase ?? null,
    phaseSince: begins === undefined ? null : now,
    rank: await lastRank(q),
    blocked: null,
    cancelled: null,
    approval: input.approval ?? null,
    version: 0,
    createdAt: now,
    updatedAt: now,
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
