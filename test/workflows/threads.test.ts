// Threads and handoffs on a real database: read once, answered once, and over when time is.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkSchema } from '#database/check.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createJournal } from '#journal/journal.ts';
import * as tables from '#workflows/collaboration-tables.ts';
import { createHandoffs, type Handoffs } from '#workflows/handoffs.ts';
import { createThreads, type Threads } from '#workflows/threads.ts';
import { openTestDatabase, servers, type TestDatabase } from '../support/database.ts';
import { createHeldTasks, heldTasks } from './support/held-tasks.ts';

const PACKAGE = { summary: 'Half of the parser is there.', decisions: ['one pass'], files: ['src/parse.ts'] };

describe.each(servers)('on the %s database', (server) => {
  let database: TestDatabase;
  let threads: Threads;
  let handoffs: Handoffs;
  let rounds = 0;

  const rooms = (db = database.db) => {
    const clock = createSystemClock();
    const parts = { db, journal: createJournal({ db, clock }), ids: createIds(clock) };
    const made = createThreads(parts);
    return {
      threads: made,
      handoffs: createHandoffs({ ...parts, threads: made, tasks: heldTasks }),
      ...parts,
    };
  };
  const held = async (owner = 'ann') => {
    const id = `task-${++rounds}`;
    await database.db.raw('insert into held values ($1, $2)', [id, owner]);
    await database.db.raw('insert into held_locks values ($1, $2, $3)', [`file of ${id}`, id, owner]);
    return id;
  };
  const ownerOf = async (id: string) => {
    const [row] = await database.db.raw<{ owner: string; holder: string }>(
      'select h.owner, l.holder from held h join held_locks l on l.task = h.id where h.id = $1',
      [id],
    );
    return row;
  };
  const open = (participants: string[], idleSeconds?: number) =>
    database.db.transaction((q) =>
      threads.open(q, {
        kind: 'consultation',
        subject: 'which parser?',
        by: 'ann',
        participants,
        ...(idleSeconds === undefined ? {} : { idleSeconds }),
      }),
    );
  const post = (thread: string, sender: string, body: string, receiver?: string) =>
    database.db.transaction((q) =>
      threads.post(q, { thread, sender, body, ...(receiver === undefined ? {} : { receiver }) }),
    );
  const offer = (taskId: string, more: object = {}) =>
    handoffs.offer({ taskId, from: 'ann', to: 'ben', reason: 'needs Rust', package: PACKAGE, ...more });

  beforeAll(async () => {
    database = await openTestDatabase(server);
    await createHeldTasks(database.db);
    ({ threads, handoffs } = rooms());
  });
  afterAll(() => database[Symbol.asyncDispose]());

  test('the tables are those of the migration', async () => {
    expect(await checkSchema(database.db, Object.values(tables))).toEqual([]);
  });

  test('O20: a message reaches each participant but its sender, and one alone where it names one', async () => {
    const thread = await open(['ben-1', 'cleo-1']);
    await post(thread.id, 'ann', 'to all');
    await post(thread.key, 'ben-1', 'to Cleo', 'cleo-1');
    const bodies = async (reader: string) =>
      (await threads.deliver(reader, `context of ${reader}`)).map(({ body }) => body);
    expect(await bodies('cleo-1')).toEqual(['to all', 'to Cleo']);
    expect(await bodies('ben-1')).toEqual(['to all']);
    expect(await bodies('ann')).toEqual([]);
    expect((await threads.show(thread.key)).messages.map(({ seq }) => seq)).toEqual([1, 2]);
    await expect(post(thread.id, 'ann', 'x', 'stranger')).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('O20: a message is read into one context only, and into that again after a crash', async () => {
    const thread = await open(['ben-2']);
    await post(thread.id, 'ann', 'first');
    const crowd = await Promise.all(
      Array.from({ length: 10 }, (_, index) => threads.deliver('ben-2', `run ${index}`)),
    );
    const winner = crowd.findIndex((got) => got.length > 0);
    expect(crowd.flat().map(({ body }) => body)).toEqual(['first']);
    await post(thread.id, 'ann', 'second');
    expect((await threads.deliver('ben-2', `run ${winner}`)).map(({ body }) => body)).toEqual(['first']);
    expect((await threads.deliver('ben-2', 'later')).map(({ body }) => body)).toEqual(['second']);
  });

  test('O20: messages of many writers are numbered without gaps', async () => {
    const thread = await open(['ben-3']);
    await Promise.all(Array.from({ length: 20 }, (_, index) => post(thread.id, `writer ${index}`, 'hello')));
    const { messages, thread: now } = await threads.show(thread.id);
    expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(now.participants).toHaveLength(22);
  });

  test('O20: a thread that is silent for too long is abandoned, and takes no more messages', async () => {
    const silent = await open(['ben-4'], 60);
    const lively = await open(['ben-4'], 60);
    await database.db.raw("update threads set idle_until = now() - interval '1 second' where id = any($1)", [
      [silent.id, lively.id],
    ]);
    await post(lively.id, 'ann', 'still here');
    expect(await threads.sweep()).toBe(1);
    expect((await threads.show(silent.id)).thread).toMatchObject({ state: 'abandoned', closedBy: 'cambium' });
    expect((await threads.show(lively.id)).thread.state).toBe('active');
    await expect(post(silent.id, 'ben-4', 'wait')).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
    expect((await threads.list({ state: 'abandoned' })).map(({ id }) => id)).toContain(silent.id);
  });

  test('O21: accepting moves task and locks at once, tells the package, and closes the thread', async () => {
    const task = await held();
    const made = await offer(task);
    expect(await ownerOf(task)).toEqual({ owner: 'ann', holder: 'ann' });
    const taken = await handoffs.accept({ handoff: made.key, by: 'ben', note: 'mine' });
    expect(taken).toMatchObject({ state: 'accepted', decidedBy: 'ben', package: PACKAGE });
    expect(await ownerOf(task)).toEqual({ owner: 'ben', holder: 'ben' });
    const { thread, messages } = await threads.show(made.threadId);
    expect(thread).toMatchObject({ kind: 'handoff', state: 'resolved' });
    expect(messages[0]?.body).toContain('Half of the parser is there.');
    expect(messages[0]?.body).toContain('- one pass');
    expect((await threads.deliver('ben', 'first run of ben')).map(({ sender }) => sender)).toEqual(['ann']);
  });

  test('O21: only who is asked may accept, once, in time, and while the task is still there', async () => {
    const task = await held();
    const made = await offer(task);
    const refused = (by: string) =>
      expect(handoffs.accept({ handoff: made.id, by })).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
    await refused('cleo');
    await refused('ann');
    await expect(offer(task)).rejects.toMatchObject({ message: expect.stringContaining('on offer already') });
    await expect(offer(task, { from: 'cleo' })).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
    await database.db.raw("update held set owner = 'elsewhere' where id = $1", [task]);
    await refused('ben');
    expect((await handoffs.list({ state: 'offered', agent: 'ben' })).map(({ id }) => id)).toEqual([made.id]);
    await database.db.raw("update held set owner = 'ann' where id = $1", [task]);
    await database.db.raw('update handoffs set expires_at = now() where id = $1', [made.id]);
    await refused('ben');
    expect(await handoffs.lapse()).toBe(1);
    expect((await handoffs.list({ state: 'timed-out' })).map(({ id }) => id)).toEqual([made.id]);
    expect(await ownerOf(task)).toEqual({ owner: 'ann', holder: 'ann' });
    const again = await offer(task);
    await handoffs.accept({ handoff: again.key, by: 'ben' });
    await expect(handoffs.accept({ handoff: again.key, by: 'ben' })).rejects.toMatchObject({
      message: `${again.key} is accepted by ben`,
    });
  });

  test('O21: an offer may be declined by who is asked and withdrawn by who made it', async () => {
    const declined = await offer(await held());
    expect(await handoffs.decline({ handoff: declined.id, by: 'ben', note: 'no Rust here' })).toMatchObject({
      state: 'declined',
      note: 'no Rust here',
    });
    const withdrawn = await offer(await held());
    expect(await handoffs.decline({ handoff: withdrawn.id, by: 'ann' })).toMatchObject({
      state: 'withdrawn',
    });
    await expect(handoffs.accept({ handoff: withdrawn.id, by: 'ben' })).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
    });
  });
});
