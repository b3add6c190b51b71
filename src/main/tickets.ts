// The rooms around tickets: workflows, moves, context. Whoever may object to a move is listed here.
import { fileURLToPath } from 'node:url';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Journal } from '#journal/port.ts';
import type { TicketRooms } from '#operations/context.ts';
import type { Projects } from '#projects/projects.ts';
import type { Git } from '#sandbox/git.ts';
import type { MoveGuard } from '#workflows/transitions.ts';

const PRESETS_DIRECTORY = fileURLToPath(new URL('../../presets/workflows', import.meta.url));

export interface TicketRoomsParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly projects: Projects;
  readonly git: Git;
}

export async function createTicketRooms(parts: TicketRoomsParts): Promise<TicketRooms> {
  const [
    { createTickets },
    { createDependencies },
    { createDefinitions },
    { createReadFacts },
    { createTransitions },
    { createTicketContext },
    { createTicketReads },
    { createPrepareTicket },
    { createColumnGuard },
    { createGateGuard },
  ] = await Promise.all([
    import('#projects/tickets.ts'),
    import('#projects/dependencies.ts'),
    import('#workflows/definitions.ts'),
    import('#workflows/ticket-facts.ts'),
    import('#workflows/transitions.ts'),
    import('#workflows/context.ts'),
    import('#workflows/ticket-reads.ts'),
    import('#workflows/open-ticket.ts'),
    import('#workflows/board.ts'),
    import('#workflows/gate-guard.ts'),
  ]);
  const { db, journal } = parts;
  const tickets = createTickets(parts);
  const dependencies = createDependencies({ ...parts, tickets });
  const definitions = createDefinitions({ ...parts, presetsDirectory: PRESETS_DIRECTORY });
  const facts = createReadFacts({ tickets, dependencies, definitions });
  const guards: MoveGuard[] = [createGateGuard(parts), createColumnGuard(definitions)];
  const transitions = createTransitions({ ...parts, tickets, definitions, facts, guards });
  return {
    db,
    journal,
    tickets,
    dependencies,
    definitions,
    transitions,
    reads: createTicketReads({ ...parts, tickets, definitions }),
    ticketContext: createTicketContext(parts),
    prepare: createPrepareTicket({ tickets, definitions, transitions }),
  };
}
