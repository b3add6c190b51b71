// The run engine: starts runs, carries them from state to state with a checkpoint at each move, takes over dead ones.

import type { Certificate } from '#contracts/certificate.ts';
import type { Project } from '#contracts/project.ts';
import type { Ticket } from '#contracts/ticket.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Log } from '#foundation/log.ts';
import type { Journal } from '#journal/port.ts';
import type { Projects } from '#projects/projects.ts';
import type { Tickets } from '#projects/tickets.ts';
import type { Queue } from '#queue/port.ts';
import type { Git } from '#sandbox/git.ts';
import type { Workspaces } from '#sandbox/workspace.ts';
import type { CrashProbe } from './crash-points.ts';
import type { RunMemory } from './lessons.ts';
import type { PrepareTicket } from './open-ticket.ts';
import { type Owner, thisProcess } from './owner.ts';
import type { Detect, IsolationRequest, OpenHands, Reviewer } from './ports.ts';
import type { RunRecord } from './run-record.ts';
import { createRunStore } from './run-store.ts';
import type { RunDetail, RunView, StepLog } from './run-views.ts';
import { type RunNote, runSession, type SessionParts, type SessionTask } from './session.ts';
import { findCertificate, logsOf, projectOf, showRun, ticketOf, viewOf, viewsOf } from './shows.ts';
import { type StartParts, type StartRequest, startRun } from './start.ts';
import { type Taken, type TakeoverParts, takeHold } from './takeover.ts';
import { obeyIfIdle, reap, type WorkCrew, workOn } from './worker.ts';

const LEASE_MS = 60_000;
const LISTED_RUNS = 50;
const LISTED_MOST = 500;

/** What `start` gives back. */
export interface StartedRun {
  readonly run: RunView;
  readonly ticket: Ticket;
  readonly project: Project;
}

export interface ResumeOptions {
  /** Replaces the isolation that the run was started with. */
  readonly isolation?: IsolationRequest | undefined;
}

export interface Decision {
  readonly decision: 'approved' | 'rejected';
  readonly by: string;
  readonly note: string;
}

export interface RunFilter {
  readonly projectId?: string | undefined;
  readonly ticketId?: string | undefined;
  /** 50 when absent, at most 500. */
  readonly limit?: number | undefined;
}

/** Runs and tickets are named by id, by key (`RUN-3`, `TKT-3`) or by number. Unknown names throw NOT_FOUND. */
export interface RunEngine {
  /**
   * Registers the project, opens a ticket and a run, and queues the run, in one transaction; executes nothing.
   * @throws AppError NOT_A_REPOSITORY, NO_COMMIT, NO_TESTS, UNSUPPORTED_LANGUAGE.
   */
  start(request: StartRequest): Promise<StartedRun>;
  /**
   * Works on a queued run until it rests: done, paused or waiting for a person. An aborted `signal` pauses it.
   * @throws AppError RUN_CONFLICT when another worker holds it.
   */
  execute(ref: string, signal?: AbortSignal): Promise<RunView>;
  /**
   * Takes a paused, interrupted or queued run and executes it. A dead owner's run is taken over at once when its
   * death is certain, else when its lease has run out.
   * @throws AppError RUN_CONFLICT that says who holds it, or that the run has ended.
   */
  resume(ref: string, options?: ResumeOptions, signal?: AbortSignal): Promise<RunView>;
  /** Asks for a pause or a cancellation; a run that nobody executes obeys at once. Ended runs throw RUN_CONFLICT. */
  request(ref: string, wish: 'pause' | 'cancel'): Promise<RunView>;
  /** A person's word on a run in HUMAN_REVIEW; the run goes on with `resume`. Other states throw RUN_CONFLICT. */
  decide(ref: string, decision: Decision): Promise<RunView>;
  /** Where the run stands, without its steps. */
  view(ref: string): Promise<RunView>;
  show(ref: string): Promise<RunDetail>;
  /** Newest first. */
  list(filter?: RunFilter): Promise<RunView[]>;
  /** Output of the steps' commands, oldest first. */
  logs(ref: string, step?: number): Promise<StepLog[]>;
  /** Unified diff of the newest change of a run; empty before there is one. */
  diff(ref: string): Promise<string>;
  /** The certificate of a run, of a ticket's newest certified run, or by digest; null when there is none. */
  certificate(ref: string): Promise<Certificate | null>;
  /** Takes queued runs, and runs of dead workers, until `signal` is aborted. Nothing does this unless asked (S13). */
  work(options: { readonly concurrency: number }, signal: AbortSignal): Promise<void>;
  /** Removes what ended runs left behind when their worker died in the last moment; keys of the runs cleaned. */
  reap(): Promise<string[]>;
}

