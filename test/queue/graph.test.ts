// Tasks in a graph: what becomes ready when, in which order, what a bad end means for others, and what a claim avoids.
import { describe, expect, test } from 'vitest';
import type { NewTask } from '#contracts/task.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { createTaskHands } from '#queue/hands.ts';
import type { TaskHandler, TaskLease } from '#queue/port.ts';
import { createQueue, type QueueOptions } from '#queue/queue.ts';
import { createQueueRoom } from '#queue/room.ts';
import { openTestDatabase, servers } from '../support/database.ts';

const clock = createSystemClock();
const log = createLog({ level: 'silent' });
const ME = { owner: 'me' };

async function openRoom(server: (typeof servers)[number], options: Partial<QueueOptions> = {}) {
  const t = await openTestDatabase(server);
  const queue = createQueue({ db: t.db, clock, log, pollMs: 50, ...options });
  const room = createQueueRoom({ db: t.db, queue, clock, ids: createIds(clock), log });
  return {
    ...room,
    db: t.db,
    add: async (...tasks: Omit<NewTask, 'type'>[]) =>
      (
        await t.db.transaction((q) =>
          queue.add(
            q,
            tasks.map((task) => ({ type: 'test', ...task })),
          ),
        )
      ).ids,
    claim: async (count = 1, holder = {}) => queue.claim(['test'], { ...ME, ...holder }, count),
    one: async (): Promise<TaskLease> => {
      const [lease] = await queue.claim(['test'], ME, 1);
      if (!lease) throw new Error('nothing is ready');
      return lease;
    },
    states: async (ids: readonly string[]) =>
      Promise.all(ids.map(async (id) => (await room.tasks.show(id)).state)),
    [Symbol.asyncDispose]: async () => {
      await queue.close();
      await t[Symbol.asyncDispose]();
    },
  };
}

const final = (message: string) => new AppError('COMMAND_FAILED', { message, details: { retryable: false } });

