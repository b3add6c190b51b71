// Numbered forward migrations: each in a transaction of its own, with a checksum, one migrator at a time.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#foundation/clock.ts';
import { sha256 } from '#foundation/digest.ts';
import { AppError, errorMessage } from '#foundation/errors.ts';
import { sql } from './drizzle.ts';
import type { Database, Queries } from './port.ts';

/** Any number will do, as long as nothing else in the database uses it. */
const MIGRATION_LOCK = 4_720_001;
const FILE_NAME = /^(\d{4})-([a-z0-9]+(?:-[a-z0-9]+)*)\.sql$/;

export interface Migration {
  readonly number: number;
  /** `0001-events.sql` */
  readonly file: string;
  readonly text: string;
  readonly checksum: string;
}

export interface AppliedMigration {
  readonly number: number;
  readonly file: string;
  readonly checksum: string;
}

/** What stands between the files and the database. */
export interface MigrationState {
  readonly pending: readonly Migration[];
  /** Applied, but the file has changed since. */
  readonly changed: readonly AppliedMigration[];
  /** Applied by a newer version: this one has no such file. */
  readonly unknown: readonly AppliedMigration[];
}

/** The migrations in a directory, by number. Throws INTERNAL when names or numbers are not in order. */
export async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const migrations: Migration[] = [];
  for (const file of names) {
    const number = Number(FILE_NAME.exec(file)?.[1] ?? Number.NaN);
    if (!(number > (migrations.at(-1)?.number ?? 0))) {
      throw new AppError('INTERNAL', {
        message: `migration ${file} should be named NNNN-what-it-does.sql, with a number of its own`,
      });
    }
    // A checkout may have turned line ends; the statements are the same.
    const text = (await readFile(join(directory, file), 'utf8')).replaceAll('\r\n', '\n');
    if (/^\s*(begin|commit|rollback)\s*;/im.test(text)) {
      throw new AppError('INTERNAL', { message: `migration ${file} must not open or end transactions` });
    }
    migrations.push({ number, file, text, checksum: sha256(text) });
  }
  return migrations;
}

/** Compares the files with what the database says was applied; changes nothing. */
export async function pendingMigrations(db: Database, directory: string): Promise<MigrationState> {
  const files = await readMigrations(directory);
  const applied = await appliedMigrations(db);
  const there = new Set(applied.map((row) => row.number));
  const known = new Map(files.map((file) => [file.number, file]));
  return {
    pending: files.filter((file) => !there.has(file.number)),
    changed: applied.filter((row) => (known.get(row.number)?.checksum ?? row.checksum) !== row.checksum),
    unknown: applied.filter((row) => !known.has(row.number)),
  };
}

export interface MigrateOptions {
  readonly directory: string;
  readonly clock: Clock;
  /** Asked when it is this process's turn and something is pending; false leaves it so. True when absent. */
  readonly when?: () => Promise<boolean>;
}

/**
 * Applies what is pending and returns the names of the files. A rival migrator is waited for, to the end of its work.
 * Throws DATABASE_MISMATCH when a migration fails (that one is rolled back, those before it stay) or does not fit.
 */
export async function migrate(db: Database, options: MigrateOptions): Promise<string[]> {
  // The transaction only holds the lock; each migration has one of its own on another connection.
  return db.transaction(async (q) => {
    await q.execute(sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    const { pending, changed, unknown } = await pendingMigrations(db, options.directory);
    refuse({ pending: [], changed, unknown });
    if (pending.length === 0 || (await options.when?.()) === false) return [];
    for (const migration of pending)
      await db.transaction((inner) => applyOne(inner, migration, options.clock));
    return pending.map((migration) => migration.file);
  });
}

/** Throws DATABASE_MISMATCH with one line for each difference; returns when there is none. */
export function refuse(state: MigrationState): void {
  const lines = [
    ...state.unknown.map((row) => `migration ${row.file} was applied by a newer version of Cambium`),
    ...state.changed.map((row) => `migration ${row.file} was changed after it was applied`),
    ...state.pending.map((file) => `migration ${file.file} has not been applied`),
  ];
  if (lines.length === 0) return;
  const next =
    state.unknown.length > 0
      ? 'install the newest version of Cambium; `cambium db check` lists the differences'
      : state.changed.length > 0
        ? 'restore the file; `cambium db check` lists the differences'
        : 'run `cambium db migrate`; `cambium db check` lists the differences';
  throw new AppError('DATABASE_MISMATCH', {
    message: `the database does not fit this version: ${lines.join('; ')}`,
    next,
    details: { problems: lines },
  });
}

async function appliedMigrations(db: Database): Promise<AppliedMigration[]> {
  const [row] = await db.raw<{ present: boolean }>(
    `select to_regclass('schema_migrations') is not null as present`,
  );
  if (row?.present !== true) return [];
  return db.raw<AppliedMigration>('select number, file, checksum from schema_migrations order by number');
}

async function applyOne(q: Queries, migration: Migration, clock: Clock): Promise<void> {
  await q.execute(sql`
    create table if not exists schema_migrations (
      number integer primary key, file text not null, checksum text not null, applied_at timestamptz not null
    )`);
  const { number, file, checksum } = migration;
  try {
    await q.execute(sql.raw(migration.text));
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new AppError('DATABASE_MISMATCH', {
      message: `migration ${file} failed and was rolled back: ${errorMessage(cause)}`,
      next: 'run `cambium db check` to see how the database differs from what the migrations expect',
      cause,
    });
  }
  const at = clock.now().toISOString();
  await q.execute(sql`insert into schema_migrations values (${number}, ${file}, ${checksum}, ${at})`);
}
