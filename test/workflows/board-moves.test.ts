// Moves on the board are requests for a phase: judged like any other, in one transaction with the order.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createColumnGuard } from '#workflows/board.ts';
import { moveOnBoard } from '#workflows/board-move.ts';
import type { MoveGuard } from '#workflows/transitions.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { ADA, phaseRooms } from './support/phases.ts';

describe('on the board', () => {
  let database: TestDatabase;
  let rooms: ReturnType<typeof phaseRooms>;
  beforeAll(async () => {
    database = await openTestDatabase('embedded');
    const guards: MoveGuard[] = [];
    rooms = phaseRooms(database.db, guards);
    guards.push(createColumnGuard(rooms.definitions));
  });
  afterAll(() => database[Symbol.asyncDispose]());

  const move = (ticket: string, column: string | null, position: 'top' | 'bottom' | null = null) =>
    moveOnBoard(
      { ...rooms, versions: rooms.definitions },
      { ticket, column, position: position === null ? null : { at: position }, actor: ADA, reason: 'board' },
    );

  test('O56: a move to a column is a move to the phase that the workflow leads to, with its history', async () => {
    const ticket = await rooms.open();
    expect(await move(ticket.key, 'analyzing')).toMatchObject({ phase: 'research' });
    const history = await rooms.transitions.history(ticket.id);
    expect(history.at(-1)).toMatchObject({ from: 'intake', to: 'research', kind: 'advance', actor: ADA });
    expect(await move(ticket.key, 'backlog')).toMatchObject({ phase: 'intake' });
    expect((await rooms.transitions.history(ticket.id)).at(-1)).toMatchObject({ kind: 'regress' });
  });

  test('O56: a move that the workflow refuses is refused with the reason, and the order stays', async () => {
    const ticket = await rooms.open();
    await expect(move(ticket.key, 'testing', 'top')).rejects.toMatchObject({
      code: 'MOVE_REFUSED',
      message: expect.stringContaining('does not lead from intake to test'),
    });
    expect((await rooms.tickets.show(ticket.key)).rank).toBe(ticket.rank);
    await expect(move(ticket.key, 'nowhere')).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('it has backlog, analyzing'),
    });
    await expect(move(ticket.key, 'blocked')).rejects.toMatchObject({
      next: `cambium ticket block ${ticket.key} --reason "why" puts it there`,
    });
  });

  test('O56: into a full column nothing moves until there is room, by whatever door it comes', async () => {
    const tickets = await Promise.all(Array.from({ length: 6 }, () => rooms.open()));
    const [last, ...five] = tickets;
    if (!last) throw new Error('there is no ticket');
    for (const { key } of five) await move(key, 'analyzing');
    const full = {
      code: 'MOVE_REFUSED',
      message: expect.stringContaining('Analyzing is full: 5 of at most 5'),
    };
    await expect(move(last.key, 'analyzing')).rejects.toMatchObject(full);
    const wish = { to: 'research', kind: 'advance', actor: ADA, reason: '' } as const;
    await expect(rooms.transitions.move(last.id, wish)).rejects.toMatchObject(full);
    const first = five[0];
    await move(first?.key ?? '', 'backlog');
    expect(await move(last.key, 'analyzing')).toMatchObject({ phase: 'research' });
    await rooms.transitions.move(first?.id ?? '', { ...wish, kind: 'force', reason: 'it burns' });
    expect((await rooms.transitions.history(first?.id ?? '')).at(-1)?.overridden).toMatchObject([
      { rule: 'wip' },
    ]);
  });

  test('O56: a place in the column is kept through a move, and tells the journal', async () => {
    const [one, two] = [await rooms.open(), await rooms.open()];
    expect(one.rank < two.rank).toBe(true);
    const moved = await move(two.key, null, 'top');
    expect(moved.rank < one.rank).toBe(true);
    const again = await move(two.key, null, 'bottom');
    expect(again.rank > one.rank).toBe(true);
    const events = await rooms.journal.read({ ticketId: two.id });
    expect(events.filter(({ type }) => type === 'change.ranked')).toHaveLength(2);
  });
});
