// Jobs survive their workers: one holder at a time, leases that run out, retries, dead letters.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sql } from '#database/drizzle.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import type { Lease, Queue } from '#queue/port.ts';
import { createQueue, type QueueOptions } from '#queue/queue.ts';
import * as tables from '#queue/tables.ts';
import { openTestDatabase, servers } from '../support/database.ts';

const clock = createSystemClock();
const log = createLog({ level: 'silent' });
const HOLDER = fileURLToPath(new URL('./lease-holder.ts', import.meta.url));

interface Bench extends AsyncDisposable {
  readonly db: Awaited<ReturnType<typeof openTestDatabase>>['db'];
  readonly url: string;
  readonly queue: Queue;
  add(
    runId: string,
    options?: { key?: string; delaySeconds?: number; retry?: { limit: number; baseMs?: number } },
  ): Promise<string>;
  another(options?: Partial<QueueOptions>): Promise<Queue>;
}

async function openQueue(
  server: (typeof servers)[number],
  options: Partial<QueueOptions> = {},
): Promise<Bench> {
  const t = await openTestDatabase(server, { tables: Object.values(tables) });
  const queues: Queue[] = [];
  const make = (db: Bench['db'], more: Partial<QueueOptions>): Queue => {
    const queue = createQueue({ db, clock, log, pollMs: 50, ...options, ...more });
    queues.push(queue);
    return queue;
  };
  const queue = make(t.db, {});
  return {
    db: t.db,
    url: t.url,
    queue,
    another: async (more = {}) => make(await t.open(), more),
    add: async (runId, { key = runId, ...rest } = {}) =>
      (await t.db.transaction((q) => queue.enqueue(q, { queue: 'run', key, data: { runId }, ...rest })))
        .jobId,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(queues.map((one) => one.close()));
      await t[Symbol.asyncDispose]();
    },
  };
}

function present<T>(value: T | null): T {
  if (value === null) throw new Error('expected a lease');
  return value;
}

