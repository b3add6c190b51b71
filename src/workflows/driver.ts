// The driver: carries a ticket through its phases until it rests (entry, body, outputs, gate, stop, move), so that a
// kill at any point changes nothing but the time it takes.
import { z } from 'zod';
import { gateClaim, gateVerdict } from '#contracts/gate.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { phaseOf } from '#contracts/workflow.ts';
import { AppError } from '#foundation/errors.ts';
import { approvalView, decideOn, questionsOf, type Word } from './drive/approvals.ts';
import { carryOutBody } from './drive/body.ts';
import { collect, passGate } from './drive/gate-step.ts';
import { enter, moveOn, preventedMove } from './drive/move-step.ts';
import type { DrivePoint, DriveProbe } from './drive/points.ts';
import { createDriveStore, type Drive, type DriveStep, driveRest } from './drive/record.ts';
import { claimsOf, newestResult } from './drive/results.ts';
import type { StepEnd, VisitContext, VisitParts, VisitStep } from './drive/visit.ts';
import { type Owner, thisProcess } from './owner.ts';
import { approvalStateOf } from './run-status.ts';

export type { KeeperAnswer } from './drive/visit.ts';

const LEASE_MS = 60_000;
const MAX_STEPS = 500;
const LOOK_MS = 5_000;
const DUE_AT_ONCE = 20;

export const driveView = z.strictObject({
  ticket: z.string(),
  phase: z.string().nullable(),
  /** Number of the move by which the ticket came into the phase. */
  visit: z.int().nonnegative(),
  /** Null before anybody has worked on it. */
  step: z.enum(['enter', 'body', 'collect', 'gate', 'move']).nullable(),
  base: z.string().nullable(),
  commit: z.string().nullable(),
  rest: driveRest.nullable(),
  gate: gateVerdict.nullable(),
  claims: z.array(gateClaim),
  approvals: z.array(approvalView),
});
export type DriveView = z.infer<typeof driveView>;

/** Tickets are named by id, key or number. Unknown ones throw NOT_FOUND. */
export interface Driver {
  /**
   * Carries the ticket on until it rests.
   * @throws AppError TICKET_CONFLICT when another process does, MOVE_REFUSED for a ticket without a workflow.
   */
  drive(ref: string, signal?: AbortSignal): Promise<DriveView>;
  /** Collects the outputs of the ticket's phase and evaluates its gate now; moves nothing. */
  evaluate(ref: string, signal?: AbortSignal): Promise<DriveView>;
  /** A person's word on what the ticket waits for. @throws AppError MOVE_REFUSED. */
  decide(ref: string, word: Word): Promise<DriveView>;
  view(ref: string): Promise<DriveView>;
  /** Carries on every ticket whose work could go on, until `signal` is aborted. */
  work(signal: AbortSignal): Promise<void>;
}

export type DriverParts = Omit<VisitParts, 'store' | 'probe'> & {
  /** How long a process holds a ticket without a word, milliseconds; 60,000 when absent. */
  readonly leaseMs?: number | undefined;
  readonly crashPoint?: DriveProbe | undefined;
};

export function createDriver(given: DriverParts): Driver {
  let self: Promise<Owner> | null = null;
  const leaseMs = given.leaseMs ?? LEASE_MS;
  const owner = () => {
    self ??= thisProcess();
    return self;
  };
  const store = createDriveStore({ db: given.db, clock: given.clock, leaseMs, self: owner });
  const parts: HeldParts = { ...given, store, leaseMs, probe: given.crashPoint ?? (() => undefined) };
  const view = async (ref: string) => viewOf(parts, await parts.tickets.show(ref));
  const driver: Driver = {
    view,
    drive: async (ref, signal) => {
      await holding(parts, ref, { again: false, only: null, signal });
      return view(ref);
    },
    evaluate: async (ref, signal) => {
      await holding(parts, ref, { again: true, only: 'gate', signal });
      return view(ref);
    },
    decide: async (ref, word) => {
      const ticket = await parts.tickets.show(ref);
      await parts.db.transaction(async (q) => {
        await store.wake(q, ticket.id);
        await decideOn(parts, q, { ticket, word });
      });
      return viewOf(parts, ticket);
    },
    work: (signal) => workOn(parts, signal),
  };
  return driver;
}

type HeldParts = VisitParts & { readonly leaseMs: number };

interface Errand {
  /** Questions that nobody answered in time are asked again. */
  readonly again: boolean;
  /** Up to and with this step; null: until it rests. */
  readonly only: DriveStep | null;
  readonly signal?: AbortSignal | undefined;
}