export interface RunEngineParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly queue: Queue;
  readonly projects: Projects;
  readonly tickets: Tickets;
  readonly git: Git;
  readonly workspaces: Workspaces;
  readonly openHands: OpenHands;
  readonly detect: Detect;
  /** Opens the tickets of runs that are started without one. */
  readonly prepareTicket: PrepareTicket;
  readonly reviewers?: readonly Reviewer[] | undefined;
  /** Absent: nothing is learned, and nothing learned is used. */
  readonly memory?: RunMemory | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Lease of a run's owner, milliseconds; must be that of the queue. 60,000 when absent. */
  readonly leaseMs?: number | undefined;
  /** Absent: workers are no agents of the registry, and take runs only. */
  readonly crew?: WorkCrew | undefined;
  readonly crashPoint?: CrashProbe | undefined;
  /** Lines for people who watch this process; must not throw. */
  readonly onNote?: ((note: RunNote) => void) | undefined;
}

export function createRunEngine(given: RunEngineParts): RunEngine {
  const parts = completed(given);
  const { store, db, queue } = parts;
  const standing = async (ref: string) => viewOf(parts, await store.load(ref));
  const carry = async ({ run, lease }: Taken, onAbort: SessionTask['onAbort'], signal?: AbortSignal) => {
    const project = await projectOf(parts, run.projectId);
    const ticket = await ticketOf(parts, run.ticketId);
    await runSession(parts, { run, lease, project, ticket, onAbort }, signal);
  };
  return {
    start: async (request) => {
      const { run, ticket, project } = await startRun(parts, request);
      return { run: await viewOf(parts, run), ticket, project };
    },
    execute: async (ref, signal) => {
      const taken = await takeHold(parts, ref, { withdrawPause: false });
      await carry(taken, 'pause', signal);
      return standing(taken.run.id);
    },
    resume: async (ref, options, signal) => {
      const taken = await takeHold(parts, ref, { withdrawPause: true, isolation: options?.isolation });
      await carry(taken, 'pause', signal);
      return standing(taken.run.id);
    },
    request: async (ref, wish) => {
      const run = await store.load(ref);
      if (run.paused !== null && wish === 'pause') return standing(run.id);
      if (!(await store.ask(run, wish))) throw ended(run);
      await obeyIfIdle(parts, run.id, (taken) => carry(taken, 'pause'));
      return standing(run.id);
    },
    decide: async (ref, decision) => {
      const run = await store.load(ref);
      const decided = await db.transaction(async (q) => {
        const key = `${run.id}.${run.version}`;
        const { jobId } = await queue.enqueue(q, { queue: 'run', key, data: { runId: run.id } });
        return store.decide(q, run, { decision, jobId });
      });
      if (!decided) throw notWaiting(await store.load(run.id));
      return standing(run.id);
    },
    view: standing,
    show: (ref) => showRun(parts, ref),
    list: async (filter = {}) => {
      const limit = Math.min(filter.limit ?? LISTED_RUNS, LISTED_MOST);
      return viewsOf(parts, await store.list({ ...filter, limit }));
    },
    logs: (ref, step) => logsOf(parts, ref, step),
    diff: async (ref) => (await showRun(parts, ref)).diff ?? '',
    certificate: (ref) => findCertificate(parts, ref),
    work: ({ concurrency }, signal) => workOn(parts, { concurrency, carry, crew: parts.crew }, signal),
    reap: () => reap(parts, (taken) => carry(taken, 'pause')),
  };
}

type Completed = RunEngineParts & SessionParts & TakeoverParts & StartParts;

function completed(given: RunEngineParts): Completed {
  const probe: CrashProbe = given.crashPoint ?? (() => undefined);
  const { db, journal, clock, memory } = given;
  let self: Promise<Owner> | null = null;
  return {
    ...given,
    probe,
    store: createRunStore({ db, journal, clock, probe, memory }),
    reviewers: given.reviewers ?? [],
    leaseMs: given.leaseMs ?? LEASE_MS,
    onNote: given.onNote ?? (() => undefined),
    self: () => {
      self ??= thisProcess();
      return self;
    },
  };
}

function ended(run: RunRecord): AppError {
  return new AppError('RUN_CONFLICT', {
    message: `${run.key} has ended (${run.outcome?.reason ?? run.state})`,
    next: `cambium run show ${run.key}`,
  });
}

function notWaiting(run: RunRecord): AppError {
  return new AppError('RUN_CONFLICT', {
    message: `${run.key} does not wait for a decision; it is in ${run.state}`,
    next: `cambium run show ${run.key}`,
  });
}
