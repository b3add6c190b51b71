// What operations work with: settings as plain values, and rooms that are opened only when a verb needs them.
import type { CommandLimits, IsolationRung } from '#contracts/command.ts';
import type { ModelSettings } from '#contracts/model-settings.ts';
import type { Actor } from '#contracts/move.ts';
import type { StopLimits } from '#contracts/run.ts';
import type { SchemaProblem } from '#database/check.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Log } from '#foundation/log.ts';
import type { Journal } from '#journal/port.ts';
import type { PatternLibrary } from '#memory/retire.ts';
import type { Models } from '#models/port.ts';
import type { Prices } from '#models/prices.ts';
import type { Provider } from '#models/providers.ts';
import type { Redact } from '#models/redact.ts';
import type { Budgets } from '#policy/budgets.ts';
import type { Spending } from '#policy/spending.ts';
import type { Dependencies } from '#projects/dependencies.ts';
import type { Projects } from '#projects/projects.ts';
import type { Tickets } from '#projects/tickets.ts';
import type { Certifier } from '#quality/certify.ts';
import type { QueueRoom } from '#queue/room.ts';
import type { Git } from '#sandbox/git.ts';
import type { IsolationReport } from '#sandbox/isolation.ts';
import type { Workspaces } from '#sandbox/workspace.ts';
import type { TicketContext } from '#workflows/context.ts';
import type { Definitions } from '#workflows/definitions.ts';
import type { Discoveries } from '#workflows/discovery.ts';
import type { Driver } from '#workflows/driver.ts';
import type { Handoffs } from '#workflows/handoffs.ts';
import type { PrepareTicket } from '#workflows/open-ticket.ts';
import type { RunEngine } from '#workflows/run-engine.ts';
import type { Threads } from '#workflows/threads.ts';
import type { TicketReads } from '#workflows/ticket-reads.ts';
import type { Transitions } from '#workflows/transitions.ts';

/** The part of the configuration that verbs read. */
export interface Settings {
  readonly tests: { readonly command: string | null; readonly directory: string };
  readonly solve: {
    readonly candidates: number;
    readonly budgetMs: number;
    readonly attemptMs: number;
    readonly allowTestChanges: boolean;
    readonly review: boolean;
    readonly blockOnCritical: boolean;
    readonly limits: StopLimits;
  };
  readonly learning: { readonly enabled: boolean };
  readonly sandbox: { readonly isolation: 'auto' | IsolationRung; readonly limits: CommandLimits };
}

/** One configuration key with the winner first, for `config show --origin`. */
export interface SettingOrigin {
  readonly path: string;
  readonly description: string;
  readonly candidates: readonly { readonly value: unknown; readonly origin: string }[];
}

/** Opens the database without refusing a wrong schema, to look at it or to mend it. */
export interface DatabaseCare {
  check(): Promise<{
    kind: 'embedded' | 'server';
    where: string;
    version: string;
    pending: readonly string[];
    problems: readonly SchemaProblem[];
  }>;
  migrate(): Promise<{ applied: readonly string[] }>;
}

/** The language models, with what is known of them. */
export interface ModelDesk {
  readonly models: Models;
  readonly settings: ModelSettings;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly prices: Prices;
  /** Takes the configured keys out of what is written down. */
  readonly redact: Redact;
  /** Where models.yaml is looked for. */
  readonly file: string;
}

/** The rooms around tickets, on one database. */
export interface TicketRooms {
  readonly db: Database;
  readonly journal: Journal;
  readonly tickets: Tickets;
  readonly reads: TicketReads;
  readonly dependencies: Dependencies;
  readonly definitions: Definitions;
  readonly transitions: Transitions;
  readonly ticketContext: TicketContext;
  /** The opener of a workflow for a repository. */
  readonly prepare: PrepareTicket;
}

/** What agents work together with, on one database. */
export interface Collaboration {
  readonly db: Database;
  readonly threads: Threads;
  readonly handoffs: Handoffs;
  readonly discoveries: Discoveries;
}

export interface OperationContext {
  /** Version of Cambium. */
  readonly version: string;
  /** Working directory of the caller, absolute. */
  readonly cwd: string;
  /** Data directory, absolute. */
  readonly home: string;
  /** Directory of the bundled sample repository's files. */
  readonly sampleDirectory: string;
  readonly settings: Settings;
  readonly origins: readonly SettingOrigin[];
  readonly clock: Clock;
  readonly log: Log;
  readonly git: Git;
  readonly workspaces: Workspaces;
  /** The self-test of the isolation rungs, once a process. */
  readonly isolation: () => Promise<IsolationReport>;
  readonly databaseCare: DatabaseCare;
  readonly journal: () => Promise<Journal>;
  readonly projects: () => Promise<Projects>;
  readonly ticketing: () => Promise<TicketRooms>;
  readonly collaboration: () => Promise<Collaboration>;
  /** Who asks, as this door has found out. */
  readonly actor: Actor;
  /** What was learned. */
  readonly patterns: () => Promise<PatternLibrary>;
  /** Throws ISOLATION_UNAVAILABLE when no rung works and none was not asked for. */
  readonly certifier: () => Promise<Certifier>;
  readonly engine: () => Promise<RunEngine>;
  readonly driver: () => Promise<Driver>;
  /** Throws CONFIG_INVALID when models.yaml has mistakes. */
  readonly models: () => Promise<ModelDesk>;
  readonly budgets: () => Promise<Budgets>;
  readonly spending: () => Promise<Spending>;
  readonly queue: () => Promise<QueueRoom>;
}
