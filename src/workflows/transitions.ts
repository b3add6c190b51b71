// Moving tickets: judged and written in one transaction, with history and event, or not at all (O3, O4). Blocking,
// cancelling and approving are marks that lie over the phase; they are written the same way.
import type { EventSubject, NewEvent } from '#contracts/event.ts';
import { type Actor, AUTHORITY, type MoveKind, type MoveRecord, type Objection } from '#contracts/move.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { type Phase, phaseOf, type Workflow } from '#contracts/workflow.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import type { Tickets } from '#projects/tickets.ts';
import type { Definitions } from './definitions.ts';
import { type Judgement, judgeMove, type MoveFacts, type MoveWish } from './moves.ts';
import { appendMove, historyOf, type Opening, openHistory, supersedeOutputs } from './phase-records.ts';

const REASON_CHARS = 2_000;

/** A move about to be made, as those who may object to it see it. Runs inside the moving transaction. */
export interface GuardedMove {
  readonly ticket: Ticket;
  readonly workflow: Workflow;
  readonly from: Phase;
  readonly to: Phase;
  readonly kind: MoveKind;
}

/** Looks at a move inside its transaction and says what stands against it: a gate that is shut, a column that is full. */
export type MoveGuard = (q: Queries, move: GuardedMove) => Promise<readonly Objection[]>;

/** What the transaction knows of a ticket beyond its row. */
export type ReadFacts = (
  q: Queries,
  ticket: Ticket,
) => Promise<Pick<MoveFacts, 'openDependencies' | 'contextKinds' | 'outputs' | 'visited'>>;

export interface MoveRequest extends MoveWish {
  /** Digests or paths that the move rests on. */
  readonly artefacts?: readonly string[] | undefined;
  /** Refuse when the ticket was written since this version of it was read. */
  readonly version?: number | undefined;
}

export interface Moved {
  readonly ticket: Ticket;
  readonly record: MoveRecord;
}

export interface Mark {
  readonly actor: Actor;
  readonly reason: string;
}

export interface Transitions {
  /** The first row of the history of a ticket, in the transaction that opens it. */
  opened(q: Queries, opening: Opening): Promise<void>;
  /** @throws AppError MOVE_REFUSED with every objection, TICKET_CONFLICT, NOT_FOUND. */
  move(ticketId: string, request: MoveRequest): Promise<Moved>;
  /** As `move`, inside the caller's transaction. */
  moveWithin(q: Queries, ticketId: string, request: MoveRequest): Promise<Moved>;
  /** What `move` would say now; writes nothing. */
  judge(ticketId: string, wish: MoveWish): Promise<Judgement>;
  /** Oldest first. */
  history(ticketId: string): Promise<MoveRecord[]>;
  /** @throws AppError MOVE_REFUSED when it is blocked already, cancelled or done. */
  block(ticketId: string, mark: Mark): Promise<Ticket>;
  /** @throws AppError MOVE_REFUSED when it is not blocked. */
  unblock(ticketId: string, mark: Mark): Promise<Ticket>;
  /** For good. @throws AppError MOVE_REFUSED when it is cancelled already or done. */
  cancel(ticketId: string, mark: Mark): Promise<Ticket>;
  /** Resolves when the mark could be set now; writes nothing. @throws AppError MOVE_REFUSED as the verb itself would. */
  would(verb: 'block' | 'unblock' | 'cancel', ticketId: string, mark: Mark): Promise<Ticket>;
  /** A person's word on whether it may be worked on. @throws AppError MOVE_REFUSED when nobody waits for it. */
  decide(ticketId: string, mark: Mark & { readonly decision: 'approved' | 'rejected' }): Promise<Ticket>;
}

export interface TransitionsParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly tickets: Tickets;
  readonly definitions: Definitions;
  readonly facts: ReadFacts;
  readonly guards: readonly MoveGuard[];
}

