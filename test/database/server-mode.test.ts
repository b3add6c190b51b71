// A server by URL, over TCP: reached, refused with a clear word, and lived with when it goes away for a moment.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '#database/open.ts';
import type { Database } from '#database/port.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { MIGRATIONS, openTestDatabase, servers } from '../support/database.ts';

function open(url: string): Promise<Database> {
  const log = createLog({ level: 'silent' });
  return openDatabase({
    url,
    home: '',
    tables: [],
    migrationsDirectory: MIGRATIONS,
    clock: createSystemClock(),
    log,
  });
}

interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Cuts every connection. */
  cut(): void;
}

/** A TCP port that leads to the server's socket, as the tests' servers open none. */
async function relayTo(url: string): Promise<Relay> {
  const socket = `${decodeURIComponent(new URL(url).hostname)}/.s.PGSQL.5432`;
  const open = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(socket);
    for (const side of [near, far]) {
      open.add(side);
      side.on('error', () => side.destroy());
      side.on('close', () => open.delete(side));
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = (): void => {
    for (const side of open) side.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

describe.each(servers)('the %s server by URL', (server) => {
  test('is used over TCP, told apart from the embedded one, and named without credentials', async () => {
    await using t = await openTestDatabase(server);
    await using relay = await relayTo(t.url);
    const path = new URL(t.url).pathname;
    const db = await open(`postgres://cambium:secret@127.0.0.1:${relay.port}${path}`);
    expect(db.server).toEqual({
      kind: 'server',
      version: expect.stringMatching(/^\d+\.\d+$/),
      where: `127.0.0.1:${relay.port}${path}`,
    });
    expect(await db.raw(`select current_setting('timezone') as zone`)).toEqual([{ zone: 'UTC' }]);
    await db.close();
  });

  test('fails a statement whose connection breaks with the code for it, and serves the next', async () => {
    await using t = await openTestDatabase(server);
    await using relay = await relayTo(t.url);
    const db = await open(`postgres://cambium@127.0.0.1:${relay.port}${new URL(t.url).pathname}`);
    const broken = db.transaction(async (q) => {
      relay.cut();
      await q.execute('select 1');
    });
    await expect(broken).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await expect.poll(() => db.raw('select 1 as one').catch(() => null)).toEqual([{ one: 1 }]);
    await db.close();
  });
});

test('a server that is not there, a URL that is none and a foreign scheme are refused with what to do', async () => {
  await expect(open('postgres://cambium@127.0.0.1:1/none')).rejects.toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
    message: expect.stringContaining('127.0.0.1:1/none'),
    next: expect.stringContaining('DATABASE_URL'),
  });
  for (const url of ['not a url', 'mysql://host/db']) {
    await expect(open(url)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      next: expect.stringContaining('postgres://'),
    });
  }
});
