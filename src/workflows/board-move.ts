// A move on the board: the column names a phase, and the phase is asked for like any other move; the order is written
// in the same transaction (O56).
import type { Actor } from '#contracts/move.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { type Phase, phaseOf, type Workflow } from '#contracts/workflow.ts';
import type { Database, Queries } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import { type Position, rankAt } from '#projects/board.ts';
import type { Tickets } from '#projects/tickets.ts';
import { allVersions, columnsOf, OVERLAY, type Versions } from './board.ts';
import { subjectOfTicket, type Transitions } from './transitions.ts';

export interface BoardMoveParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly tickets: Tickets;
  readonly transitions: Transitions;
  readonly versions: Versions;
}

export interface BoardMove {
  /** Id, key or number. */
  readonly ticket: string;
  /** Column to go to; null to stay in its own. */
  readonly column: string | null;
  /** Place in the column; null leaves the order as it is. */
  readonly position: Position | null;
  readonly actor: Actor;
  readonly reason: string;
}

/**
 * Moves a ticket to a column, to a place in its column, or both. Going to a column asks for the first phase of it that
 * the workflow leads to: a refusal is the one of that move, with every objection.
 * @throws AppError MOVE_REFUSED, USAGE for an unknown column, NOT_FOUND, TICKET_CONFLICT.
 */
export async function moveOnBoard(parts: BoardMoveParts, wish: BoardMove): Promise<Ticket> {
  const { id } = await parts.tickets.show(wish.ticket);
  return parts.db.transaction(async (q) => {
    // The order of locks that every mover keeps: ticket, column, journal.
    const ticket = await parts.tickets.hold(q, id);
    if (ticket.workflow === null || ticket.phase === null) {
      throw new AppError('MOVE_REFUSED', {
        message: `${ticket.key} keeps no workflow, and so stands in no column`,
        next: `cambium ticket show ${ticket.key}`,
      });
    }
    const workflow = await parts.versions.version(ticket.workflow, q);
    const from = phaseOf(workflow, ticket.phase);
    const column = wish.column ?? from?.board_column ?? '';
    if (!workflow.board_columns.some((each) => each.id === column)) throw unknownColumn(workflow, column);
    const rank =
      wish.position === null ? null : await rankIn(parts, q, { ticket, column, position: wish.position });
    const to =
      wish.column === null || from?.board_column === column ? null : targetIn(workflow, ticket, column);
    const moved = to === null ? ticket : await step(parts, q, { ticket, to, from, wish });
    if (rank === null) return moved;
    const placed = await parts.tickets.change(q, moved, { rank });
    await parts.journal.append(q, [
      {
        type: 'change.ranked',
        subject: subjectOfTicket(ticket),
        payload: { column, rank, by: wish.actor.name },
      },
    ]);
    return placed;
  });
}

function rankIn(
  { versions }: BoardMoveParts,
  q: Queries,
  {
    ticket,
    column,
    position,
  }: { readonly ticket: Ticket; readonly column: string; readonly position: Position },
): Promise<string> {
  return allVersions(q)
    .then((digests) => columnsOf(q, versions, digests))
    .then((columns) => columns.find(({ id }) => id === column)?.places ?? [])
    .then((places) => rankAt(q, ticket, { id: column, places }, position));
}

/** The phase of the column that the workflow leads to from here; else its first, so that the refusal says why not. */
function targetIn(workflow: Workflow, ticket: Ticket, column: string): Phase {
  const inColumn = workflow.phases.filter((phase) => phase.board_column === column);
  const allowed = phaseOf(workflow, ticket.phase ?? '')?.allowed_transitions ?? [];
  const next = allowed.flatMap((id) => inColumn.find((phase) => phase.id === id) ?? [])[0];
  const [first] = inColumn.toSorted((one, other) => one.order - other.order);
  const target = next ?? first;
  if (target) return target;
  throw new AppError('USAGE', {
    message: `no phase of ${workflow.name} is shown in the column ${column}`,
    next:
      column === OVERLAY
        ? `cambium ticket block ${ticket.key} --reason "why" puts it there`
        : `cambium phase list ${ticket.key}`,
  });
}

async function step(
  { transitions }: BoardMoveParts,
  q: Queries,
  move: {
    readonly ticket: Ticket;
    readonly to: Phase;
    readonly from: Phase | undefined;
    readonly wish: BoardMove;
  },
): Promise<Ticket> {
  const { to, from, wish } = move;
  const kind = from !== undefined && to.order < from.order ? 'regress' : 'advance';
  const { actor, reason } = wish;
  return (await transitions.moveWithin(q, move.ticket.id, { to: to.id, kind, actor, reason })).ticket;
}

function unknownColumn(workflow: Workflow, column: string): AppError {
  const known = workflow.board_columns.map(({ id }) => id).join(', ');
  return new AppError('USAGE', {
    message: `the board of ${workflow.name} has no column ${plainText(column)}; it has ${known}`,
    next: 'cambium board',
  });
}
