// Discoveries on the real task graph: one call, one task, and bounds that hold under a crowd.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewDiscovery } from '#contracts/discovery.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { createJournal } from '#journal/journal.ts';
import { createQueue } from '#queue/queue.ts';
import { createQueueRoom } from '#queue/room.ts';
import { createDiscoveries, type DiscoveryLimits, fingerprintOf } from '#workflows/discovery.ts';
import { findStuck } from '#workflows/stuck-tickets.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { addProjects, boardVersions, putTicket } from './support/board-fixture.ts';

const clock = createSystemClock();
const log = createLog({ level: 'silent' });

describe('discoveries', () => {
  let database: TestDatabase;
  let room: ReturnType<typeof createQueueRoom>;
  beforeAll(async () => {
    database = await openTestDatabase('server');
    await addProjects(database.db, 1);
    const ids = createIds(clock);
    room = createQueueRoom({
      db: database.db,
      queue: createQueue({ db: database.db, clock, log, ids }),
      clock,
      ids,
      log,
    });
  });
  afterAll(async () => {
    await room.queue.close();
    await database[Symbol.asyncDispose]();
  });

  const rooms = (limits: Partial<DiscoveryLimits> = {}) => {
    const { db } = database;
    const journal = createJournal({ db, clock });
    const tasks = {
      find: (ref: string) => room.tasks.show(ref),
      add: room.queue.add,
    };
    return { journal, discoveries: createDiscoveries({ db, journal, ids: createIds(clock), tasks, limits }) };
  };
  /** A ticket with a task in which something may be found. */
  const source = async (more: object = {}) => {
    const ticketId = await putTicket(database.db, { phase: 'build' });
    const added = await database.db.transaction((q) =>
      room.queue.add(q, [{ type: 'work', projectId: 'prj_1', ticketId, ...more }]),
    );
    return { ticketId, taskId: added.ids[0] ?? '' };
  };
  let count = 0;
  const found = (sourceTaskId: string, more: Partial<NewDiscovery> = {}): NewDiscovery => ({
    sourceTaskId,
    type: 'bug',
    title: `finding ${'abcdefghijklmnopqrstuvwxyz'[count % 26]} ${'xyzuvw'[Math.floor(count++ / 26)]}`,
    by: 'agent-1',
    ...more,
  });

  test('O52: one call records, makes a task one step more urgent, and tells the journal; the source goes on', async () => {
    const { discoveries, journal } = rooms();
    const { ticketId, taskId } = await source({ priority: 'normal' });
    const made = await discoveries.record(
      found(taskId, {
        title: 'Dates before 1970 are lost',
        type: 'technical_debt',
        priorityBoost: true,
        files: ['src/date.ts'],
      }),
    );
    expect(made).toMatchObject({
      outcome: 'branched',
      discovery: { depth: 1, resolution: 'in_progress', seen: 1 },
    });
    const task = await room.tasks.show(made.discovery.spawnedTaskIds[0] ?? '');
    expect(task).toMatchObject({ priority: 'high', ticketId, state: 'pending', files: ['src/date.ts'] });
    expect(task.payload).toMatchObject({ discovery: made.discovery.key, kind: 'technical_debt' });
    expect((await room.tasks.show(taskId)).state).toBe('pending');
    expect((await journal.read({ ticketId })).map(({ type }) => type)).toEqual([
      'discovery.recorded',
      'discovery.branched',
    ]);
    const critical = await source({ priority: 'critical' });
    const top = await discoveries.record(found(critical.taskId, { priorityBoost: true }));
    expect((await room.tasks.show(top.discovery.spawnedTaskIds[0] ?? '')).priority).toBe('critical');
  });

  test('O52: what twenty agents report at once is recorded once and counted twenty times', async () => {
    const { discoveries } = rooms();
    const { taskId, ticketId } = await source();
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        discoveries.record(
          found(taskId, { title: `Leak at line ${index} of 0x${index}ff`, by: `agent ${index}` }),
        ),
      ),
    );
    expect(all.filter(({ outcome }) => outcome === 'branched')).toHaveLength(1);
    const [only, ...others] = await discoveries.list({ ticketId });
    expect(others).toEqual([]);
    expect(only?.seen).toBe(20);
    expect(only?.spawnedTaskIds).toHaveLength(1);
    await discoveries.resolve({
      discovery: only?.key ?? '',
      resolution: 'resolved',
      by: 'ann',
      note: 'freed',
    });
    expect((await discoveries.record(found(taskId, { title: 'Leak at line 9 of 0x1ff' }))).outcome).toBe(
      'branched',
    );
  });

  test('O52: the same words in another type, file or wording are another finding', () => {
    const one = fingerprintOf({ type: 'bug', title: 'Leak at line 12' });
    expect(fingerprintOf({ type: 'bug', title: 'leak  at line 99!' })).toBe(one);
    expect(fingerprintOf({ type: 'security_issue', title: 'Leak at line 12' })).not.toBe(one);
    expect(fingerprintOf({ type: 'bug', title: 'Leak at line 12', files: ['a.ts'] })).not.toBe(one);
    expect(fingerprintOf({ type: 'bug', title: 'Leak in the pool' })).not.toBe(one);
  });

  test('O52: discoveries in discoveries end at a depth, and wait there for a person', async () => {
    const { discoveries } = rooms({ depth: 2 });
    const { taskId } = await source();
    const first = await discoveries.record(found(taskId));
    const second = await discoveries.record(found(first.discovery.spawnedTaskIds[0] ?? ''));
    expect(second.discovery.depth).toBe(2);
    const third = await discoveries.record(found(second.discovery.spawnedTaskIds[0] ?? ''));
    expect(third).toMatchObject({
      outcome: 'waits',
      discovery: { depth: 3, resolution: 'open', spawnedTaskIds: [] },
    });
    expect(third.discovery.triage).toContain('3 discoveries deep');
    expect((await discoveries.list({ waiting: true })).map(({ id }) => id)).toContain(third.discovery.id);
    const approved = await discoveries.approve({ discovery: third.discovery.key, by: 'ann' });
    expect(approved).toMatchObject({ resolution: 'in_progress', triage: null });
    expect(approved.spawnedTaskIds).toHaveLength(1);
    await expect(discoveries.approve({ discovery: third.discovery.key, by: 'ann' })).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
    });
  });

  test('O52: the dear ask a person, one by one and all together, also when they come at once', async () => {
    const { discoveries } = rooms({ minutes: 60, ticketMinutes: 100, ticketTasks: 3 });
    const dear = await source();
    const one = await discoveries.record(found(dear.taskId, { estimateMinutes: 61 }));
    expect(one.discovery.triage).toContain('61 minutes');
    const all = await Promise.all(
      Array.from({ length: 6 }, () => discoveries.record(found(dear.taskId, { estimateMinutes: 40 }))),
    );
    expect(all.filter(({ outcome }) => outcome === 'branched')).toHaveLength(2);
    expect(all.find(({ outcome }) => outcome === 'waits')?.discovery.triage).toContain('120 minutes');
    const many = await source();
    const cheap = await Promise.all(
      Array.from({ length: 5 }, () => discoveries.record(found(many.taskId, { estimateMinutes: 1 }))),
    );
    expect(cheap.filter(({ outcome }) => outcome === 'branched')).toHaveLength(3);
  });

  test('O51: every type can be filed, an unknown one or a task of no ticket cannot', async () => {
    const { discoveries } = rooms();
    const { taskId } = await source();
    expect((await discoveries.record(found(taskId, { type: 'diagnostic_stuck' }))).outcome).toBe('branched');
    await expect(discoveries.record(found(taskId, { type: 'rumour' as 'bug' }))).rejects.toThrow();
    const { ids } = await database.db.transaction((q) => room.queue.add(q, [{ type: 'work' }]));
    await expect(discoveries.record(found(ids[0] ?? ''))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(discoveries.record(found('TSK-999999'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('O64: tickets without an event are found with the causes that their tasks tell', async () => {
    const blocked = await putTicket(database.db, { phase: 'build', blocked: 'no key', hours: 3 });
    const lacking = await source({ capabilities: ['cobol'] });
    const waiting = await putTicket(database.db, { phase: 'test', hours: 2 });
    await database.db.transaction((q) =>
      room.queue.add(q, [
        { type: 'work', name: 'first', projectId: 'prj_1', ticketId: waiting, files: ['a.ts'] },
        { type: 'work', projectId: 'prj_1', ticketId: waiting, needs: [{ on: 'first' }] },
      ]),
    );
    const idle = await putTicket(database.db, { phase: 'intake' });
    await putTicket(database.db, { phase: 'done' });
    await database.db.raw(`update tickets set created_at = now() - interval '2 hours'`);
    const stuck = await findStuck(
      { db: database.db, clock, versions: boardVersions },
      { project: null, silentSeconds: 3_600, limit: 200 },
    );
    const causes = (id: string) => stuck.find((each) => each.id === id)?.diagnoses.map(({ cause }) => cause);
    expect(causes(blocked)).toEqual(['blocked']);
    expect(causes(lacking.ticketId)).toEqual(['no-capable-agent']);
    expect(causes(waiting)).toEqual(['no-worker', 'waiting-dependency']);
    expect(causes(idle)).toEqual(['idle']);
    expect(stuck.some(({ phase }) => phase === 'done')).toBe(false);
    const { journal } = rooms();
    await database.db.transaction((q) =>
      journal.append(q, [
        {
          type: 'change.created',
          subject: { ticketId: idle },
          payload: { key: 'TKT-1', title: 'sign of life' },
        },
      ]),
    );
    const again = await findStuck(
      { db: database.db, clock, versions: boardVersions },
      { project: null, silentSeconds: 3_600, limit: 200 },
    );
    expect(again.some(({ id }) => id === idle)).toBe(false);
  });
});
