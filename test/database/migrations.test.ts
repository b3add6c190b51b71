// Migrations go forward, whole, once; a database that is not as the code expects is refused with the way out (S5).
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSchema } from '#database/check.ts';
import { bigint, index, instant, pgTable, type Table, text, uniqueIndex } from '#database/drizzle.ts';
import { migrate, pendingMigrations, readMigrations } from '#database/migrate.ts';
import { type OpenOptions, openDatabase } from '#database/open.ts';
import type { Database } from '#database/port.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { events, journalHead } from '#journal/tables.ts';
import { tasks } from '#queue/tables.ts';
import { openTestDatabase, servers } from '../support/database.ts';

const clock = createSystemClock();
const log = createLog({ level: 'silent' });
const FIRST = `create table notes (id bigint primary key, body text not null, at timestamptz, tag text);
create index notes_by_tag on notes (tag, id);
create unique index notes_once on notes (body);`;

const notes = pgTable(
  'notes',
  { id: bigint({ mode: 'number' }).primaryKey(), body: text().notNull(), at: instant(), tag: text() },
  (t) => [index('notes_by_tag').on(t.tag, t.id), uniqueIndex('notes_once').on(t.body)],
);

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp('/tmp/cambium-migrations-');
  await file('0001-notes.sql', FIRST);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function file(name: string, body: string): Promise<void> {
  return writeFile(join(directory, name), body);
}

function open(url: string, options: Partial<OpenOptions> = {}): Promise<Database> {
  return openDatabase({ url, home: '', tables: [], migrationsDirectory: directory, clock, log, ...options });
}

async function opened<T>(
  url: string,
  options: Partial<OpenOptions>,
  look: (db: Database) => Promise<T>,
): Promise<T> {
  const db = await open(url, options);
  try {
    return await look(db);
  } finally {
    await db.close();
  }
}

