// The operations of the board: drawn, moved on, measured, and what stands still on it.
import { z } from 'zod';
import { board, boardStats, laneKind } from '#contracts/board.ts';
import { stuckTicket } from '#contracts/stuck.ts';
import { ticket } from '#contracts/ticket.ts';
import { AppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import type { Position } from '#projects/board.ts';
import { readBoard } from '#workflows/board.ts';
import { moveOnBoard } from '#workflows/board-move.ts';
import { readBoardStats } from '#workflows/board-stats.ts';
import { findStuck } from '#workflows/stuck-tickets.ts';
import type { OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';

/** A name, an id or a path inside the repository; null for all projects. */
const project = z.string().min(1).nullable().default(null);

export const showBoard = defineOperation({
  input: z.strictObject({
    project,
    lanes: laneKind.default('none'),
    limit: z.int().min(1).max(200).default(10),
  }),
  output: board,
  handle: async (context, input) =>
    readBoard(await boardParts(context), { ...input, project: await projectOf(context, input.project) }),
});

export const boardStatistics = defineOperation({
  input: z.strictObject({ project, days: z.int().min(1).max(3_650).default(28) }),
  output: boardStats,
  handle: async (context, input) =>
    readBoardStats(await boardParts(context), {
      days: input.days,
      project: await projectOf(context, input.project),
    }),
});

export const moveTicketOnBoard = defineOperation({
  input: z.strictObject({
    ticket: z.string().min(1),
    column: z.string().min(1).nullable().default(null),
    /** Where in the column; `before` and `after` name a ticket. Null leaves the order as it is. */
    place: z
      .union([
        z.strictObject({ at: z.enum(['top', 'bottom']) }),
        z.strictObject({ at: z.enum(['before', 'after']), ticket: z.string().min(1) }),
      ])
      .nullable()
      .default(null),
    reason: z.string().max(2_000).default(''),
  }),
  output: ticket,
  handle: async (context, { place, ...input }) => {
    const rooms = await context.ticketing();
    if (input.column === null && place === null) {
      throw new AppError('USAGE', {
        message: 'neither a column nor a place in one was named',
        next: `cambium board move ${plainText(input.ticket)} --top`,
      });
    }
    const position: Position | null =
      place !== null && 'ticket' in place
        ? { at: place.at, ticket: await rooms.tickets.show(place.ticket) }
        : place;
    const parts = { ...rooms, versions: rooms.definitions };
    return moveOnBoard(parts, { ...input, position, actor: context.actor });
  },
});

export const stuckTickets = defineOperation({
  input: z.strictObject({
    project,
    /** Without an event for longer than this counts as stuck, seconds. */
    silentSeconds: z.int().min(1).max(31_536_000).default(900),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: z.strictObject({ tickets: z.array(stuckTicket) }),
  handle: async (context, input) => ({
    tickets: await findStuck(await boardParts(context), {
      project: await projectOf(context, input.project),
      silentSeconds: input.silentSeconds,
      limit: input.limit,
    }),
  }),
});

async function boardParts(context: OperationContext) {
  const { db, definitions } = await context.ticketing();
  return { db, clock: context.clock, versions: definitions };
}

async function projectOf(
  context: OperationContext,
  wanted: string | null,
): Promise<{ readonly id: string; readonly name: string } | null> {
  if (wanted === null) return null;
  const projects = await context.projects();
  const named = (await projects.list()).filter(({ name }) => name === wanted);
  if (named.length === 1 && named[0]) return named[0];
  const root = await context.git.topLevel(wanted).catch(() => wanted);
  const found = (await projects.find(wanted)) ?? (await projects.find(root));
  if (found) return found;
  const several = named.length > 1 ? `${named.length} projects are called` : 'there is no project';
  throw new AppError('NOT_FOUND', {
    message: `${several} ${plainText(wanted)}`,
    next: 'name one by the path of its repository',
  });
}
