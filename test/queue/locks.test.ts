// Locks: never two exclusive holders whose word counts, whatever the clock does; deadlocks are refused, not waited for.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Database } from '#database/port.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLocks, type Lock, type Locks } from '#queue/locks.ts';
import { openTestDatabase, servers } from '../support/database.ts';

const clock = createSystemClock();
const RACER = fileURLToPath(new URL('./lock-racer.ts', import.meta.url));
const ROUNDS = 1_000;

async function counts(db: Database, locks: Locks, lock: Lock): Promise<boolean> {
  return db
    .transaction((q) => locks.guard(q, lock))
    .then(
      () => true,
      (error: Error & { code?: string }) => {
        if (error.code !== 'LOCKED') throw error;
        return false;
      },
    );
}

describe.each(servers)('locks on the %s server', (server) => {
  test('O26: shared holders share, an exclusive one is alone, and the refusal names who holds it', async () => {
    await using t = await openTestDatabase(server);
    const locks = createLocks({ db: t.db, clock });
    const ask = (holder: string, mode: 'shared' | 'exclusive') =>
      locks.acquire({ resource: 'branch:main', holder, mode });
    const first = await ask('a', 'shared');
    const second = await ask('b', 'shared');
    expect(second.token).toBeGreaterThan(first.token);
    await expect(ask('c', 'exclusive')).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining('a (shared), b (shared)'),
    });
    expect(await locks.release(second)).toBe(true);
    // The last sharer may have it alone; a newcomer may not share then.
    const alone = await ask('a', 'exclusive');
    expect(alone.token).toBeGreaterThan(second.token);
    await expect(ask('b', 'shared')).rejects.toMatchObject({ code: 'LOCKED' });
    expect(await counts(t.db, locks, first)).toBe(false);
    expect(await counts(t.db, locks, alone)).toBe(true);
    expect((await ask('a', 'exclusive')).token).toBe(alone.token);
  });

  test('O26: the database itself refuses a second exclusive holder, and a sharer beside one', async () => {
    await using t = await openTestDatabase(server);
    const locks = createLocks({ db: t.db, clock });
    await locks.acquire({ resource: 'r', holder: 'a', mode: 'exclusive' });
    const smuggle = (mode: string) =>
      t.db.raw(
        `insert into lock_holders (resource, mode, holder, acquired_at, until) values ('r', $1, 'b', now(), now())`,
        [mode],
      );
    await expect(smuggle('exclusive')).rejects.toThrow('lock_holders_exclusive');
    await expect(smuggle('shared')).rejects.toThrow('foreign key');
  });

  test('O26: an expired lock is taken by whoever asks next, and its old holder takes no effect any more', async () => {
    await using t = await openTestDatabase(server);
    const locks = createLocks({ db: t.db, clock });
    const old = await locks.acquire({ resource: 'env:staging', holder: 'a', mode: 'exclusive', ttlMs: 1 });
    await expect.poll(async () => (await locks.list(5))[0]?.expired).toBe(true);
    const fresh = await locks.acquire({ resource: 'env:staging', holder: 'b', mode: 'exclusive' });
    expect(fresh.token).toBeGreaterThan(old.token);
    expect([await locks.renew(old), await counts(t.db, locks, old), await locks.release(old)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(await locks.renew(fresh)).toBe(true);
  });

  test('O26: who holds a lock during an effect keeps it until the effect is stored', async () => {
    await using t = await openTestDatabase(server);
    const locks = createLocks({ db: t.db, clock });
    const other = createLocks({ db: await t.open(), clock });
    const lock = await locks.acquire({ resource: 'r', holder: 'a', mode: 'exclusive', ttlMs: 150 });
    const order: string[] = [];
    const taken = t.db.transaction(async (q) => {
      await locks.guard(q, lock);
      const rival = other.acquire({ resource: 'r', holder: 'b', mode: 'exclusive', waitMs: 30_000 });
      // The lock runs out, and the rival stands before it: only our transaction keeps it away.
      const blocked = `select count(*)::integer as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      await expect.poll(() => t.db.raw(blocked), { timeout: 20_000 }).toEqual([{ n: 1 }]);
      order.push('effect');
      return { rival };
    });
    await (await taken).rival;
    order.push('rival');
    expect(order).toEqual(['effect', 'rival']);
  });

  test('O26: waiting gets the lock when it is free, and a circle of waiters loses its youngest', async () => {
    await using t = await openTestDatabase(server);
    const locks = createLocks({ db: t.db, clock });
    const ask = (holder: string, resource: string, waitMs = 0) =>
      locks.acquire({ resource, holder, mode: 'exclusive', waitMs });
    await ask('a', 'one');
    const two = await ask('b', 'two');
    await ask('c', 'three');
    const elder = ask('a', 'two', 60_000);
    await expect.poll(() => t.db.raw('select holder from lock_waits')).toEqual([{ holder: 'a' }]);
    const middle = ask('b', 'three', 60_000);
    await expect.poll(() => t.db.raw('select holder from lock_waits')).toHaveLength(2);
    await expect(ask('c', 'one', 60_000)).rejects.toMatchObject({
      code: 'LOCKED',
      details: {
        deadlock: ['a', 'b', 'c'].toSorted((x, y) => (x === 'a' ? -1 : y === 'a' ? 1 : x < y ? -1 : 1)),
      },
    });
    expect(await locks.releaseAll({ holder: 'c' })).toBe(1);
    expect((await middle).resource).toBe('three');
    await locks.release(two);
    expect((await elder).resource).toBe('two');
    expect(await t.db.raw('select holder from lock_waits')).toEqual([]);
  });
});

const HOLDERS = ['a', 'b', 'c'];
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('acquire' as const),
      who: fc.nat(2),
      what: fc.nat(1),
      shared: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('jump' as const), ms: fc.integer({ min: -90_000, max: 90_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('renew' as const), which: fc.nat(20) }) },
);

test('O26: under jumps of the clock, forth and back, no two words count that must not', async () => {
  await using t = await openTestDatabase('embedded');
  await t.db.raw('create table test_clock as select now() as at');
  const locks = createLocks({ db: t.db, clock, now: '(select at from test_clock)' });
  let granted = 0;
  const property = fc.asyncProperty(
    fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
    async (rounds) => {
      await t.db.raw('delete from lock_holders');
      const given: Lock[] = [];
      for (const round of rounds) {
        // What stands in a round happens at once.
        await Promise.all(
          round.map(async (action) => {
            if (action.do === 'jump') {
              await t.db.raw(`update test_clock set at = at + $1 * interval '1 ms'`, [action.ms]);
            } else if (action.do === 'acquire') {
              const mode = action.shared ? 'shared' : 'exclusive';
              const request = {
                resource: `r${action.what}`,
                holder: HOLDERS[action.who] ?? '',
                mode,
              } as const;
              const lock = await locks.acquire(request).catch((error: Error & { code?: string }) => {
                if (error.code !== 'LOCKED') throw error;
                return null;
              });
              if (lock !== null) given.push(lock);
            } else {
              const lock = given[action.which % Math.max(1, given.length)];
              if (lock) await (action.do === 'release' ? locks.release(lock) : locks.renew(lock));
            }
          }),
        );
        const valid: Lock[] = [];
        const unique = new Map(given.map((lock) => [lock.token, lock]));
        await t.db.transaction(async (q) => {
          for (const lock of unique.values()) {
            const held = await locks.guard(q, lock).then(
              () => true,
              () => false,
            );
            if (held) valid.push(lock);
          }
        });
        granted += valid.length;
        for (const resource of ['r0', 'r1']) {
          const here = valid.filter((lock) => lock.resource === resource);
          const alone = here.some(({ mode }) => mode === 'exclusive');
          expect(here.length, JSON.stringify(here)).toBeLessThanOrEqual(alone ? 1 : HOLDERS.length);
        }
      }
    },
  );
  await fc.assert(property, { numRuns: 40, seed: 26 });
  expect(granted).toBeGreaterThan(100);
}, 60_000);

test('O26: of two processes that race for the last lock, a thousand times, each time one wins', async () => {
  await using t = await openTestDatabase('server');
  const racers = [0, 1].map(() =>
    fork(RACER, [t.url, String(ROUNDS)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  await Promise.all(racers.map((racer) => once(racer, 'message')));
  const won = await Promise.all(
    racers.map(async (racer) => {
      const answer = once(racer, 'message');
      racer.send('go');
      return ((await answer) as [number[]])[0];
    }),
  );
  expect(won.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: ROUNDS }, (_, i) => i));
  // Both won some: they did race.
  expect(Math.min(...won.map((rounds) => rounds.length))).toBeGreaterThan(0);
}, 60_000);