export function createTransitions(parts: TransitionsParts): Transitions {
  const { db } = parts;
  const marking = (ticketId: string, mark: Mark, change: Marking) =>
    db.transaction((q) => writeMark(parts, q, { ticketId, mark, change }));
  return {
    opened: (q, opening) => openHistory(parts, q, opening),
    move: (ticketId, request) => db.transaction((q) => move(parts, q, ticketId, request)),
    moveWithin: (q, ticketId, request) => move(parts, q, ticketId, request),
    judge: (ticketId, wish) =>
      db.transaction(
        async (q) => (await judge(parts, q, await parts.tickets.hold(q, ticketId), wish)).judgement,
      ),
    history: (ticketId) => historyOf(db.q, ticketId),
    block: (ticketId, mark) => marking(ticketId, mark, blocking),
    unblock: (ticketId, mark) => marking(ticketId, mark, unblocking),
    cancel: (ticketId, mark) => marking(ticketId, mark, cancelling),
    would: (verb, ticketId, mark) =>
      db.transaction(async (q) => {
        const change = { block: blocking, unblock: unblocking, cancel: cancelling }[verb];
        const { ticket } = await considered(parts, q, { ticketId, mark, change });
        return ticket;
      }),
    decide: (ticketId, { decision, ...mark }) => marking(ticketId, mark, deciding(decision)),
  };
}

/** Who an event of a ticket is about. */
export function subjectOfTicket(ticket: Pick<Ticket, 'id' | 'projectId'>): EventSubject {
  return { projectId: ticket.projectId, ticketId: ticket.id };
}

async function judge(parts: TransitionsParts, q: Queries, ticket: Ticket, wish: MoveWish) {
  if (ticket.workflow === null) {
    throw new AppError('MOVE_REFUSED', {
      message: `${ticket.key} is older than workflows and stands in no phase`,
      next: `cambium ticket edit ${ticket.key} --workflow bugfix`,
    });
  }
  const workflow = await parts.definitions.version(ticket.workflow, q);
  const from = ticket.phase === null ? undefined : phaseOf(workflow, ticket.phase);
  const to = phaseOf(workflow, wish.to);
  const objections: Objection[] = [];
  // Guards may take locks: only a move between phases that exist is worth them.
  if (from && to && from !== to) {
    for (const guard of parts.guards) {
      objections.push(...(await guard(q, { ticket, workflow, from, to, kind: wish.kind })));
    }
  }
  const facts = { ...(await parts.facts(q, ticket)), now: parts.clock.now(), objections };
  return { workflow, from, to, judgement: judgeMove({ workflow, ticket, wish, facts }) };
}

async function move(
  parts: TransitionsParts,
  q: Queries,
  ticketId: string,
  request: MoveRequest,
): Promise<Moved> {
  const ticket = await parts.tickets.hold(q, ticketId);
  if (request.version !== undefined && request.version !== ticket.version) {
    throw new AppError('TICKET_CONFLICT', {
      message: `${ticket.key} was changed since it was read (version ${ticket.version}, not ${request.version})`,
      next: `cambium ticket show ${ticket.key}`,
    });
  }
  const { workflow, from, to, judgement } = await judge(parts, q, ticket, request);
  if (!judgement.allowed || !from || !to) throw refused(ticket, request.to, judgement.objections);
  const now = parts.clock.now().toISOString();
  const reason = plainText(request.reason).slice(0, REASON_CHARS);
  const { actor, kind, artefacts } = request;
  const moved = await parts.tickets.change(q, ticket, { phase: to.id, phaseSince: now });
  const record = await appendMove(q, moved, {
    from: from.id,
    to: to.id,
    kind,
    reason,
    actor,
    overridden: [...judgement.overridden],
    artefacts: [...(artefacts ?? [])],
    at: now,
  });
  const subject = subjectOfTicket(ticket);
  const overridden = judgement.overridden.map(({ rule }) => rule);
  const payload = { from: from.id, to: to.id, kind, by: actor.name, reason, overridden };
  const events: NewEvent[] = [{ type: 'change.moved', subject, payload }];
  if (kind === 'pivot') {
    const later = workflow.phases.filter(({ order }) => order >= to.order).map(({ id }) => id);
    const superseded = await supersedeOutputs(q, { ticketId: ticket.id, phases: later, seq: record.seq });
    events.push({ type: 'pivot.applied', subject, payload: { to: to.id, superseded } });
  }
  await parts.journal.append(q, events);
  return { ticket: moved, record };
}

function refused(ticket: Ticket, to: string, objections: readonly Objection[]): AppError {
  const reasons = objections.map(({ reason }) => reason);
  return new AppError('MOVE_REFUSED', {
    message: `${ticket.key} stays in ${ticket.phase} and does not go to ${plainText(to)}: ${reasons.join('; ')}`,
    next: objections[0]?.next ?? `cambium phase list ${ticket.key}`,
    details: { objections },
  });
}

