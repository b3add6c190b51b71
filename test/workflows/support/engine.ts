// The run engine on a real database, queue, journal, git and workspaces; only the hands are scripted.
import type { Database } from '#database/port.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { createJournal } from '#journal/journal.ts';
import { createDependencies } from '#projects/dependencies.ts';
import { createProjects } from '#projects/projects.ts';
import { createTickets } from '#projects/tickets.ts';
import { createQueue } from '#queue/queue.ts';
import { createGit } from '#sandbox/git.ts';
import { createWorkspaces } from '#sandbox/workspace.ts';
import { createDefinitions } from '#workflows/definitions.ts';
import { createPrepareTicket } from '#workflows/open-ticket.ts';
import type { Coder } from '#workflows/ports.ts';
import { createRunEngine, type RunEngineParts } from '#workflows/run-engine.ts';
import { createReadFacts } from '#workflows/ticket-facts.ts';
import { createTicketReads } from '#workflows/ticket-reads.ts';
import { createTransitions } from '#workflows/transitions.ts';
import { type HandParts, openScriptedHands, PROFILE } from './laboratory.ts';
import { PRESETS } from './phases.ts';

export interface EngineSetup {
  readonly db: Database;
  readonly home: string;
  readonly coder: Coder;
  readonly hands?: HandParts['hands'];
  readonly leaseMs?: number;
  readonly parts?: Partial<RunEngineParts>;
}

export function assemble({ db, home, coder, hands, leaseMs = 60_000, parts }: EngineSetup) {
  const clock = createSystemClock();
  const ids = createIds(clock);
  const log = createLog({ level: process.env['CAMBIUM_TEST_LOG'] === undefined ? 'silent' : 'debug' });
  const journal = createJournal({ db, clock });
  const queue = createQueue({ db, clock, log, leaseMs, renewMs: Math.round(leaseMs / 3), pollMs: 200 });
  const projects = createProjects({ db, journal, clock, ids });
  const tickets = createTickets({ db, journal, clock, ids });
  const definitions = createDefinitions({ db, clock, presetsDirectory: PRESETS });
  const dependencies = createDependencies({ db, journal, clock, tickets });
  const facts = createReadFacts({ tickets, dependencies, definitions });
  const transitions = createTransitions({ db, journal, clock, tickets, definitions, facts, guards: [] });
  const prepareTicket = createPrepareTicket({ tickets, definitions, transitions });
  const reads = createTicketReads({ db, clock, tickets, projects, definitions });
  const git = createGit({ log });
  const workspaces = createWorkspaces({ home, git, clock, log });
  const openHands = openScriptedHands({ git, coder, ...(hands ? { hands } : {}) });
  const detect = async () => PROFILE;
  const shared = { db, journal, queue, projects, tickets, git, workspaces, clock, ids, log, leaseMs };
  const engine = createRunEngine({ ...shared, openHands, detect, prepareTicket, ...parts });
  const ticketStatus = async (ref: string) => (await reads.row(await tickets.show(ref))).status;
  return { ...shared, ticketStatus, reads, engine };
}
