// A visit: what is known while a ticket is carried through one phase, and how what came of a step is written.

import type { CommandLimits } from '#contracts/command.ts';
import type { NewEvent } from '#contracts/event.ts';
import type { Project } from '#contracts/project.ts';
import type { Ticket } from '#contracts/ticket.ts';
import type { Phase, Workflow } from '#contracts/workflow.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Log } from '#foundation/log.ts';
import type { Journal } from '#journal/port.ts';
import type { Projects } from '#projects/projects.ts';
import type { Tickets } from '#projects/tickets.ts';
import type { GateKeeper } from '#quality/gate.ts';
import type { Git } from '#sandbox/git.ts';
import type { Definitions } from '../definitions.ts';
import type { RunEngine } from '../run-engine.ts';
import type { Transitions } from '../transitions.ts';
import type { DriveProbe } from './points.ts';
import type { Drive, DriveChange, DriveRest, DriveStore } from './record.ts';

/** Either who executes checks, or why no foreign code may run here and what would change that. */
export type KeeperAnswer =
  | { readonly ok: true; readonly keeper: GateKeeper }
  | { readonly ok: false; readonly reason: string; readonly next: string };

/** Tasks that a phase declares, as the task graph knows them. */
export interface PhaseTasks {
  /** Adds the tasks that a phase declares, once for each visit. */
  add(
    q: Queries,
    visit: { readonly ticket: Ticket; readonly phase: Phase; readonly visit: number },
  ): Promise<void>;
  /** Keys of those that have not ended well. */
  open(visit: { readonly ticketId: string; readonly visit: number }): Promise<readonly string[]>;
}

export interface VisitParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly git: Git;
  readonly projects: Projects;
  readonly tickets: Tickets;
  readonly definitions: Definitions;
  readonly transitions: Transitions;
  readonly engine: RunEngine;
  readonly openKeeper: () => Promise<KeeperAnswer>;
  /** Limits of the commands that checks run; each check has its own time. */
  readonly limits: CommandLimits;
  /** Absent: phases whose body is tasks are not carried out. */
  readonly tasks?: PhaseTasks | undefined;
  readonly store: DriveStore;
  readonly probe: DriveProbe;
}

export interface VisitContext {
  readonly parts: VisitParts;
  readonly drive: Drive;
  readonly ticket: Ticket;
  readonly project: Project;
  readonly workflow: Workflow;
  readonly phase: Phase;
  /** Somebody asked for this evaluation: questions that nobody answered in time are asked again. */
  readonly again: boolean;
  readonly probe: (point: Parameters<DriveProbe>[0]) => void;
}

/** What came of a step: the next one, or rest. */
export interface StepEnd {
  readonly change: DriveChange;
  /** Further writes of the same transaction; the events are appended last. */
  readonly alongside?: (q: Queries, drive: Drive) => Promise<readonly NewEvent[]>;
}

export type VisitStep = (context: VisitContext, signal: AbortSignal) => Promise<StepEnd>;

export function goOn(change: DriveChange, alongside?: StepEnd['alongside']): StepEnd {
  return { change: { rest: null, notBefore: null, ...change }, ...(alongside ? { alongside } : {}) };
}

export function restFor(
  rest: DriveRest,
  change: DriveChange = {},
  alongside?: StepEnd['alongside'],
): StepEnd {
  return { change: { ...change, rest }, ...(alongside ? { alongside } : {}) };
}
