// A migrated database of its own for a test, cloned from a template in a few milliseconds, on either server.
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import type { Table } from '#database/drizzle.ts';
import { readMigrations } from '#database/migrate.ts';
import { openDatabase } from '#database/open.ts';
import type { Database } from '#database/port.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { digestOf } from '#foundation/digest.ts';
import { createLog } from '#foundation/log.ts';
import { SERVER_NAMES, type ServerName, startServer } from './servers.ts';

export const servers = SERVER_NAMES;
export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));
const TEMPLATE_LOCK = 81;

export interface TestDatabase extends AsyncDisposable {
  readonly db: Database;
  /** For a second connection, or for another process. */
  readonly url: string;
  /** Another `Database` on the same data; closed with the test database. */
  open(tables?: readonly Table[]): Promise<Database>;
}

export interface TestDatabaseOptions {
  readonly tables?: readonly Table[];
  /** False for a database without any table. */
  readonly migrated?: boolean;
}

/** `await using test = await openTestDatabase('embedded')`, then `test.db`; dropped at the end of the block. */
export async function openTestDatabase(
  name: ServerName,
  options: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  const urlOf = await startServer(name, inject('storageDirectory'));
  const database = `t_${randomBytes(6).toString('hex')}`;
  const template = options.migrated === false ? 'template0' : await prepareTemplate(urlOf);
  await administer(urlOf, (admin) => admin.raw(`create database ${database} template ${template}`));
  const url = urlOf(database);
  const opened: Database[] = [];
  const open = async (tables: readonly Table[] = []): Promise<Database> => {
    const db = await connect(url, { tables, verify: options.migrated !== false });
    opened.push(db);
    return db;
  };
  return {
    db: await open(options.tables),
    url,
    open,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((db) => db.close()));
      await administer(urlOf, (admin) => admin.raw(`drop database if exists ${database} with (force)`));
    },
  };
}

/** The template for the migrations as they are now; built by whichever test process comes first. */
async function prepareTemplate(urlOf: (database: string) => string): Promise<string> {
  const migrations = await readMigrations(MIGRATIONS);
  const template = `template_${digestOf(migrations.map((m) => m.checksum)).slice(7, 19)}`;
  await administer(urlOf, async (admin) => {
    const known = `select 1 from pg_database where datname = '${template}'`;
    if ((await admin.raw(known)).length > 0) return;
    await admin.transaction(async (q) => {
      await q.execute(`select pg_advisory_xact_lock(${TEMPLATE_LOCK})`);
      if ((await admin.raw(known)).length > 0) return;
      const draft = `draft_${randomBytes(6).toString('hex')}`;
      await admin.raw(`create database ${draft} template template0`);
      const db = await connect(urlOf(draft), { tables: [], verify: true });
      await db.close();
      await admin.raw(`alter database ${draft} rename to ${template}`);
    });
  });
  return template;
}

async function administer<T>(
  urlOf: (database: string) => string,
  work: (admin: Database) => Promise<T>,
): Promise<T> {
  const admin = await connect(urlOf('postgres'), { tables: [], verify: false });
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

function connect(url: string, how: { tables: readonly Table[]; verify: boolean }): Promise<Database> {
  return openDatabase({
    url,
    home: '/nonexistent',
    tables: how.tables,
    verify: how.verify,
    migrationsDirectory: MIGRATIONS,
    clock: createSystemClock(),
    log: createLog({ level: 'silent' }),
  });
}
