// The journal: events stand with their change, are never altered, and reach every subscriber once and in order.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JournalEvent, NewEvent } from '#contracts/event.ts';
import { sql } from '#database/drizzle.ts';
import { createManualClock, createSystemClock } from '#foundation/clock.ts';
import { createJournal } from '#journal/journal.ts';
import { events, journalHead } from '#journal/tables.ts';
import { openTestDatabase, servers } from '../support/database.ts';

const clock = createSystemClock();

function warned(attempt: number, runId = 'run_1'): NewEvent<'run.warned'> {
  return { type: 'run.warned', subject: { runId }, payload: { attempt, limit: 15 } };
}

/** Collects `count` events and then ends the subscription. */
async function collect(
  source: (signal: AbortSignal) => AsyncIterable<JournalEvent>,
  count: number,
): Promise<JournalEvent[]> {
  const stop = new AbortController();
  const seen: JournalEvent[] = [];
  for await (const event of source(stop.signal)) {
    seen.push(event);
    if (seen.length >= count) stop.abort();
  }
  return seen;
}

describe.each(servers)('the journal on the %s server', (server) => {
  test('S8: events are numbered from one, carry time, subject and checked payload, and are read by cursor', async () => {
    await using t = await openTestDatabase(server, { tables: [events, journalHead] });
    const journal = createJournal({ db: t.db, clock: createManualClock('2026-03-01T00:00:00.000Z') });
    const written = await t.db.transaction((q) =>
      journal.append(q, [warned(1), warned(2, 'run_2'), warned(3)]),
    );
    expect(written.map((event) => event.seq)).toEqual([1, 2, 3]);
    expect(await journal.read()).toEqual(written);
    expect(await journal.read({ runId: 'run_1', after: 1 })).toEqual([
      { seq: 3, at: '2026-03-01T00:00:00.000Z', schema: 1, ...warned(3) },
    ]);
    expect(await journal.read({ limit: 1 })).toHaveLength(1);
  });

  test('S8: a rollback takes the event back with the change, and leaves no gap', async () => {
    await using t = await openTestDatabase(server);
    const journal = createJournal({ db: t.db, clock });
    await t.db.raw('create table things (id integer)');
    const failed = t.db.transaction(async (q) => {
      await q.execute(sql`insert into things values (1)`);
      await journal.append(q, [warned(1)]);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await t.db.transaction(async (q) => {
      await q.execute(sql`insert into things values (2)`);
      await journal.append(q, [warned(2)]);
    });
    expect(await t.db.raw('select id from things')).toEqual([{ id: 2 }]);
    expect((await journal.read()).map((event) => [event.seq, event.payload])).toEqual([
      [1, { attempt: 2, limit: 15 }],
    ]);
  });

  test('S8: nobody changes or removes an event', async () => {
    await using t = await openTestDatabase(server);
    const journal = createJournal({ db: t.db, clock });
    await t.db.transaction((q) => journal.append(q, [warned(1)]));
    for (const statement of [`update events set type = 'x'`, 'delete from events', 'truncate events']) {
      await expect(t.db.raw(statement), statement).rejects.toThrow('never changed or removed');
    }
    expect(await journal.read()).toHaveLength(1);
  });

  test('a payload that does not fit its schema is refused, and foreign characters are made storable', async () => {
    await using t = await openTestDatabase(server);
    const journal = createJournal({ db: t.db, clock });
    const wrong = { ...warned(1), payload: { attempt: 'one' } } as unknown as NewEvent;
    await expect(t.db.transaction((q) => journal.append(q, [wrong]))).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    const odd: NewEvent = {
      type: 'run.paused',
      subject: {},
      payload: { reason: 'zero \u0000 and half \ud800', next: '\u{1f600}' },
    };
    await t.db.transaction((q) => journal.append(q, [odd]));
    expect((await journal.read()).map((event) => event.payload)).toEqual([
      { reason: 'zero \ufffd and half \ufffd', next: '\u{1f600}' },
    ]);
  });

  test('S8: under concurrent writers a subscriber with a cursor misses nothing and sees commit order', async () => {
    const writer = fc.array(
      fc.record({
        events: fc.integer({ min: 1, max: 4 }),
        queries: fc.integer({ min: 0, max: 6 }),
        fails: fc.boolean(),
      }),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(writer, { minLength: 2, maxLength: 6 }),
        fc.nat({ max: 5 }),
        async (writers, cursor) => {
          await using t = await openTestDatabase(server);
          const journal = createJournal({ db: t.db, clock });
          const kept = writers
            .flat()
            .filter((write) => !write.fails)
            .reduce((sum, write) => sum + write.events, 0);
          const after = Math.min(cursor, kept);
          const seen = collect((signal) => journal.subscribe({ after, signal }), kept - after || 1);
          const writing = writers.map(async (writes, name) => {
            for (const [place, write] of writes.entries()) {
              const added = Array.from({ length: write.events }, (_, part) =>
                warned(part, `run_${name}_${place}`),
              );
              await t.db
                .transaction(async (q) => {
                  await journal.append(q, added);
                  // Time passes between the number and the commit, differently for each writer.
                  for (let i = 0; i < write.queries; i += 1) await q.execute(sql`select 1`);
                  if (write.fails) throw new Error('rolled back');
                })
                .catch((error: Error) => expect(error.message).toBe('rolled back'));
            }
          });
          await Promise.all(writing);
          if (kept === after) await t.db.transaction((q) => journal.append(q, [warned(0)]));
          const all = await journal.read();
          expect(all.map((event) => event.seq)).toEqual(all.map((_, place) => place + 1));
          expect(await seen).toEqual(all.slice(after));
        },
      ),
      { numRuns: 12 },
    );
  });

  test('a subscriber hears of events written by another connection without waiting for the poll', async () => {
    await using t = await openTestDatabase(server);
    const other = createJournal({ db: await t.open(), clock });
    // With a clock that stands still the poll never comes: only a notification can wake the subscriber.
    const journal = createJournal({ db: t.db, clock: createManualClock() });
    const seen = collect((signal) => journal.subscribe({ runId: 'run_b', signal }), 2);
    const db = await t.open();
    await db.transaction((q) => other.append(q, [warned(1, 'run_a'), warned(2, 'run_b')]));
    await db.transaction((q) => other.append(q, [warned(3, 'run_b')]));
    expect((await seen).map((event) => event.seq)).toEqual([2, 3]);
  });

  test('a subscriber goes on after its connections were cut, from where it was', async () => {
    await using t = await openTestDatabase(server);
    const other = await t.open();
    const writer = createJournal({ db: other, clock });
    const journal = createJournal({ db: t.db, clock });
    const stop = new AbortController();
    const stream = journal.subscribe({ signal: stop.signal })[Symbol.asyncIterator]();
    await other.transaction((q) => writer.append(q, [warned(1)]));
    expect((await stream.next()).value).toMatchObject({ seq: 1 });
    await other.raw(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
    await other.transaction((q) => writer.append(q, [warned(2)]));
    expect((await stream.next()).value).toMatchObject({ seq: 2 });
    stop.abort();
    expect((await stream.next()).done).toBe(true);
  });

  test('an aborted subscription ends without an error', async () => {
    await using t = await openTestDatabase(server);
    const journal = createJournal({ db: t.db, clock: createManualClock() });
    const stop = new AbortController();
    const next = journal.subscribe({ signal: stop.signal })[Symbol.asyncIterator]().next();
    stop.abort();
    expect((await next).done).toBe(true);
  });
});
