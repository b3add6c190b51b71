// Opening a ticket in a workflow: the version is kept, the phase it begins in is its first history row.
import type { Actor } from '#contracts/move.ts';
import type { Ticket } from '#contracts/ticket.ts';
import type { Queries } from '#database/port.ts';
import type { NewTicket, Tickets } from '#projects/tickets.ts';
import type { Definition, Definitions } from './definitions.ts';
import type { Transitions } from './transitions.ts';

/** Opens a ticket in one workflow, inside the caller's transaction. */
export interface TicketOpener {
  readonly definition: Definition;
  open(q: Queries, ticket: Omit<NewTicket, 'begins'>, by: { actor: Actor; reason: string }): Promise<Ticket>;
}

/**
 * The opener of the workflow `name` as it is for a repository now.
 * @throws AppError NOT_FOUND, WORKFLOW_INVALID.
 */
export type PrepareTicket = (name: string, repository: string | null) => Promise<TicketOpener>;

export interface PrepareTicketParts {
  readonly tickets: Tickets;
  readonly definitions: Definitions;
  readonly transitions: Transitions;
}

export function createPrepareTicket({
  tickets,
  definitions,
  transitions,
}: PrepareTicketParts): PrepareTicket {
  return async (name, repository) => {
    const definition = await definitions.current(name, repository);
    return {
      definition,
      open: async (q, wanted, { actor, reason }) => {
        const workflow = await definitions.pin(q, definition);
        const begins = { workflow, phase: definition.workflow.initial_phase };
        const ticket = await tickets.open(q, { ...wanted, begins });
        await transitions.opened(q, { ticket, actor, reason });
        return ticket;
      },
    };
  };
}
