// Workflows, tickets and their moves on a real database, on a clock that the test moves.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Actor, AUTHORITY } from '#contracts/move.ts';
import type { Ticket } from '#contracts/ticket.ts';
import type { Workflow } from '#contracts/workflow.ts';
import type { Database } from '#database/port.ts';
import { createManualClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createJournal } from '#journal/journal.ts';
import { createDependencies } from '#projects/dependencies.ts';
import { createProjects } from '#projects/projects.ts';
import { createTickets, type NewTicket } from '#projects/tickets.ts';
import { createTicketContext } from '#workflows/context.ts';
import { parseWorkflow } from '#workflows/definitions/parse.ts';
import { createDefinitions } from '#workflows/definitions.ts';
import { createReadFacts } from '#workflows/ticket-facts.ts';
import { createTransitions, type MoveGuard } from '#workflows/transitions.ts';
import { PROFILE } from './laboratory.ts';

export const PRESETS = fileURLToPath(new URL('../../../presets/workflows', import.meta.url));
export const ADA: Actor = { kind: 'person', name: 'Ada', authority: AUTHORITY.guardian };
export const BUILDER: Actor = { kind: 'agent', name: 'builder-1', authority: AUTHORITY.worker };

/** A workflow that comes with Cambium. */
export function preset(name: string): Workflow {
  const parsed = parseWorkflow(readFileSync(`${PRESETS}/${name}.yaml`, 'utf8'));
  if (!parsed.ok) throw new Error(`${name}: ${JSON.stringify(parsed.error)}`);
  return parsed.value;
}

/** The rooms around tickets; `guards` object to moves as a gate or a board would. */
export function phaseRooms(db: Database, guards: readonly MoveGuard[] = []) {
  const clock = createManualClock();
  const parts = { db, clock, ids: createIds(clock), journal: createJournal({ db, clock }) };
  const tickets = createTickets(parts);
  const dependencies = createDependencies({ ...parts, tickets });
  const definitions = createDefinitions({ db, clock, presetsDirectory: PRESETS });
  const facts = createReadFacts({ tickets, dependencies, definitions });
  const transitions = createTransitions({ ...parts, tickets, definitions, facts, guards });
  const projects = createProjects(parts);
  const context = createTicketContext(parts);
  const open = async (workflow = 'software-development', more: Partial<NewTicket> = {}): Promise<Ticket> => {
    const project = await projects.register({ path: PRESETS, profile: PROFILE });
    const definition = await definitions.current(workflow, null);
    return db.transaction(async (q) => {
      const digest = await definitions.pin(q, definition);
      const begins = { workflow: digest, phase: definition.workflow.initial_phase };
      const ticket = await tickets.open(q, { projectId: project.id, title: 'A change', begins, ...more });
      await transitions.opened(q, { ticket, actor: ADA, reason: 'wanted' });
      return ticket;
    });
  };
  return { ...parts, tickets, dependencies, definitions, transitions, projects, context, open };
}
