// Which tickets a verb is about, by name or by filter, and what became of each; a dry run says what would.
import { z } from 'zod';
import type { Ticket } from '#contracts/ticket.ts';
import { priority, ticketKind, ticketStatus } from '#contracts/ticket.ts';
import { AppError, errorCode, errorMessage, isAppError } from '#foundation/errors.ts';
import type { RowFilter } from '#workflows/ticket-reads.ts';
import type { OperationContext, TicketRooms } from './context.ts';

const MOST_TICKETS = 1_000;

export const ticketFilter = z.strictObject({
  /** Path inside a repository under care; null for all. */
  project: z.string().nullable().default(null),
  statuses: z.array(ticketStatus).nullable().default(null),
  phase: z.string().nullable().default(null),
  priority: priority.nullable().default(null),
  kind: ticketKind.nullable().default(null),
  label: z.string().nullable().default(null),
  parent: z.string().nullable().default(null),
  /** Words that title or description hold. */
  text: z.string().min(1).nullable().default(null),
});
export type TicketFilterInput = z.output<typeof ticketFilter>;

/** By name, or by filter: one of the two. */
export const selection = {
  tickets: z.array(z.string().min(1)).max(MOST_TICKETS).default([]),
  filter: ticketFilter.nullable().default(null),
  /** Say what would be done, and do nothing. */
  dryRun: z.boolean().default(false),
};

export interface Selection {
  readonly tickets: readonly string[];
  readonly filter: TicketFilterInput | null;
  readonly dryRun: boolean;
}

/** What became of one ticket. */
export const outcome = z.strictObject({
  key: z.string(),
  title: z.string(),
  outcome: z.enum(['done', 'would', 'refused']),
  /** What was done, what would be, or why not. */
  text: z.string(),
  /** What to do about a refusal; null otherwise. */
  next: z.string().nullable(),
});
export const outcomes = z.strictObject({ dryRun: z.boolean(), results: z.array(outcome) });

/** The filter in the words of the store. @throws AppError NOT_FOUND for a project or a parent that is not there. */
export async function filterOf(context: OperationContext, filter: TicketFilterInput): Promise<RowFilter> {
  const { tickets } = await context.ticketing();
  const given = <T>(value: T | null): T | undefined => value ?? undefined;
  return {
    projectId: filter.project === null ? undefined : await projectId(context, filter.project),
    statuses: given(filter.statuses),
    phases: filter.phase === null ? undefined : [filter.phase],
    priority: given(filter.priority),
    kind: given(filter.kind),
    label: given(filter.label),
    parentId: filter.parent === null ? undefined : (await tickets.show(filter.parent)).id,
    text: given(filter.text),
  };
}

async function projectId(context: OperationContext, path: string): Promise<string> {
  const projects = await context.projects();
  const found = (await projects.find(path)) ?? (await projects.find(await context.git.topLevel(path)));
  if (found) return found.id;
  throw new AppError('NOT_FOUND', { message: `${path} is no repository under care`, next: 'cambium init' });
}

/** Does `work` on each selected ticket: a refusal of one does not keep the others from it, unless it is the only one. */
export async function onEach(
  context: OperationContext,
  chosen: Selection,
  verb: {
    /** What would be done to it. @throws AppError when it would be refused. */
    readonly plan: (ticket: Ticket) => Promise<string>;
    /** Does it, and says what was done. */
    readonly work: (ticket: Ticket) => Promise<string>;
  },
): Promise<z.output<typeof outcomes>> {
  const rooms = await context.ticketing();
  const tickets = await select(context, rooms, chosen);
  const results: z.output<typeof outcome>[] = [];
  for (const ticket of tickets) {
    const { key, title } = ticket;
    try {
      const text = chosen.dryRun ? await verb.plan(ticket) : await verb.work(ticket);
      results.push({ key, title, outcome: chosen.dryRun ? 'would' : 'done', text, next: null });
    } catch (error) {
      const ours = isAppError(error) && errorCode(error) !== 'INTERNAL';
      if (!ours || (tickets.length === 1 && chosen.filter === null)) throw error;
      results.push({ key, title, outcome: 'refused', text: errorMessage(error), next: error.next ?? null });
    }
  }
  return { dryRun: chosen.dryRun, results };
}

async function select(
  context: OperationContext,
  { tickets, reads }: TicketRooms,
  { tickets: refs, filter }: Selection,
): Promise<readonly Ticket[]> {
  if (refs.length > 0 === (filter !== null)) {
    throw new AppError('USAGE', {
      message: 'name tickets, or choose them by a filter: one of the two',
      next: 'cambium ticket list shows what a filter chooses',
    });
  }
  if (filter === null) return Promise.all([...new Set(refs)].map((ref) => tickets.show(ref)));
  const found = await reads.list({ ...(await filterOf(context, filter)), limit: MOST_TICKETS + 1 });
  if (found.length > MOST_TICKETS) {
    throw new AppError('USAGE', {
      message: `the filter chooses more than ${MOST_TICKETS} tickets; narrow it`,
    });
  }
  return Promise.all(found.map(({ id }) => tickets.show(id)));
}
