// What every room relies on: transactions, types, errors and notifications, on both servers.
import { describe, expect, test } from 'vitest';
import { instant, integer, pgTable, sql, text } from '#database/drizzle.ts';
import { openTestDatabase, servers } from '../support/database.ts';

const notes = pgTable('notes', {
  id: integer().primaryKey(),
  body: text().notNull(),
  at: instant().notNull(),
});
const CREATE = 'create table notes (id integer primary key, body text not null, at timestamptz not null)';
const AT = '2026-02-03T04:05:06.789Z';

describe.each(servers)('a database on the %s server', (server) => {
  test('commits a transaction that resolves and rolls back one that rejects', async () => {
    await using t = await openTestDatabase(server);
    await t.db.raw(CREATE);
    await t.db.transaction((q) => q.insert(notes).values({ id: 1, body: 'kept', at: AT }));
    const failed = t.db.transaction(async (q) => {
      await q.insert(notes).values({ id: 2, body: 'lost', at: AT });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await t.db.q.select().from(notes)).toEqual([{ id: 1, body: 'kept', at: AT }]);
  });

  test('rolls an inner transaction back without the outer one', async () => {
    await using t = await openTestDatabase(server);
    await t.db.raw(CREATE);
    await t.db.transaction(async (q) => {
      await q.insert(notes).values({ id: 1, body: 'outer', at: AT });
      const inner = q.transaction(async (deeper) => {
        await deeper.insert(notes).values({ id: 2, body: 'inner', at: AT });
        throw new Error('inner');
      });
      await inner.catch(() => undefined);
    });
    expect((await t.db.q.select().from(notes)).map((row) => row.id)).toEqual([1]);
  });

  test('reads int8 as a number, a bigint beyond 2^53, instants as ISO strings and jsonb parsed', async () => {
    await using t = await openTestDatabase(server);
    const rows = await t.db.raw(
      `select 5::int8 as small, 9007199254740993::int8 as large, 1.50::numeric as amount,
        '2026-02-03 04:05:06.789+00'::timestamptz as at, $1::jsonb as doc`,
      [JSON.stringify({ a: [1] })],
    );
    expect(rows).toEqual([{ small: 5, large: 9007199254740993n, amount: '1.50', at: AT, doc: { a: [1] } }]);
    const counted = await t.db.q.execute(sql`select count(*) as n from (values (1), (2)) v`);
    expect(counted.rows).toEqual([{ n: 2 }]);
  });

  test('delivers notifications to the listeners of a channel, and none after disposal', async () => {
    await using t = await openTestDatabase(server);
    const heard: string[] = [];
    const first = Promise.withResolvers<void>();
    const other = Promise.withResolvers<void>();
    const subscription = await t.db.listen('news', (payload) => {
      heard.push(payload);
      first.resolve();
    });
    await using _other = await t.db.listen('end', () => other.resolve());
    await t.db.raw(`select pg_notify('news', 'one'), pg_notify('elsewhere', 'x')`);
    await first.promise;
    await subscription[Symbol.asyncDispose]();
    await t.db.raw(`select pg_notify('news', 'two')`);
    await t.db.raw(`select pg_notify('end', '')`);
    await other.promise;
    expect(heard).toEqual(['one']);
  });

  test('listens again after its connection was cut, and says so', async () => {
    await using t = await openTestDatabase(server);
    const again = Promise.withResolvers<void>();
    const heard = Promise.withResolvers<string>();
    await using _subscription = await t.db.listen('news', heard.resolve, { onReconnect: again.resolve });
    await t.db.raw(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like 'LISTEN%'`);
    await again.promise;
    await t.db.raw(`select pg_notify('news', 'after')`);
    expect(await heard.promise).toBe('after');
  });

  test('works on after every connection of the pool was cut', async () => {
    await using t = await openTestDatabase(server);
    const second = await t.open();
    await t.db.raw('select 1');
    await second.raw(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
    await expect.poll(() => t.db.raw('select 1 as one').catch(() => 'away')).toEqual([{ one: 1 }]);
  });
});
