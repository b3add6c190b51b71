// The board on a real database: columns that follow from phases, an order that stays, room that is counted, figures.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LaneKind } from '#contracts/board.ts';
import { checkSchema } from '#database/check.ts';
import { eq } from '#database/drizzle.ts';
import { createManualClock, createSystemClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createJournal } from '#journal/journal.ts';
import { type Position, rankAt } from '#projects/board.ts';
import { tickets as ticketsTable } from '#projects/tables.ts';
import { createTickets } from '#projects/tickets.ts';
import { allVersions, columnsOf, createColumnGuard, readBoard } from '#workflows/board.ts';
import { readBoardStats } from '#workflows/board-stats.ts';
import { openTestDatabase, servers, type TestDatabase } from '../support/database.ts';
import { addProjects, BOARD_WORKFLOW, boardVersions, DIGEST, putTicket } from './support/board-fixture.ts';

const HOUR_MS = 3_600_000;

describe.each(servers)('on the %s database', (server) => {
  let database: TestDatabase;
  const clock = createSystemClock();
  beforeEach(async () => {
    database = await openTestDatabase(server);
    await addProjects(database.db, 2);
  });
  afterEach(() => database[Symbol.asyncDispose]());

  const read = (lanes: LaneKind = 'none', limit = 10, project: { id: string; name: string } | null = null) =>
    readBoard({ db: database.db, clock, versions: boardVersions }, { project, lanes, limit });
  const keysIn = async (column: string, limit = 10) => {
    const board = await read('none', limit);
    return board.lanes[0]?.cells.find((cell) => cell.column === column)?.cards.map(({ key }) => key);
  };
  const column = async (id: string) => {
    const columns = await columnsOf(database.db.q, boardVersions, await allVersions(database.db.q));
    const found = columns.find((each) => each.id === id);
    if (!found) throw new Error(`no column ${id}`);
    return found;
  };

  test('the table of tickets is that of the migrations', async () => {
    expect(await checkSchema(database.db, [ticketsTable])).toEqual([]);
  });

  test('O55: the seven columns are views of phases; what is blocked lies over them and still takes its place', async () => {
    for (const phase of ['intake', 'research', 'plan', 'build', 'test', 'deploy', 'done'])
      await putTicket(database.db, { phase });
    await putTicket(database.db, { phase: 'build', blocked: 'waits for the key' });
    const board = await read();
    expect(board.columns.map(({ id, wipLimit, count, blocked }) => [id, wipLimit, count, blocked])).toEqual([
      ['backlog', null, 1, 0],
      ['analyzing', 5, 2, 0],
      ['building', 10, 2, 1],
      ['testing', 8, 1, 0],
      ['deploying', 3, 1, 0],
      ['done', null, 1, 0],
      ['blocked', null, 1, 1],
    ]);
    expect(await keysIn('analyzing')).toEqual(['TKT-2', 'TKT-3']);
    expect(await keysIn('building')).toEqual(['TKT-4']);
    expect(await keysIn('blocked')).toEqual(['TKT-8']);
    await database.db.raw(
      `update tickets set cancelled = '{"reason": "r", "by": "b", "at": ""}' where number = 4`,
    );
    expect(await keysIn('building')).toEqual([]);
  });

  test('O56: lanes by priority and by project hold each ticket once, and say what is left out', async () => {
    const priorities = ['critical', 'low'];
    for (let count = 0; count < 8; count += 1)
      await putTicket(database.db, {
        phase: 'build',
        project: 1 + (count % 2),
        priority: priorities[Math.floor(count / 6)] ?? '',
      });
    const cells = async (lanes: LaneKind) =>
      (await read(lanes, 2)).lanes.map(({ name, cells: all }) => {
        const cell = all.find((each) => each.column === 'building');
        return [name, cell?.cards.map(({ key }) => key), cell?.more];
      });
    expect(await cells('priority')).toEqual([
      ['critical', ['TKT-1', 'TKT-2'], 4],
      ['high', [], 0],
      ['medium', [], 0],
      ['low', ['TKT-7', 'TKT-8'], 0],
    ]);
    expect(await cells('project')).toEqual([
      ['project 1', ['TKT-1', 'TKT-3'], 2],
      ['project 2', ['TKT-2', 'TKT-4'], 2],
    ]);
    const one = await read('none', 10, { id: 'prj_2', name: 'project 2' });
    expect(one.columns.find(({ id }) => id === 'building')?.count).toBe(4);
  });

  test('O56: the order inside a column is what was asked for, whatever was moved before', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.push(await putTicket(database.db, { phase: 'build' }));
    const building = await column('building');
    const model = [...ids];
    const place = async (id: string, wish: Position) =>
      database.db.transaction(async (q) => {
        const rank = await rankAt(q, { id, key: id, projectId: 'prj_1' }, building, wish);
        await q.update(ticketsTable).set({ rank }).where(eq(ticketsTable.id, id));
      });
    const moves = fc.array(
      fc.record({
        which: fc.nat(4),
        at: fc.constantFrom('top', 'bottom', 'before', 'after'),
        other: fc.nat(3),
      }),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(moves, async (list) => {
        for (const { which, at, other } of list) {
          const id = model[which] ?? '';
          const rest = model.filter((each) => each !== id);
          const target = rest[other] ?? '';
          await place(
            id,
            at === 'top' || at === 'bottom' ? { at } : { at, ticket: { id: target, key: target, rank: '' } },
          );
          const where =
            at === 'top' ? 0 : at === 'bottom' ? 4 : rest.indexOf(target) + (at === 'after' ? 1 : 0);
          rest.splice(where, 0, id);
          model.splice(0, model.length, ...rest);
        }
        expect(await keysIn('building')).toEqual(model.map((id) => id.replace('tkt_', 'TKT-')));
      }),
      { numRuns: 10 },
    );
    const stranger = await putTicket(database.db, { phase: 'build', project: 2 });
    await expect(
      place(ids[0] ?? '', { at: 'after', ticket: { id: stranger, key: 'TKT-6', rank: '' } }),
    ).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('O56: a full column objects to a move into it, in words; another project and its own tickets do not count', async () => {
    const guard = createColumnGuard(boardVersions);
    const { db } = database;
    const tickets = createTickets({
      db,
      clock,
      journal: createJournal({ db, clock }),
      ids: createIds(clock),
    });
    const first = await putTicket(db, { phase: 'deploy' });
    const [from, to] = ['test', 'deploy'].map((id) => BOARD_WORKFLOW.phases.find((each) => each.id === id));
    if (!from || !to) throw new Error('the workflow lacks a phase');
    const ask = (id: string) =>
      database.db.transaction(async (q) =>
        guard(q, {
          ticket: { ...(await tickets.hold(q, first)), id },
          workflow: BOARD_WORKFLOW,
          from,
          to,
          kind: 'advance',
        }),
      );
    for (let count = 0; count < 5; count += 1) await putTicket(database.db, { phase: 'deploy', project: 2 });
    await putTicket(database.db, { phase: 'deploy', blocked: 'still takes its place' });
    expect(await ask('other')).toEqual([]);
    await putTicket(database.db, { phase: 'deploy' });
    expect(await ask(first)).toEqual([]);
    expect(await ask('other')).toEqual([
      {
        rule: 'wip',
        reason: 'the column Deploying is full: 3 of at most 3 tickets of the project stand in it',
        next: 'cambium board shows what could leave Deploying first',
      },
    ]);
    expect((await read()).violations).toEqual([
      { projectName: 'project 2', column: 'deploying', count: 5, limit: 3 },
    ]);
  });

  test('O56: cycle time, throughput and age are of what history says, and silent below five tickets', async () => {
    const at = createManualClock('2026-03-10T00:00:00.000Z');
    const parts = { db: database.db, clock: at, versions: boardVersions };
    const stats = () => readBoardStats(parts, { project: null, days: 14 });
    const finish = async (hours: number) => {
      const id = await putTicket(database.db, { phase: 'done' });
      const ended = at.now().getTime() - HOUR_MS;
      for (const [seq, fromPhase, toPhase, when] of [
        [1, null, 'intake', ended - 100 * HOUR_MS],
        [2, 'intake', 'plan', ended - hours * HOUR_MS],
        [3, 'plan', 'done', ended],
      ] as const)
        await database.db.raw(
          `insert into phase_history values ($1, $2, $3, $4, $5, 'advance', '', '{}', '[]', '[]', $6)`,
          [id, seq, fromPhase, toPhase, DIGEST, new Date(when).toISOString()],
        );
    };
    for (const hours of [1, 2, 3, 4]) await finish(hours);
    expect((await stats()).cycle).toEqual({ n: 4, p50Ms: null, p85Ms: null });
    expect((await stats()).throughput).toEqual({ n: 4, perWeek: null });
    await finish(10);
    expect((await stats()).cycle).toMatchObject({ n: 5, p50Ms: 3 * HOUR_MS });
    expect((await stats()).throughput).toEqual({ n: 5, perWeek: 2.5 });
    for (const hours of [1, 2, 3, 4, 5]) await putTicket(database.db, { phase: 'test', hours });
    await database.db.raw(
      `update tickets set phase_since = $1::timestamptz - (number - 5) * interval '1 hour' where phase = 'test'`,
      [at.now().toISOString()],
    );
    expect((await stats()).ages.find((each) => each.column === 'testing')).toEqual({
      column: 'testing',
      age: { n: 5, p50Ms: 3 * HOUR_MS, p85Ms: expect.closeTo(4.4 * HOUR_MS, 0) },
      oldest: 'TKT-10',
    });
    at.advance(20 * 24 * HOUR_MS);
    expect((await stats()).cycle.n).toBe(0);
  });
});