const STEPS: Readonly<Record<DriveStep, VisitStep>> = {
  enter,
  body: carryOutBody,
  collect,
  gate: passGate,
  move: moveOn,
};

/** Holds the ticket while it is worked on, and lets it go whatever happens; a killed process's hold ends by itself. */
async function holding(parts: HeldParts, ref: string, errand: Errand): Promise<void> {
  const ticket = await parts.tickets.show(ref);
  const drive = await parts.store.take(ticket.id, await beginning(parts, ticket));
  parts.probe('drive.claimed', ticket.phase ?? '');
  const lost = new AbortController();
  const ended = new AbortController();
  const renewing = keepHold(parts, drive, { lost, ended: ended.signal });
  const signal = AbortSignal.any([lost.signal, ...(errand.signal ? [errand.signal] : [])]);
  try {
    await carry(parts, drive, { ...errand, signal });
  } finally {
    ended.abort();
    await renewing;
    await parts.store.letGo(drive);
  }
}

async function keepHold(
  { clock, store, leaseMs, log }: HeldParts,
  drive: Drive,
  { lost, ended }: { readonly lost: AbortController; readonly ended: AbortSignal },
): Promise<void> {
  while (!ended.aborted) {
    try {
      await clock.sleep(leaseMs / 3, ended);
      if (!(await store.renew(drive)))
        lost.abort(new AppError('TICKET_CONFLICT', { message: 'the hold was lost' }));
    } catch (error) {
      if (!ended.aborted) log.warn({ error: String(error) }, 'the hold on a ticket could not be renewed');
    }
  }
}

async function beginning(parts: HeldParts, ticket: Ticket): Promise<Pick<Drive, 'visit' | 'base'>> {
  const project = await parts.projects.find(ticket.projectId);
  if (project === null) {
    throw new AppError('NOT_FOUND', { message: `the project of ${ticket.key} is not registered` });
  }
  return { visit: await visitOf(parts, ticket), base: await parts.git.resolveCommit(project.path, 'HEAD') };
}

async function visitOf({ transitions }: VisitParts, ticket: Ticket): Promise<number> {
  return (await transitions.history(ticket.id)).at(-1)?.seq ?? 0;
}

async function carry(parts: HeldParts, held: Drive, errand: Errand & { signal: AbortSignal }): Promise<void> {
  let drive = await current(parts, held, errand);
  for (let count = 0; count < MAX_STEPS; count += 1) {
    errand.signal.throwIfAborted();
    const context = await contextOf(parts, drive, errand.again);
    if ('rest' in context) {
      await write(parts, drive, { change: { rest: context.rest } });
      return;
    }
    await untilDue(parts, drive, errand.signal);
    const { step } = drive;
    const next = await taken(context, await STEPS[step](context, errand.signal));
    drive = next;
    if (drive.rest !== null || errand.only === step) return;
  }
  throw new AppError('INTERNAL', {
    message: `the work on ${held.ticketId} did not rest after ${MAX_STEPS} steps`,
  });
}

/** A ticket that others moved begins its new phase; whoever asks for the gate begins with collecting. */
async function current(parts: HeldParts, held: Drive, { only }: Errand): Promise<Drive> {
  const ticket = await parts.tickets.show(held.ticketId);
  const visit = await visitOf(parts, ticket);
  const moved =
    visit === held.visit
      ? {}
      : ({ visit, step: 'enter', fromCommit: held.commit, runId: null, tries: 0 } as const);
  const asked = only === 'gate' ? ({ step: 'collect' } as const) : {};
  // What rests at an open or shut gate is judged anew: the commit may be another one by now.
  const judged =
    held.rest !== null && (held.step === 'gate' || held.step === 'move')
      ? ({ step: 'collect' } as const)
      : {};
  const change = {
    ...judged,
    ...moved,
    ...asked,
    rest: null,
    notBefore: held.rest === null ? held.notBefore : null,
  };
  return parts.store.write(parts.db.q, held, change);
}

async function contextOf(
  parts: HeldParts,
  drive: Drive,
  again: boolean,
): Promise<VisitContext | { readonly rest: NonNullable<Drive['rest']> }> {
  const ticket = await parts.tickets.show(drive.ticketId);
  const standing = standingOf(parts, ticket);
  if (standing !== null) return { rest: standing };
  const project = await parts.projects.find(ticket.projectId);
  if (ticket.workflow === null || ticket.phase === null || project === null) {
    throw new AppError('MOVE_REFUSED', {
      message: `${ticket.key} stands in no phase`,
      next: 'cambium ticket create opens one that does',
    });
  }
  // The version that the ticket began with, as it was stored then: what lies in its branch is not asked.
  const workflow = await parts.definitions.version(ticket.workflow);
  const phase = phaseOf(workflow, ticket.phase);
  if (!phase) throw new AppError('INTERNAL', { message: `${workflow.name} has no phase ${ticket.phase}` });
  const probe = (point: DrivePoint): void => parts.probe(point, phase.id);
  return { parts, drive, ticket, project, workflow, phase, again, probe };
}

