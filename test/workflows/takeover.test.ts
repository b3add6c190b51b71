// Who may work on a run: one owner at a time, requests obeyed at once, the dead replaced, the fenced-off kept out.
import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { createSystemClock } from '#foundation/clock.ts';
import { isCertainlyDead, ownerText, parseOwner, thisProcess } from '#workflows/owner.ts';
import type { Coder } from '#workflows/ports.ts';
import { createRunStore } from '#workflows/run-store.ts';
import { GOOD_ADD, GOOD_TWICE, git, scriptedCoder } from './support/laboratory.ts';
import { useWorld } from './support/world.ts';

const world = useWorld();
const clock = createSystemClock();
const LIMIT_MS = 20_000;

/** A coder that holds its run until it is released or told to stop, then does what `then` does. */
function gate(then: Coder = scriptedCoder([[GOOD_ADD, GOOD_TWICE]])) {
  const began = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const coder: Coder = {
    name: 'held',
    code: async (input, tools, signal) => {
      began.resolve();
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('told to stop')));
        void released.promise.then(resolve);
      });
      return then.code(input, tools, signal);
    },
  };
  return { coder, began: began.promise, release: () => released.resolve() };
}

/** Polls until `probe` is true; fails after 20 s. */
async function until(probe: () => Promise<boolean>): Promise<void> {
  const end = clock.monotonicMs() + LIMIT_MS;
  while (!(await probe())) {
    if (clock.monotonicMs() > end) throw new Error('it did not come true in time');
    await clock.sleep(20);
  }
}

describe('R6, T57: requests to a run that is being executed', () => {
  test('a pause keeps the checkpoint, records nothing of the step, and resumes', async () => {
    const { coder, began, release } = gate();
    const { engine, journal, workspaces } = world.build({ coder });
    const { run } = await engine.start({ repository: world.repository.path });
    const executing = engine.execute(run.key);
    await began;
    const { workspace } = (await engine.show(run.key)).run;
    expect((await workspaces.list()).map((entry) => entry.name)).toEqual([workspace]);
    await engine.request(run.key, 'pause');
    const paused = await executing;
    expect(paused).toMatchObject({
      state: 'CODING',
      status: 'paused',
      steps: 2,
      paused: { next: `cambium run resume ${run.key}` },
    });
    expect(paused.runningMs).toBeGreaterThan(0);
    expect(await workspaces.list()).toEqual([]);
    const types = (await journal.read({ runId: run.id })).map((event) => event.type);
    expect(types.at(-1)).toBe('run.paused');
    expect(types).not.toContain('candidate.proposed');
    release();
    expect((await engine.resume(run.key)).status).toBe('succeeded');
  });

  test('a step learns of a request made on another connection within 250 ms', async () => {
    const { coder, began } = gate();
    let toldMs = 0;
    const timed: Coder = {
      name: 'timed',
      code: (input, tools, signal) => {
        signal.addEventListener('abort', () => {
          toldMs = clock.monotonicMs();
        });
        return coder.code(input, tools, signal);
      },
    };
    const { engine } = world.build({ coder: timed });
    const other = world.build({ coder: scriptedCoder([]), db: await world.database.open() });
    const { run } = await engine.start({ repository: world.repository.path });
    const executing = engine.execute(run.key);
    await began;
    const asked = clock.monotonicMs();
    await other.engine.request(run.key, 'pause');
    await executing;
    expect(toldMs - asked).toBeLessThan(250);
  });

  test('a cancellation ends it: workspace and references gone, the ticket says so', async () => {
    const { coder, began } = gate();
    const { engine, workspaces, ticketStatus } = world.build({ coder });
    const { run, ticket } = await engine.start({ repository: world.repository.path });
    const executing = engine.execute(run.key);
    await began;
    await engine.request(run.key, 'cancel');
    expect(await executing).toMatchObject({
      state: 'CANCELLED',
      status: 'cancelled',
      outcome: { kind: 'cancelled' },
    });
    expect(await ticketStatus(ticket.key)).toBe('cancelled');
    expect(await workspaces.list()).toEqual([]);
    expect(git(world.repository.path, 'for-each-ref', 'refs/cambium', 'refs/heads/cambium')).toBe('');
    await expect(engine.request(run.key, 'pause')).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
  });

  test('an interrupt of the caller pauses it', async () => {
    const { coder, began } = gate();
    const { engine } = world.build({ coder });
    const { run } = await engine.start({ repository: world.repository.path });
    const interrupt = new AbortController();
    const executing = engine.execute(run.key, interrupt.signal);
    await began;
    interrupt.abort();
    expect(await executing).toMatchObject({ status: 'paused', owner: null });
  });

  test('a run that nobody executes obeys at once', async () => {
    const { engine } = world.build({ coder: scriptedCoder([]) });
    const { run } = await engine.start({ repository: world.repository.path });
    expect(await engine.request(run.key, 'pause')).toMatchObject({ status: 'paused' });
    expect(await engine.request(run.key, 'cancel')).toMatchObject({ status: 'cancelled' });
  });
});