describe.each(servers)('migrations on the %s server', (server) => {
  test('an empty database is brought up to date when it is opened, and left alone afterwards', async () => {
    await using t = await openTestDatabase(server, { migrated: false });
    await file('0002-more.sql', 'alter table notes add column size integer;');
    for (let round = 0; round < 2; round += 1) {
      const rows = await opened(t.url, { tables: [notes] }, (db) =>
        db.raw('select number, file from schema_migrations order by number'),
      );
      expect(rows).toEqual([
        { number: 1, file: '0001-notes.sql' },
        { number: 2, file: '0002-more.sql' },
      ]);
    }
  });

  test('a migration that fails leaves nothing of itself, and those before it stay', async () => {
    await using t = await openTestDatabase(server, { migrated: false });
    await file('0002-bad.sql', 'create table half (id integer); insert into nowhere values (1);');
    await expect(open(t.url)).rejects.toMatchObject({
      code: 'DATABASE_MISMATCH',
      message: expect.stringMatching(/0002-bad\.sql failed and was rolled back: .*nowhere/),
      next: expect.stringContaining('cambium db check'),
    });
    const [row] =
      await t.db.raw(`select to_regclass('notes')::text as notes, to_regclass('half')::text as half,
      (select count(*) from schema_migrations) as files`);
    expect(row).toEqual({ notes: 'notes', half: null, files: 1 });
  });

  test('rival migrators wait for each other: each file is applied once', async () => {
    await using t = await openTestDatabase(server, { migrated: false });
    // Applied twice, it would fail; applied side by side too.
    await file(
      '0002-slow.sql',
      `select pg_sleep(0.2); create table once (id integer); insert into once values (1);`,
    );
    const rivals = await Promise.all(Array.from({ length: 4 }, () => open(t.url)));
    await Promise.all(rivals.map((db) => db.close()));
    expect(await t.db.raw('select id from once')).toEqual([{ id: 1 }]);
    expect(await t.db.raw('select file from schema_migrations order by number')).toHaveLength(2);
  });

  test('S5: a database with tables is not migrated unasked; asked, it is', async () => {
    await using t = await openTestDatabase(server, { migrated: false });
    await (await open(t.url)).close();
    await file('0002-more.sql', 'alter table notes add column size integer;');
    await expect(open(t.url)).rejects.toMatchObject({
      code: 'DATABASE_MISMATCH',
      message: expect.stringContaining('0002-more.sql has not been applied'),
      next: expect.stringMatching(/cambium db migrate.*cambium db check/),
    });
    expect(await opened(t.url, { verify: false }, (db) => migrate(db, { directory, clock }))).toEqual([
      '0002-more.sql',
    ]);
    await (await open(t.url)).close();
  });

  test('S5: a file that was changed after it was applied is refused, line ends aside', async () => {
    await using t = await openTestDatabase(server, { migrated: false });
    await (await open(t.url)).close();
    await file('0001-notes.sql', FIRST.replaceAll('\n', '\r\n'));
    await (await open(t.url)).close();
    await file('0001-notes.sql', `${FIRST} -- and more`);
    await expect(open(t.url)).rejects.toMatchObject({
      code: 'DATABASE_MISMATCH',
      message: expect.stringContaining('0001-notes.sql was changed after it was applied'),
    });
    await expect(open(t.url, { migrate: true })).rejects.toMatchObject({ code: 'DATABASE_MISMATCH' });
  });

  test('S5: a database of a newer version is refused', async () => {
    await using t = await openTestDatabase(server, { migrated: false });
    await file('0002-future.sql', 'create table future (id integer);');
    await (await open(t.url)).close();
    await rm(join(directory, '0002-future.sql'));
    await expect(open(t.url, { migrate: true })).rejects.toMatchObject({
      code: 'DATABASE_MISMATCH',
      message: expect.stringContaining('0002-future.sql was applied by a newer version'),
      next: expect.stringContaining('newest version'),
    });
    const state = await opened(t.url, { verify: false }, (db) => pendingMigrations(db, directory));
    expect(state.unknown.map((row) => row.file)).toEqual(['0002-future.sql']);
  });

  test('S5: every way in which a table can differ is named', async () => {
    await using t = await openTestDatabase(server, { migrated: false });
    const problems: [change: string, text: string][] = [
      ['alter table notes rename to other', 'table notes is missing'],
      ['alter table notes drop column tag', 'column notes.tag is missing'],
      [
        'alter table notes alter column at type text',
        'column notes.at is text, expected timestamp with time zone',
      ],
      [
        'alter table notes alter column body drop not null',
        'column notes.body may be null, expected not null',
      ],
      ['alter table notes alter column tag set not null', 'column notes.tag is not null, expected nullable'],
      ['drop index notes_by_tag', 'index notes_by_tag on notes is missing'],
      [
        'drop index notes_by_tag; create index notes_by_tag on notes (id, tag)',
        'index notes_by_tag on notes is (id, tag), expected (tag, id)',
      ],
      [
        'drop index notes_once; create index notes_once on notes (body)',
        'index notes_once on notes is (body), expected unique (body)',
      ],
      ['alter table notes drop constraint notes_pkey', 'table notes has no primary key (id)'],
    ];
    await t.db.raw(FIRST);
    expect(await checkSchema(t.db, [notes])).toEqual([]);
    for (const [change, words] of problems) {
      await t.db.raw(`drop table if exists other; drop table if exists notes; ${FIRST} ${change}`);
      expect(
        (await checkSchema(t.db, [notes])).map((p) => p.text),
        change,
      ).toContain(words);
    }
  });

  test('S5: opening refuses a table that differs, with the command that lists the differences', async () => {
    await using t = await openTestDatabase(server, { migrated: false });
    await (await open(t.url, { tables: [notes] })).close();
    await t.db.raw('alter table notes drop column tag');
    await expect(open(t.url, { tables: [notes] })).rejects.toMatchObject({
      code: 'DATABASE_MISMATCH',
      message: expect.stringContaining('column notes.tag is missing'),
      next: expect.stringContaining('cambium db check'),
    });
  });

  test('the tables of the storage rooms are as their migrations make them', async () => {
    const tables: Table[] = [events, journalHead, tasks];
    await using t = await openTestDatabase(server);
    expect(await checkSchema(t.db, tables)).toEqual([]);
  });
});

test('a migration file with a wrong name, a doubled number or its own transaction is refused', async () => {
  await file('0001-other.sql', 'select 1;');
  await expect(readMigrations(directory)).rejects.toMatchObject({ code: 'INTERNAL' });
  await rm(join(directory, '0001-other.sql'));
  await file('notes.sql', 'select 1;');
  await expect(readMigrations(directory)).rejects.toThrow('notes.sql');
  await rm(join(directory, 'notes.sql'));
  await file('0002-own.sql', 'begin;\nselect 1;\ncommit;');
  await expect(readMigrations(directory)).rejects.toThrow('transactions');
  expect(await readFile(join(directory, '0001-notes.sql'), 'utf8')).toBe(FIRST);
});
