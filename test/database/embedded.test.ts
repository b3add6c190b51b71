// The embedded server: one per home however many come at once, through crashes and stale pids, and idle stops.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { embeddedStatus, stopEmbedded } from '#database/embedded.ts';
import { readMigrations } from '#database/migrate.ts';
import { type Places, preparePlaces } from '#database/supervisor/places.ts';
import { lockHolder, tryStartLock } from '#database/supervisor/start-lock.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { MIGRATIONS } from '../support/database.ts';
import { openHome, placesOf, useHomes } from './homes.ts';

const clock = createSystemClock();
const OPENER = fileURLToPath(new URL('./opener.ts', import.meta.url));
const homes = useHomes();

function runOpener(
  path: string,
  stay: 'stay' | 'go',
): ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> } {
  return homes.track(spawn(process.execPath, [OPENER, path, stay], { stdio: ['ignore', 'pipe', 'inherit'] }));
}

async function firstLine(child: {
  stdout: NodeJS.ReadableStream;
}): Promise<{ server: number; files: number }> {
  const [line] = await once(createInterface(child.stdout), 'line');
  return JSON.parse(String(line));
}

/** Leaves data with a row behind, and a postmaster.pid that names `pid`. */
async function stoppedWithPid(path: string, pidOf: (places: Places) => Promise<number>): Promise<void> {
  const db = await openHome(path);
  await db.raw('create table kept as select 42 as answer');
  await db.close();
  const places = await placesOf(path);
  const file = join(places.data, 'postmaster.pid');
  const text = await readFile(file, 'utf8');
  await stopEmbedded({ home: path, clock });
  await writeFile(file, text.replace(/^\d+/, String(await pidOf(places))), { mode: 0o600 });
  if (places.identity.dropped) await chown(file, places.identity.uid, places.identity.gid);
}

async function expectKept(path: string): Promise<void> {
  const db = await openHome(path);
  expect(await db.raw('select answer from kept')).toEqual([{ answer: 42 }]);
  await db.close();
}

describe('starting', () => {
  test('twenty processes that start at once on an empty directory end with one server and one schema', {
    timeout: 240_000,
  }, async () => {
    const path = homes.fresh();
    const files = await readMigrations(MIGRATIONS);
    const openers = Array.from({ length: 20 }, () => runOpener(path, 'go'));
    const seen = await Promise.all(openers.map(firstLine));
    const { pid } = await embeddedStatus({ home: path });
    expect(new Set(seen.map((one) => one.server))).toEqual(new Set([pid]));
    expect(new Set(seen.map((one) => one.files))).toEqual(new Set([files.length]));
    const codes = openers.map(async (child) => child.exitCode ?? (await once(child, 'exit'))[0]);
    expect(new Set(await Promise.all(codes))).toEqual(new Set([0]));
  });

  test('a second process attaches, and the server outlives a client that is killed', async () => {
    const path = await homes.used();
    const child = runOpener(path, 'stay');
    const { server } = await firstLine(child);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await firstLine(runOpener(path, 'go'))).toMatchObject({ server });
  });

  test('an open database finds its server again after it was stopped, listening included', async () => {
    const path = await homes.used();
    const db = await openHome(path);
    const heard = Promise.withResolvers<string>();
    const again = Promise.withResolvers<void>();
    await using _subscription = await db.listen('news', heard.resolve, { onReconnect: again.resolve });
    await stopEmbedded({ home: path, clock });
    await expect
      .poll(() => db.raw('select 1 as one').catch((error: Error) => error.message))
      .toEqual([{ one: 1 }]);
    await again.promise;
    await db.raw(`select pg_notify('news', 'back')`);
    expect(await heard.promise).toBe('back');
    await db.close();
  });

  test('durability is not traded away', async () => {
    const db = await openHome(await homes.used());
    const rows = await db.raw(`select name, setting from pg_settings
      where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'max_wal_size', 'shared_buffers') order by name`);
    expect(rows).toEqual([
      { name: 'fsync', setting: 'on' },
      { name: 'full_page_writes', setting: 'on' },
      { name: 'listen_addresses', setting: '' },
      { name: 'max_wal_size', setting: '256' },
      { name: 'shared_buffers', setting: '8192' },
      { name: 'synchronous_commit', setting: 'on' },
    ]);
    await db.close();
  });
});