describe('R5: taking over', () => {
  test('a living owner keeps its run, and is named', async () => {
    const { coder, began, release } = gate();
    const { engine } = world.build({ coder });
    const other = world.build({ coder: scriptedCoder([]), db: await world.database.open() });
    const { run } = await engine.start({ repository: world.repository.path });
    const executing = engine.execute(run.key);
    await began;
    await expect(other.engine.resume(run.key)).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
      message: expect.stringContaining(`process ${process.pid} on `),
    });
    release();
    expect((await executing).status).toBe('succeeded');
  });

  test('when the lease has run out the run is taken, and the old owner cannot write any more', async () => {
    const { coder, began, release } = gate();
    const { engine, queue } = world.build({ coder });
    const other = world.build({
      coder: scriptedCoder([[GOOD_ADD, GOOD_TWICE]]),
      db: await world.database.open(),
    });
    const { run } = await engine.start({ repository: world.repository.path });
    const executing = engine.execute(run.key).then(
      () => 'it wrote',
      (error: Error & { code?: string }) => error.code,
    );
    await began;
    await world.database.db.raw(
      `update tasks set lease_until = now() - interval '1 second' where state = 'running'`,
    );
    const done = await other.engine.resume(run.key);
    release();
    expect(await executing).toBe('RUN_CONFLICT');
    expect(done.status).toBe('succeeded');
    const detail = await other.engine.show(run.key);
    expect(detail.steps.map((step) => step.seq)).toEqual([1, 2, 3, 4, 5]);
    expect(detail.run.updatedAt).toBe(done.updatedAt);
    expect(await queue.reclaim()).toBe(0);
  });

  test('a run whose worker was killed waits again at once for its readers, although its lease stands', async () => {
    const { coder, began, release } = gate();
    const { engine, db } = world.build({ coder });
    const { run } = await engine.start({ repository: world.repository.path });
    const executing = engine.execute(run.key);
    await began;
    expect(await engine.view(run.key)).toMatchObject({
      status: 'running',
      owner: expect.stringContaining('process'),
    });
    const killed = { ...(await thisProcess()), started: '1' };
    const [kept] = await db.raw<{ owner: unknown }>('select owner from runs where id = $1', [run.id]);
    await db.raw('update runs set owner = $2 where id = $1', [run.id, JSON.stringify(killed)]);
    expect(await engine.view(run.key)).toMatchObject({ status: 'queued', owner: null, workspace: null });
    expect((await engine.list())[0]?.status).toBe('queued');
    expect((await engine.list({ ticketId: run.ticketId }))[0]?.status).toBe('queued');
    await db.raw('update runs set owner = $2 where id = $1', [run.id, JSON.stringify(kept?.owner)]);
    release();
    expect((await executing).status).toBe('succeeded');
  });

  test('every write of an older epoch is refused', async () => {
    const { engine, db, journal } = world.build({ coder: scriptedCoder([]) });
    const { run } = await engine.start({ repository: world.repository.path });
    const store = createRunStore({ db, journal, clock, probe: () => undefined });
    const queued = await store.load(run.id);
    const owner = await thisProcess();
    const claim = {
      owner,
      ownerName: 'one',
      leaseUntil: clock.now().toISOString(),
      options: queued.options,
      checkpoint: queued.checkpoint,
      withdrawPause: false,
    };
    const first = await store.claim(queued, claim);
    if (!first) throw new Error('the first claim failed');
    expect(await store.claim(queued, claim)).toBeNull();
    const second = await store.claim(await store.load(run.id), claim);
    expect(second?.epoch).toBe(first.epoch + 1);
    const move = {
      to: 'PLANNING' as const,
      attempt: 0,
      checkpoint: first.checkpoint,
      reason: 'late',
      step: null,
      outcome: null,
      certificate: null,
      events: [],
      runningMs: 0,
    };
    const before = await store.load(run.id);
    expect(await store.move(first, move)).toEqual({ kind: 'fenced' });
    expect(await store.move({ ...first, version: before.version }, move)).toEqual({ kind: 'fenced' });
    expect(await store.pause(first, { reason: 'late', next: 'never' }, 0)).toEqual({ kind: 'fenced' });
    expect(await store.letGo(first, {})).toEqual({ kind: 'fenced' });
    expect(await store.renew(first, clock.now().toISOString())).toBe(false);
    expect(await store.load(run.id)).toEqual(before);
    await engine.request(run.key, 'cancel');
  });

  test('M6: a write from an outdated reading is refused', async () => {
    const { engine, db, journal } = world.build({ coder: scriptedCoder([]) });
    const { run } = await engine.start({ repository: world.repository.path });
    const store = createRunStore({ db, journal, clock, probe: () => undefined });
    const read = await store.load(run.id);
    expect(await db.transaction((q) => store.setJob(q, read, 'one'))).toBe(true);
    expect(await db.transaction((q) => store.setJob(q, read, 'two'))).toBe(false);
    expect((await store.load(run.id)).jobId).toBe('one');
  });

  test('M6: a checkpoint of another version is refused with its path, not misread', async () => {
    const { engine } = world.build({ coder: scriptedCoder([]) });
    const { run } = await engine.start({ repository: world.repository.path });
    await world.database.db.raw(
      `update runs set checkpoint = jsonb_set(checkpoint, '{version}', '99') where id = $1`,
      [run.id],
    );
    await expect(engine.execute(run.key)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/checkpoint of RUN-\d+.*version/),
    });
    await world.database.db.raw(`delete from runs where id = $1`, [run.id]);
  });

  test('a worker takes queued runs, gives back what it holds when it stops, and another one finishes it', async () => {
    const held = gate();
    const { engine } = world.build({ coder: held.coder });
    const { run } = await engine.start({ repository: world.repository.path });
    const stop = new AbortController();
    const working = engine.work({ concurrency: 1 }, stop.signal);
    await held.began;
    stop.abort();
    await working;
    expect(await engine.show(run.key)).toMatchObject({
      run: { status: 'queued', state: 'CODING', owner: null },
    });
    const other = world.build({ coder: scriptedCoder([[GOOD_ADD, GOOD_TWICE]]) });
    const enough = new AbortController();
    const finishing = other.engine.work({ concurrency: 1 }, enough.signal);
    await until(async () => (await engine.show(run.key)).run.status === 'succeeded');
    enough.abort();
    await finishing;
  });
});

describe('the owner of a run', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  test('this process is alive, and reads back from its text', async () => {
    const self = await thisProcess();
    expect(parseOwner(ownerText(self))).toEqual(self);
    expect(await isCertainlyDead(self)).toBe(false);
    expect(parseOwner('a worker somewhere')).toBeNull();
  });

  test('a killed process is certainly dead; so is an older one whose number was given away', async () => {
    const child = spawn('sleep', ['60']);
    children.push(child);
    const self = await thisProcess();
    const owner = { ...self, pid: child.pid ?? 0, started: '' };
    expect(await isCertainlyDead(owner)).toBe(false);
    expect(await isCertainlyDead({ ...self, started: '1' })).toBe(true);
    const gone = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(await isCertainlyDead(owner)).toBe(true);
  });

  test('of a process elsewhere nothing is certain', async () => {
    const self = await thisProcess();
    expect(await isCertainlyDead({ ...self, pid: 999_999_999, host: 'elsewhere' })).toBe(false);
    expect(await isCertainlyDead({ ...self, pid: 999_999_999, place: 'another boot' })).toBe(false);
  });
});
