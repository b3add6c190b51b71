// The driver on real rooms: tickets that follow a workflow of the test, runs whose hands are scripted, real gates.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandLimits } from '#contracts/command.ts';
import { type Actor, AUTHORITY } from '#contracts/move.ts';
import type { Ticket } from '#contracts/ticket.ts';
import type { Database } from '#database/port.ts';
import { type Clock, createSystemClock } from '#foundation/clock.ts';
import { createDependencies } from '#projects/dependencies.ts';
import { createGateKeeper } from '#quality/gate.ts';
import { createSandbox } from '#sandbox/runner.ts';
import { createDefinitions } from '#workflows/definitions.ts';
import { createDriver, type DriverParts } from '#workflows/driver.ts';
import { createGateGuard } from '#workflows/gate-guard.ts';
import { createReadFacts } from '#workflows/ticket-facts.ts';
import { createTransitions } from '#workflows/transitions.ts';
import { assemble, type EngineSetup } from './engine.ts';
import { certifyByFiles, judge, PROFILE } from './laboratory.ts';

export const ADA: Actor = { kind: 'person', name: 'Ada', authority: AUTHORITY.guardian };

/** From a request to a certified change, with an output and a gate on the way. */
export const PROOF = `name: proof
initial_phase: intake
phases:
  - id: intake
    order: 0
    allowed_transitions: [build]
    board_column: todo
    auto_advance: true
    gate:
      - { type: file, path: src/add.js }
  - id: build
    order: 1
    allowed_transitions: [done]
    board_column: todo
    body: run
    auto_advance: true
    retry: { attempts: 2, backoff_seconds: 0 }
    expected_outputs:
      - { type: code, pattern: src/*.js }
    gate:
      - type: certificate
  - id: done
    order: 2
    is_terminal: true
    board_column: done
board_columns:
  - { id: todo, wip_limit: 5 }
  - { id: done, terminal: true }
`;

export interface DriverSetup extends EngineSetup {
  readonly driver?: Partial<DriverParts>;
  readonly clock?: Clock;
  readonly workflow?: string;
}

export async function assembleDriver(setup: DriverSetup) {
  const { db, home, workflow = PROOF, driver: given = {} } = setup;
  const presetsDirectory = join(home, 'presets');
  await mkdir(presetsDirectory, { recursive: true });
  await writeFile(join(presetsDirectory, 'proof.yaml'), workflow);
  const rooms = assemble(setup);
  const { git, workspaces, projects, tickets, ids, log, journal } = rooms;
  const clock = setup.clock ?? createSystemClock();
  const parts = { db, journal, clock, ids };
  const dependencies = createDependencies({ ...parts, tickets });
  const definitions = createDefinitions({ db, clock, presetsDirectory });
  const facts = createReadFacts({ tickets, dependencies, definitions });
  const guards = [createGateGuard({ git, projects })];
  const transitions = createTransitions({ ...parts, tickets, definitions, facts, guards });
  const keeper = createGateKeeper({
    git,
    workspaces,
    ids,
    clock,
    sandbox: createSandbox({ rung: 'none', clock, log }),
    tests: { run: ({ workspace }) => judge((path) => workspaceText(workspace.root, path)) },
    detect: async () => PROFILE,
    certify: (request) => certifyByFiles(git, request),
  });
  const driver = createDriver({
    ...parts,
    ...{ git, log, projects, tickets, definitions, transitions, engine: rooms.engine },
    openKeeper: async () => ({ ok: true, keeper }),
    limits: commandLimits.parse({ wallMs: 30_000 }),
    ...given,
  });
  return { ...rooms, clock, definitions, transitions, driver };
}

async function workspaceText(root: string, path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return readFile(join(root, path), 'utf8');
}

/** A ticket at the beginning of the workflow of that name. */
export async function openTicket(
  rooms: Awaited<ReturnType<typeof assembleDriver>> & { readonly db: Database },
  repository: string,
  fields: Partial<Ticket> = {},
): Promise<Ticket> {
  const { definitions, projects, tickets, transitions, db } = rooms;
  const project = await projects.register({ path: repository, profile: PROFILE });
  const definition = await definitions.current('proof', repository);
  return db.transaction(async (q) => {
    const digest = await definitions.pin(q, definition);
    const begins = { workflow: digest, phase: definition.workflow.initial_phase };
    const { risk = 'low' } = fields;
    const wanted = { projectId: project.id, title: 'Sums are wrong', begins, fields: { risk } };
    const ticket = await tickets.open(q, wanted);
    await transitions.opened(q, { ticket, actor: ADA, reason: 'wanted' });
    return ticket;
  });
}