describe('after a crash', () => {
  test('a server that was killed is started again, with its data', async () => {
    const path = await homes.used();
    const db = await openHome(path);
    await db.raw('create table kept as select 42 as answer');
    await db.close();
    const { pid } = await embeddedStatus({ home: path });
    process.kill(pid ?? 0, 'SIGKILL');
    await expectKept(path);
  });

  test('a postmaster.pid that names a stranger with a reused pid is passed over', async () => {
    const path = await homes.used();
    await stoppedWithPid(path, async (places) => homes.stranger(places, ['sleep', '600']).pid ?? 0);
    expect((await embeddedStatus({ home: path })).state).toBe('stale');
    await expectKept(path);
  });

  test('a postmaster.pid that names a dead process nobody collected is passed over', async () => {
    const path = await homes.used();
    await stoppedWithPid(path, async (places) => {
      // The shell's child ends while the program that took the shell's place never waits for it.
      const parent = homes.stranger(places, ['sh', '-c', 'sleep 1 & echo $!; exec sleep 600']);
      const [line] = await once(createInterface(parent.stdout as NodeJS.ReadableStream), 'line');
      const state = async (): Promise<string> =>
        (await readFile(`/proc/${line}/stat`, 'utf8')).split(' ')[2] ?? '';
      await expect.poll(state, { timeout: 10_000 }).toBe('Z');
      return Number(line);
    });
    await expectKept(path);
  });

  test('a start lock is held against others, and taken over from a dead holder or a reused pid', async () => {
    const lock = join(homes.base(), 'start.lock');
    const first = await tryStartLock(lock);
    expect(await lockHolder(lock)).toBe(process.pid);
    expect(await tryStartLock(lock)).toBeNull();
    await first?.release();
    const ended = spawn('true');
    await once(ended, 'exit');
    for (const holder of [
      { pid: ended.pid, ticks: '1' },
      { pid: process.pid, ticks: '1' },
    ]) {
      await writeFile(lock, JSON.stringify({ ...holder, nonce: 'old' }));
      expect(await lockHolder(lock)).toBeNull();
      const takers = await Promise.all(Array.from({ length: 8 }, () => tryStartLock(lock)));
      const winners = takers.filter((taker) => taker !== null);
      expect(winners).toHaveLength(1);
      await winners[0]?.release();
    }
  });

  test('what a killed initialisation left is cleared away', async () => {
    const path = homes.fresh();
    const places = await preparePlaces(path);
    await mkdir(`${places.data}.new-1`);
    await writeFile(join(`${places.data}.new-1`, 'half'), '');
    await (await openHome(path)).close();
    await expect(access(`${places.data}.new-1`)).rejects.toThrow('ENOENT');
  });
});

describe('stopping', () => {
  test('an idle server stops by itself, not while somebody is connected, and starts again when needed', async () => {
    const path = await homes.used();
    const db = await openHome(path, { idleStopSeconds: 1 });
    const { pid } = await embeddedStatus({ home: path });
    const since = clock.monotonicMs();
    await expect.poll(() => clock.monotonicMs() - since, { timeout: 10_000 }).toBeGreaterThan(3_500);
    expect((await embeddedStatus({ home: path })).pid).toBe(pid);
    await db.close();
    const state = async (): Promise<string> => (await embeddedStatus({ home: path })).state;
    await expect.poll(state, { timeout: 15_000 }).toBe('stopped');
    await expect
      .poll(
        async () =>
          access((await placesOf(path)).stopping).then(
            () => 'there',
            () => 'gone',
          ),
        { timeout: 5_000 },
      )
      .toBe('gone');
    await (await openHome(path)).close();
    expect(await state()).toBe('ready');
  });

  test('a stop marker whose watcher was killed does not keep anybody out', async () => {
    const path = await homes.used();
    await (await openHome(path)).close();
    const { stopping } = await placesOf(path);
    await writeFile(stopping, '');
    const longAgo = new Date(clock.now().getTime() - 60_000);
    await utimes(stopping, longAgo, longAgo);
    await (await openHome(path)).close();
    await expect(access(stopping)).rejects.toThrow('ENOENT');
  });

  test('status and stop say that there is nothing where nothing is', async () => {
    const path = homes.fresh();
    expect(await embeddedStatus({ home: path })).toMatchObject({ state: 'absent', pid: null, version: null });
    expect(await stopEmbedded({ home: path, clock })).toBe(false);
  });
});
