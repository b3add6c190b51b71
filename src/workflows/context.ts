// Keeping the context of tickets: items with their source, once each, withdrawn and never removed (O11).
import { type ContextItem, type ContextPackage, contextItem } from '#contracts/context.ts';
import type { NewEvent } from '#contracts/event.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { and, asc, count, eq, isNotNull } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { digestOf } from '#foundation/digest.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import { type PackWish, packContext } from './context/pack.ts';
import { contextItems as table } from './tables.ts';
import { subjectOfTicket } from './transitions.ts';

const TEXT_CHARS = 4_000;
const SUBJECT_CHARS = 200;
const ITEMS_A_TICKET = 2_000;

export type NewContext = Pick<ContextItem, 'kind' | 'subject' | 'text' | 'source'>;

export interface TicketContext {
  /**
   * Adds what is new of `added`, with an event for each; what was said before comes back as it is, unless it was withdrawn.
   * @throws AppError USAGE beyond 2,000 items, or for a text that is empty or too long.
   */
  record(ticket: Ticket, added: readonly NewContext[], q?: Queries): Promise<ContextItem[]>;
  /** Says that an item no longer holds. @throws AppError NOT_FOUND. */
  withdraw(
    ticket: Ticket,
    id: string,
    mark: { readonly by: string; readonly reason: string },
  ): Promise<ContextItem>;
  /** Oldest first, the withdrawn ones included. */
  items(ticketId: string): Promise<ContextItem[]>;
  /** What a step is handed. */
  pack(ticketId: string, wish: PackWish): Promise<ContextPackage>;
}

export interface ContextParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
}

export function createTicketContext(parts: ContextParts): TicketContext {
  const { db } = parts;
  const items = async (ticketId: string) => {
    const rows = await db.q
      .select()
      .from(table)
      .where(eq(table.ticketId, ticketId))
      .orderBy(asc(table.at), asc(table.id));
    return rows.map(toItem);
  };
  return {
    record: (ticket, added, q) =>
      q ? record(parts, q, ticket, added) : db.transaction((own) => record(parts, own, ticket, added)),
    withdraw: (ticket, id, mark) => db.transaction((q) => withdraw(parts, q, ticket, { id, ...mark })),
    items,
    pack: async (ticketId, wish) => packContext(await items(ticketId), wish),
  };
}

async function record(
  parts: ContextParts,
  q: Queries,
  ticket: Ticket,
  added: readonly NewContext[],
): Promise<ContextItem[]> {
  const at = parts.clock.now().toISOString();
  const [there] = await q.select({ items: count() }).from(table).where(eq(table.ticketId, ticket.id));
  if ((there?.items ?? 0) + added.length > ITEMS_A_TICKET) {
    throw new AppError('USAGE', { message: `a context holds at most ${ITEMS_A_TICKET} items` });
  }
  const found: ContextItem[] = [];
  const events: NewEvent[] = [];
  for (const item of added) {
    const { kind, source } = item;
    const text = plainText(item.text).trim();
    const subject = plainText(item.subject).replace(/\s+/g, ' ').trim();
    refuse(text, subject);
    const digest = digestOf({ kind, subject, text });
    const values = { kind, subject, text, source, digest, at, phase: ticket.phase, ticketId: ticket.id };
    const [row] = await q
      .insert(table)
      .values({ ...values, id: parts.ids.next('ctx') })
      // Said again after it was withdrawn, it holds again, on the word of whoever says so now.
      .onConflictDoUpdate({
        target: [table.ticketId, table.digest],
        set: { withdrawn: null, source, at, phase: ticket.phase },
        setWhere: isNotNull(table.withdrawn),
      })
      .returning();
    const stored = row ?? (await existing(q, ticket.id, digest));
    found.push(toItem(stored));
    if (!row) continue;
    const about = { item: row.id, subject };
    const whom = subjectOfTicket(ticket);
    events.push(
      kind === 'decision'
        ? { type: 'decision.recorded', subject: whom, payload: { ...about, text: text.slice(0, 500) } }
        : { type: 'context.recorded', subject: whom, payload: { ...about, kind } },
    );
  }
  await parts.journal.append(q, events);
  return found;
}

function refuse(text: string, subject: string): void {
  if (text !== '' && text.length <= TEXT_CHARS && subject.length <= SUBJECT_CHARS) return;
  const limits = `a text of 1 to ${TEXT_CHARS} characters and a subject of at most ${SUBJECT_CHARS}`;
  throw new AppError('USAGE', { message: `an item of the context has ${limits}` });
}

async function existing(q: Queries, ticketId: string, digest: string): Promise<typeof table.$inferSelect> {
  const [row] = await q
    .select()
    .from(table)
    .where(and(eq(table.ticketId, ticketId), eq(table.digest, digest)));
  if (row) return row;
  throw new AppError('INTERNAL', { message: 'an item of the context was there and is not' });
}

async function withdraw(
  { clock, journal }: ContextParts,
  q: Queries,
  ticket: Ticket,
  { id, by, reason }: { readonly id: string; readonly by: string; readonly reason: string },
): Promise<ContextItem> {
  const withdrawn = { reason: plainText(reason).slice(0, TEXT_CHARS), by, at: clock.now().toISOString() };
  const [row] = await q
    .update(table)
    .set({ withdrawn })
    .where(and(eq(table.ticketId, ticket.id), eq(table.id, id)))
    .returning();
  if (!row) {
    throw new AppError('NOT_FOUND', {
      message: `${ticket.key} has no context item ${plainText(id)}`,
      next: `cambium ticket context ${ticket.key} --items`,
    });
  }
  const payload = { item: id, reason: withdrawn.reason, by };
  await journal.append(q, [{ type: 'context.withdrawn', subject: subjectOfTicket(ticket), payload }]);
  return toItem(row);
}

function toItem({ ticketId: _ticket, digest: _digest, ...row }: typeof table.$inferSelect): ContextItem {
  return contextItem.parse(row);
}