/** A change to the marks of a ticket with its event, or why it cannot be. */
type Marking = (
  ticket: Ticket,
  done: boolean,
  mark: Mark & { readonly now: Date },
) => { readonly set: Partial<Ticket>; readonly event: NewEvent } | Omit<Objection, 'rule'>;

interface MarkWish {
  readonly ticketId: string;
  readonly mark: Mark;
  readonly change: Marking;
}

async function considered(parts: TransitionsParts, q: Queries, { ticketId, mark, change }: MarkWish) {
  const ticket = await parts.tickets.hold(q, ticketId);
  const workflow = ticket.workflow === null ? null : await parts.definitions.version(ticket.workflow, q);
  const done = workflow !== null && phaseOf(workflow, ticket.phase ?? '')?.is_terminal === true;
  const reason = plainText(mark.reason).trim().slice(0, REASON_CHARS);
  const marked = change(ticket, done, { ...mark, reason, now: parts.clock.now() });
  if ('reason' in marked) {
    throw new AppError('MOVE_REFUSED', { message: marked.reason, next: marked.next });
  }
  return { ticket, ...marked };
}

async function writeMark(parts: TransitionsParts, q: Queries, wish: MarkWish): Promise<Ticket> {
  const { ticket, set, event } = await considered(parts, q, wish);
  const written = await parts.tickets.change(q, ticket, set);
  await parts.journal.append(q, [event]);
  return written;
}

function over(ticket: Ticket, done: boolean): Omit<Objection, 'rule'> | null {
  const next = 'cambium ticket create opens another';
  if (ticket.cancelled) return { reason: `${ticket.key} was cancelled: ${ticket.cancelled.reason}`, next };
  return done ? { reason: `${ticket.key} is done`, next } : null;
}

const blocking: Marking = (ticket, done, { actor, reason, now }) => {
  const ended = over(ticket, done);
  if (ended) return ended;
  const next = `cambium ticket unblock ${ticket.key}`;
  if (ticket.blocked) return { reason: `${ticket.key} is blocked already: ${ticket.blocked.reason}`, next };
  if (reason === '') {
    return {
      reason: `${ticket.key} is not blocked without a reason`,
      next: `cambium ticket block ${ticket.key} --reason "why"`,
    };
  }
  const payload = { reason, by: actor.name };
  return {
    set: { blocked: { ...payload, since: now.toISOString() } },
    event: { type: 'change.blocked', subject: subjectOfTicket(ticket), payload },
  };
};

const unblocking: Marking = (ticket, _done, { actor, reason }) => {
  if (!ticket.blocked) {
    return { reason: `${ticket.key} is not blocked`, next: `cambium ticket show ${ticket.key}` };
  }
  const payload = { reason, by: actor.name };
  return {
    set: { blocked: null },
    event: { type: 'change.unblocked', subject: subjectOfTicket(ticket), payload },
  };
};

const cancelling: Marking = (ticket, done, { actor, reason, now }) => {
  const ended = over(ticket, done);
  if (ended) return ended;
  const payload = { reason, by: actor.name };
  return {
    set: { cancelled: { ...payload, at: now.toISOString() } },
    event: { type: 'change.cancelled', subject: subjectOfTicket(ticket), payload },
  };
};

function deciding(decision: 'approved' | 'rejected'): Marking {
  return (ticket, done, { actor, reason, now }) => {
    const ended = over(ticket, done);
    if (ended) return ended;
    const next = `cambium ticket show ${ticket.key}`;
    const { approval } = ticket;
    if (approval === null) return { reason: `${ticket.key} waits for nobody's approval`, next };
    if (approval.state !== 'pending') {
      return { reason: `${ticket.key} was ${approval.state} already, by ${approval.by}`, next };
    }
    if (Date.parse(approval.deadline) <= now.getTime()) {
      return {
        reason: `nobody approved ${ticket.key} until ${approval.deadline}, which means no`,
        next: 'cambium ticket create opens another',
      };
    }
    if (actor.authority < AUTHORITY.monitor || actor.kind === 'agent') {
      return { reason: `${actor.name} may not approve tickets; a person decides`, next };
    }
    const set = { ...approval, state: decision, by: actor.name, note: reason, at: now.toISOString() };
    return {
      set: { approval: set },
      event: {
        type: 'change.judged',
        subject: subjectOfTicket(ticket),
        payload: { decision, by: actor.name, note: reason },
      },
    };
  };
}