/** What lies over the phase and stops all work. */
function standingOf({ clock }: VisitParts, ticket: Ticket): NonNullable<Drive['rest']> | null {
  const rest = (reason: string, next: string) => ({ kind: 'ticket' as const, reason, next });
  if (ticket.cancelled)
    return rest(`${ticket.key} was cancelled: ${ticket.cancelled.reason}`, 'cambium ticket list');
  if (ticket.blocked) {
    return rest(`${ticket.key} is blocked: ${ticket.blocked.reason}`, `cambium ticket unblock ${ticket.key}`);
  }
  const approval = approvalStateOf(ticket.approval, clock.now());
  if (approval === null || approval === 'approved') return null;
  const words = {
    pending: 'waits for approval',
    rejected: 'was rejected',
    'timed-out': 'was not approved in time',
  };
  return rest(`${ticket.key} ${words[approval]}`, `cambium ticket show ${ticket.key}`);
}

async function untilDue({ clock }: VisitParts, { notBefore }: Drive, signal: AbortSignal): Promise<void> {
  const waitMs = notBefore === null ? 0 : Date.parse(notBefore) - clock.now().getTime();
  if (waitMs > 0) await clock.sleep(waitMs, signal);
}

/** Writes what came of a step; a move that somebody prevented meanwhile is a rest and no failure. */
async function taken(context: VisitContext, end: StepEnd): Promise<Drive> {
  const { parts, drive, ticket } = context;
  try {
    return await write(parts, drive, end, context);
  } catch (error) {
    const prevented = preventedMove(error);
    if (prevented === null) throw error;
    const next = `cambium phase list ${ticket.key}`;
    return write(parts, drive, { change: { rest: { kind: 'move', reason: prevented, next } } }, context);
  }
}

const COMMITS: Readonly<Record<DriveStep, readonly [DrivePoint | null, DrivePoint | null]>> = {
  enter: [null, 'enter.after-commit'],
  body: [null, 'body.after-commit'],
  collect: [null, 'collect.after-commit'],
  gate: [null, 'gate.after-commit'],
  move: ['move.before-commit', 'move.after-commit'],
};

/** One transaction: what belongs to the step, the drive's row, and the events last. */
async function write(parts: VisitParts, drive: Drive, end: StepEnd, context?: VisitContext): Promise<Drive> {
  const resting = end.change.rest !== undefined && end.change.rest !== null;
  const [before, after] = COMMITS[drive.step];
  const probe = context?.probe ?? (() => undefined);
  const written = await parts.db.transaction(async (q) => {
    const next = await parts.store.write(q, drive, end.change);
    const events = (await end.alongside?.(q, next)) ?? [];
    if (events.length > 0) await parts.journal.append(q, events);
    if (resting) probe('rest.before-commit');
    else if (before) probe(before);
    return next;
  });
  if (resting) probe('rest.after-commit');
  else if (after) probe(after);
  return written;
}

async function viewOf(parts: VisitParts, ticket: Ticket): Promise<DriveView> {
  const drive = await parts.store.find(ticket.id);
  const visit = await visitOf(parts, ticket);
  const at = { ticketId: ticket.id, visit };
  const here = drive?.visit === visit ? drive : null;
  const { q } = parts.db;
  return {
    ticket: ticket.key,
    phase: ticket.phase,
    visit,
    step: here?.step ?? null,
    base: drive?.base ?? null,
    commit: drive?.commit ?? null,
    rest: here?.rest ?? null,
    gate: await newestResult(q, at),
    claims: await claimsOf(q, at),
    approvals: await questionsOf(q, ticket.id, visit),
  };
}

async function workOn(parts: HeldParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const ticketId of await parts.store.due(DUE_AT_ONCE)) {
      if (signal.aborted) return;
      await holding(parts, ticketId, { again: false, only: null, signal }).catch((error: unknown) => {
        if (!signal.aborted)
          parts.log.warn({ ticketId, error: String(error) }, 'the work on a ticket stopped');
      });
    }
    await parts.clock.sleep(LOOK_MS, signal).catch(() => undefined);
  }
}