describe.each(servers)('the queue on the %s server', (server) => {
  test('a job is added with the transaction of its caller, or not at all', async () => {
    await using b = await openQueue(server);
    const failed = b.db.transaction(async (q) => {
      await b.queue.enqueue(q, { queue: 'run', key: 'a', data: { runId: 'run_a' } });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await b.queue.takeNext('run', 'me')).toBeNull();
    await b.add('run_a');
    expect((await b.queue.takeNext('run', 'me'))?.data).toEqual({ runId: 'run_a' });
  });

  test('one live job a key: waiting, running, and free again when it has ended', async () => {
    await using b = await openQueue(server);
    const first = await b.add('run_a');
    expect(await b.add('run_a')).toBe(first);
    const lease = present(await b.queue.take(first, 'me'));
    expect(await b.add('run_a')).toBe(first);
    expect(await b.add('run_b')).not.toBe(first);
    expect(await lease.complete()).toBe(true);
    expect(await b.add('run_a')).not.toBe(first);
    expect(await b.queue.find(first)).toMatchObject({ state: 'completed', owner: null });
  });

  test('of many takers of one job exactly one gets it', async () => {
    await using b = await openQueue(server);
    const queues = [b.queue, await b.another(), await b.another()];
    for (let round = 0; round < 5; round += 1) {
      const jobId = await b.add(`run_${round}`);
      const takes = Array.from({ length: 9 }, (_, i) => queues[i % 3]?.take(jobId, `taker ${i}`));
      const leases = (await Promise.all(takes)).filter((lease) => lease != null);
      expect(leases.map((lease) => lease.jobId)).toEqual([jobId]);
    }
  });

  test('taking by id ignores a delay and never takes another job; taking the next waits for the delay', async () => {
    await using b = await openQueue(server);
    const late = await b.add('run_late', { delaySeconds: 3600 });
    const soon = await b.add('run_soon');
    expect((await b.queue.takeNext('run', 'me'))?.jobId).toBe(soon);
    expect(await b.queue.takeNext('run', 'me')).toBeNull();
    expect((await b.queue.take(late, 'me'))?.jobId).toBe(late);
    expect(await b.queue.take('no such job', 'me')).toBeNull();
    expect(await b.queue.take('00000000-0000-4000-8000-000000000000', 'me')).toBeNull();
  });

  test('a lease that ran out is taken over; the old holder can neither renew nor end the job', async () => {
    await using b = await openQueue(server, { leaseMs: 1 });
    const jobId = await b.add('run_a');
    const old = present(await b.queue.take(jobId, 'old'));
    await expect.poll(() => b.queue.reclaim()).toBe(1);
    const patient = await b.another({ leaseMs: 60_000 });
    const fresh = present(await patient.take(jobId, 'new'));
    expect(fresh.epoch).toBe(old.epoch + 1);
    expect([await old.renew(), await old.complete(), await old.fail('x'), await old.release()]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(await patient.reclaim()).toBe(0);
    expect(await fresh.renew()).toBe(true);
    expect(await b.queue.find(jobId)).toMatchObject({ state: 'running', owner: 'new' });
    expect(await fresh.complete()).toBe(true);
  });

  test('a released job is ready for anybody at once, and its releaser is no holder any more', async () => {
    await using b = await openQueue(server);
    const jobId = await b.add('run_a');
    const first = present(await b.queue.takeNext('run', 'one'));
    expect(await first.release()).toBe(true);
    const second = present(await b.queue.takeNext('run', 'two'));
    expect([second.jobId, second.epoch]).toEqual([jobId, 2]);
    expect(await first.complete()).toBe(false);
  });

  test('a failed job comes back later and later, and at last is a dead letter with its data', async () => {
    await using b = await openQueue(server);
    const jobId = await b.add('run_a', { retry: { limit: 2, baseMs: 30_000 } });
    const delays: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      expect(await present(await b.queue.take(jobId, 'me')).fail(new Error(`round ${round} \u0000`))).toBe(
        true,
      );
      expect(await b.queue.takeNext('run', 'me')).toBeNull();
      const [row] = await b.db.raw<{ s: number }>(
        'select extract(epoch from not_before - now())::float8 as s from tasks where id = $1',
        [jobId],
      );
      delays.push(row?.s ?? 0);
    }
    expect(delays[0]).toBeGreaterThan(25);
    expect(delays[1]).toBeGreaterThan(50);
    expect(await b.queue.find(jobId)).toMatchObject({ state: 'failed' });
    const dead = await b.db.raw(`select payload, reason from tasks where state = 'failed'`);
    expect(dead).toEqual([{ payload: { runId: 'run_a' }, reason: 'round 2 ' }]);
    const tries = await b.db.raw('select error, outcome from task_tries where task_id = $1 order by token', [
      jobId,
    ]);
    expect(tries).toEqual(
      ['round 0 ', 'round 1 ', 'round 2 '].map((error) => ({ error, outcome: 'failed' })),
    );
  });

  test('a job whose workers die again and again ends as a dead letter', async () => {
    await using b = await openQueue(server, { leaseMs: 1 });
    const jobId = await b.add('run_a', { retry: { limit: 1 } });
    for (let round = 0; round < 2; round += 1) {
      present(await b.queue.take(jobId, 'mortal'));
      await expect.poll(() => b.queue.reclaim()).toBe(1);
    }
    expect(await b.queue.find(jobId)).toMatchObject({ state: 'failed' });
  });

  test('a cancelled job is taken by nobody, and its holder is told at the next renewal', async () => {
    await using b = await openQueue(server);
    const waiting = await b.add('run_a');
    expect(await b.queue.cancel(waiting)).toBe(true);
    expect(await b.queue.take(waiting, 'me')).toBeNull();
    const running = await b.add('run_b');
    const lease = present(await b.queue.take(running, 'me'));
    expect(await b.queue.cancel(running)).toBe(true);
    expect([await lease.renew(), await lease.complete()]).toEqual([false, false]);
    expect(await b.queue.find(running)).toMatchObject({ state: 'cancelled' });
    expect(await b.queue.cancel(running)).toBe(false);
  });

  test('workers of two connections do every job once, woken by notification', async () => {
    // A poll of a minute would let the test time out: only notifications can be in time.
    await using b = await openQueue(server, { pollMs: 60_000 });
    const done: string[] = [];
    const all = Promise.withResolvers<void>();
    const stop = new AbortController();
    const handler = async (job: Lease<'run'>): Promise<void> => {
      done.push(job.data.runId);
      if (done.length === 20) all.resolve();
    };
    const workers = [b.queue, await b.another()].map((queue, i) =>
      queue.work({ queue: 'run', owner: `w${i}`, concurrency: 2, handler }, stop.signal),
    );
    const added = Array.from({ length: 20 }, (_, i) => `run_${i}`);
    for (const runId of added) await b.add(runId);
    await all.promise;
    stop.abort();
    await Promise.all(workers);
    expect(done.toSorted()).toEqual(added.toSorted());
  });

  test('a worker that is stopped gives its job back', async () => {
    await using b = await openQueue(server);
    const jobId = await b.add('run_a');
    const stop = new AbortController();
    const working = b.queue.work(
      {
        queue: 'run',
        owner: 'w',
        concurrency: 1,
        handler: (_job, signal) => {
          queueMicrotask(() => stop.abort());
          return clock.sleep(600_000, signal);
        },
      },
      stop.signal,
    );
    await working;
    expect(await b.queue.find(jobId)).toMatchObject({ state: 'waiting' });
    expect(await b.queue.take(jobId, 'next')).not.toBeNull();
  });

  test('a running handler is told when its lease is lost', async () => {
    await using b = await openQueue(server, { renewMs: 20 });
    const jobId = await b.add('run_a');
    const stop = new AbortController();
    const told = Promise.withResolvers<unknown>();
    const working = b.queue.work(
      {
        queue: 'run',
        owner: 'w',
        concurrency: 1,
        handler: async (_job, signal) => {
          await b.queue.cancel(jobId);
          await clock.sleep(600_000, signal).catch(() => told.resolve(signal.reason));
        },
      },
      stop.signal,
    );
    expect(await told.promise).toMatchObject({ code: 'RUN_CONFLICT' });
    stop.abort();
    await working;
    expect(await b.queue.find(jobId)).toMatchObject({ state: 'cancelled' });
  });

  test('the job of a killed process is taken over by another', async () => {
    await using b = await openQueue(server, { leaseMs: 400 });
    const jobId = await b.add('run_a');
    const holder = spawn(process.execPath, [HOLDER, b.url, '400'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface(holder.stdout), 'line');
    expect(line).toBe(`holds ${jobId}`);
    // It renews its lease, so nobody else gets the job for as long as it lives.
    const [{ until } = { until: '' }] = await b.db.raw<{ until: string }>(
      'select lease_until as until from tasks',
    );
    await expect
      .poll(
        async () => (await b.db.raw<{ until: string }>('select lease_until as until from tasks'))[0]?.until,
      )
      .not.toBe(until);
    expect(await b.queue.take(jobId, 'thief')).toBeNull();
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const stop = new AbortController();
    const taken = Promise.withResolvers<Lease<'run'>>();
    const working = b.queue.work(
      {
        queue: 'run',
        owner: 'heir',
        concurrency: 1,
        handler: async (job) => {
          taken.resolve(job);
          stop.abort();
        },
      },
      stop.signal,
    );
    expect(await taken.promise).toMatchObject({ jobId, owner: 'heir', data: { runId: 'run_a' } });
    await working;
    expect(await b.queue.find(jobId)).toMatchObject({ state: 'completed' });
  });

  test('a change and its job are one: seen together by others', async () => {
    await using b = await openQueue(server);
    await b.db.raw('create table changes (id integer)');
    await b.db.transaction(async (q) => {
      await q.execute(sql`insert into changes values (1)`);
      await b.queue.enqueue(q, { queue: 'run', key: 'a', data: { runId: 'run_a' } });
      expect(await b.queue.takeNext('run', 'early')).toBeNull();
    });
    expect(await b.queue.takeNext('run', 'late')).not.toBeNull();
  });
});