describe.each(servers)('the task graph on the %s server', (server) => {
  test('O22: a task is ready when all that it needs has completed, not before', async () => {
    await using b = await openRoom(server);
    const ids = await b.add({ name: 'a' }, { name: 'b' }, { name: 'c', needs: [{ on: 'a' }, { on: 'b' }] });
    const [first, second, third] = await b.claim(3);
    expect([first?.jobId, second?.jobId, third]).toEqual([ids[0], ids[1], undefined]);
    await first?.complete();
    expect(await b.claim()).toEqual([]);
    await second?.complete();
    expect((await b.one()).jobId).toBe(ids[2]);
  });

  test('O22: a prerequisite that ended before the edge was added counts as it ended', async () => {
    await using b = await openRoom(server);
    const [good = '', bad = ''] = await b.add({}, {});
    for (const lease of await b.claim(2)) {
      await (lease.jobId === good ? lease.complete() : lease.fail(final('no')));
    }
    const later = await b.add(
      { needs: [{ on: good }] },
      { needs: [{ on: bad, onFailure: 'skip' }] },
      { needs: [{ on: bad, onFailure: 'run' }] },
      { needs: [{ on: bad, onFailure: 'block' }] },
    );
    expect(await b.states(later)).toEqual(['pending', 'skipped', 'pending', 'blocked']);
  });

  test.each(['failed', 'cancelled'] as const)(
    'O22: what waits for a %s task goes on by the policy of its edge, through as many steps as there are',
    async (how) => {
      await using b = await openRoom(server);
      const ids = await b.add(
        { name: 'root' },
        { name: 'skips', needs: [{ on: 'root', onFailure: 'skip' }] },
        { name: 'skips too', needs: [{ on: 'skips', onFailure: 'skip' }] },
        { name: 'runs', needs: [{ on: 'skips too', onFailure: 'run' }] },
        { name: 'waits', needs: [{ on: 'root', onFailure: 'block' }] },
        { name: 'waits behind', needs: [{ on: 'waits', onFailure: 'run' }] },
      );
      const root = await b.one();
      await (how === 'failed' ? root.fail(final('no')) : b.queue.cancel(root.jobId));
      expect(await b.states(ids)).toEqual([how, 'skipped', 'skipped', 'pending', 'blocked', 'blocked']);
      expect((await b.tasks.show(ids[2] ?? '')).reason).toContain((await b.tasks.show(ids[0] ?? '')).key);
    },
  );

  test('T63: a dead letter is tried again with all its tries, and what was skipped because of it comes back', async () => {
    await using b = await openRoom(server);
    const ids = await b.add(
      { name: 'root', retry: { limit: 0 } },
      { name: 'next', needs: [{ on: 'root', onFailure: 'skip' }] },
      { needs: [{ on: 'next', onFailure: 'skip' }] },
    );
    const root = await b.one();
    await root.fail(new Error('the disk was full'));
    expect((await b.tasks.list({ states: ['failed'], limit: 10 })).map(({ id }) => id)).toEqual([ids[0]]);
    const again = await b.tasks.retry(ids[0] ?? '');
    expect([again.revived, again.task.state, again.task.failures[0]?.error]).toEqual([
      2,
      'pending',
      'the disk was full',
    ]);
    expect(await b.states(ids)).toEqual(['pending', 'blocked', 'blocked']);
    for (const _ of ids) await (await b.one()).complete();
    expect(await b.states(ids)).toEqual(['completed', 'completed', 'completed']);
    await expect(b.tasks.retry(ids[0] ?? '')).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
  });

  test('O22: circles are refused, among new tasks and old ones, also when two edges close one at once', async () => {
    await using b = await openRoom(server);
    await expect(
      b.add({ name: 'a', needs: [{ on: 'b' }] }, { name: 'b', needs: [{ on: 'a' }] }),
    ).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('wait for itself') });
    await expect(b.add({ needs: [{ on: 'tsk_nobody' }] })).rejects.toMatchObject({ code: 'USAGE' });
    const [one = '', two = ''] = await b.add({}, {});
    const edge = (from: string, on: string) =>
      b.db
        .transaction((q) => b.queue.connect(q, from, { on, onFailure: 'block' }))
        .then(
          () => 'added',
          (error: AppError) => error.code,
        );
    expect((await Promise.all([edge(one, two), edge(two, one)])).toSorted()).toEqual(['USAGE', 'added']);
  });

  test('O22: an edge to a task that ends at that moment is settled, whichever comes first', async () => {
    await using b = await openRoom(server);
    for (let round = 0; round < 15; round += 1) {
      const [root = ''] = await b.add({});
      const lease = await b.one();
      const [[next = '']] = await Promise.all([b.add({ needs: [{ on: root }] }), lease.complete()]);
      expect(await b.states([next])).toEqual(['pending']);
      await (await b.one()).complete();
    }
  });

  test('O24: storage refuses a move that the state machine does not have, and a state that contradicts the rest', async () => {
    await using b = await openRoom(server);
    const [id] = await b.add({});
    await (await b.one()).complete();
    const set = (text: string) => b.db.raw(`update tasks set ${text} where id = $1`, [id]);
    await expect(set(`state = 'running', lease_until = now(), owner = 'x', ended_at = null`)).rejects.toThrow(
      'cannot go from completed to running',
    );
    const [other] = await b.add({});
    await expect(b.db.raw(`update tasks set state = 'running' where id = $1`, [other])).rejects.toThrow(
      'violates check constraint',
    );
  });

  test('O24: an effect and the end of its task happen together, and not at all for a holder of yesterday', async () => {
    await using b = await openRoom(server, { leaseMs: 1 });
    await b.db.raw('create table effects (task text)');
    await b.add({});
    const old = await b.one();
    await expect.poll(() => b.queue.reclaim()).toBe(1);
    const fresh = await b.one();
    const act = (lease: TaskLease) =>
      b.db.transaction(async (q) => {
        await q.execute(`insert into effects values ('${lease.epoch}')`);
        await lease.completeWithin(q);
      });
    await expect(act(old)).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
    await expect(b.db.transaction((q) => old.guard(q))).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
    await act(fresh);
    expect(await b.db.raw('select task from effects')).toEqual([{ task: '2' }]);
  });

  test('T63: an error may ask for a longer pause, and may say that another try is useless', async () => {
    await using b = await openRoom(server);
    const [slow = '', hopeless = ''] = await b.add({ retry: { baseMs: 10 } }, {});
    for (const lease of await b.claim(2)) {
      const details = lease.jobId === slow ? { retryAfterMs: 120_000 } : { retryable: false };
      await lease.fail(new AppError('COMMAND_FAILED', { message: 'busy', details }));
    }
    const waits = Date.parse((await b.tasks.show(slow)).notBefore) - clock.now().getTime();
    expect(waits).toBeGreaterThan(90_000);
    expect(waits).toBeLessThan(130_000);
    expect((await b.tasks.show(hopeless)).state).toBe('failed');
  });

  test('O23: priority, age, deadline, dependants and tries decide, and nothing waits for ever', async () => {
    await using b = await openRoom(server);
    const soon = new Date(clock.now().getTime() + 60_000).toISOString();
    const ids = await b.add(
      { name: 'low', priority: 'low' },
      { name: 'normal' },
      { name: 'critical', priority: 'critical' },
      { name: 'late', deadline: soon },
      { name: 'needed' },
      ...Array.from({ length: 8 }, () => ({ needs: [{ on: 'needed' }] })),
      { name: 'starving', priority: 'low' as const },
    );
    // Ready for two hours: not below .6, which beats a critical task that is new.
    await b.db.raw(`update tasks set ready_at = now() - interval '2 hours' where id = $1`, [ids.at(-1)]);
    const order = [...(await b.claim(1)), ...(await b.claim(1)), ...(await b.claim(1))];
    for (let more = await b.claim(1); more.length > 0; more = await b.claim(1)) order.push(...more);
    const place = (index: number) => order.findIndex((lease) => lease.jobId === ids.at(index));
    expect([-1, 3, 2, 4, 1, 0].map(place)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('O23: a ticket with many tasks does not keep the others waiting', async () => {
    await using b = await openRoom(server);
    await b.add(...Array.from({ length: 20 }, () => ({ ticketId: 'tkt_flood' })));
    const [small] = await b.add({ ticketId: 'tkt_small' });
    const first = await b.claim(3);
    expect(first.map((lease) => lease.jobId)).toContain(small);
  });

  test('O22: a task goes only to whoever has its capabilities', async () => {
    await using b = await openRoom(server);
    const [id] = await b.add({ capabilities: ['python', 'docker'] });
    expect(await b.claim(1, { capabilities: ['python'] })).toEqual([]);
    const [lease] = await b.claim(1, { capabilities: ['docker', 'python', 'go'] });
    expect(lease?.jobId).toBe(id);
  });

  test('O26: tasks that own the same file never run at once, also when claimed at the same moment', async () => {
    await using b = await openRoom(server);
    for (let round = 0; round < 10; round += 1) {
      await b.add(
        { projectId: 'p', files: ['src/a.ts', 'src/b.ts'] },
        { projectId: 'p', files: ['src/b.ts', 'src/c.ts'] },
        { projectId: 'other', files: ['src/b.ts'] },
      );
      const claimed = (await Promise.all([b.claim(), b.claim(), b.claim()])).flat();
      expect(claimed.map((lease) => lease.projectId).toSorted()).toEqual(['other', 'p']);
      for (const lease of claimed) await lease.complete();
      const rest = await b.one();
      await rest.complete();
    }
  });

  test('O26: of several that are claimed in one go and own the same file, one is taken', async () => {
    await using b = await openRoom(server);
    await b.add(...Array.from({ length: 3 }, () => ({ files: ['src/a.ts'] })), {});
    expect(await b.claim(4)).toHaveLength(2);
  });

  test('T63: a running task that is cancelled may stop by itself; past its time it is over without it', async () => {
    await using b = await openRoom(server, { renewMs: 20 });
    const [polite = '', deaf = ''] = await b.add(
      { payload: { polite: true } },
      { payload: { polite: false } },
    );
    const began = new Map([polite, deaf].map((id) => [id, Promise.withResolvers<void>()]));
    const release = Promise.withResolvers<void>();
    const handler: TaskHandler = async (task, signal) => {
      began.get(task.jobId)?.resolve();
      if (task.payload['polite'] !== true) return release.promise;
      await clock.sleep(600_000, signal);
    };
    const stop = new AbortController();
    const working = b.queue.workOn({ ...ME, handlers: { test: handler }, slots: 2 }, stop.signal);
    await Promise.all([...began.values()].map(({ promise }) => promise));
    await b.tasks.cancel(polite, { graceMs: 600_000, reason: 'changed my mind' });
    await expect.poll(() => b.states([polite])).toEqual(['cancelled']);
    await b.tasks.cancel(deaf, { graceMs: 50, reason: 'changed my mind' });
    await expect.poll(() => b.states([deaf])).toEqual(['cancelled']);
    release.resolve();
    stop.abort();
    await working;
    expect(await b.states([polite, deaf])).toEqual(['cancelled', 'cancelled']);
  });

  test('T57: a try that runs longer than the task allows is stopped and counted', async () => {
    await using b = await openRoom(server);
    const [id = ''] = await b.add({ timeoutMs: 50, retry: { limit: 0 } });
    const stop = new AbortController();
    const handler: TaskHandler = (_task, signal) => clock.sleep(600_000, signal);
    const working = b.queue.workOn({ ...ME, handlers: { test: handler }, slots: 1 }, stop.signal);
    await expect.poll(() => b.states([id])).toEqual(['failed']);
    stop.abort();
    await working;
    expect((await b.tasks.show(id)).reason).toContain('longer than its 50 ms');
  });

  test('O25: a slot is filled as soon as it is free, while a long task still runs', async () => {
    await using b = await openRoom(server, { pollMs: 600_000 });
    await b.add({ payload: { long: true } }, ...Array.from({ length: 6 }, () => ({})));
    const release = Promise.withResolvers<void>();
    let short = 0;
    const all = Promise.withResolvers<void>();
    const handler: TaskHandler = async (task) => {
      if (task.payload['long'] === true) return release.promise;
      short += 1;
      if (short === 6) all.resolve();
    };
    const stop = new AbortController();
    const working = b.queue.workOn({ ...ME, handlers: { test: handler }, slots: 2 }, stop.signal);
    // The long one holds its slot all the time: with a barrier this would never come.
    await all.promise;
    release.resolve();
    stop.abort();
    await working;
    expect(short).toBe(6);
  });

  test('O21: a task passes to another holder with its locks, and the giver’s word no longer counts', async () => {
    await using b = await openRoom(server);
    const [id = ''] = await b.add({});
    const lease = await b.one();
    const lock = await b.locks.acquire({ resource: 'branch:x', mode: 'exclusive', holder: 'me', taskId: id });
    const hands = createTaskHands(60_000);
    expect(await b.db.transaction((q) => hands.find(q, lease.key))).toMatchObject({ id, owner: 'me' });
    const give = (from: string) => b.db.transaction((q) => hands.give(q, { taskId: id, from, to: 'you' }));
    expect(await give('somebody')).toBe(false);
    expect(await give('me')).toBe(true);
    expect([await lease.renew(), await lease.complete(), await b.locks.renew(lock)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(await b.locks.list(5)).toMatchObject([{ resource: 'branch:x', holder: 'you', taskId: id }]);
  });
});
