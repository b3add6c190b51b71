// Opening the database, and looking at one that cannot be used as it is.
import { fileURLToPath } from 'node:url';
import type { Table } from '#database/drizzle.ts';
import type { Database } from '#database/port.ts';
import type { DatabaseCare } from '#operations/context.ts';
import type { Base } from './base.ts';

const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../../migrations', import.meta.url));

export async function openStore(base: Base, verify: boolean): Promise<Database> {
  const [{ openDatabase }, tables] = await Promise.all([import('#database/open.ts'), expectedTables()]);
  const { url, pgbin } = base.config.database;
  return openDatabase({
    home: base.home,
    tables,
    migrationsDirectory: MIGRATIONS_DIRECTORY,
    clock: base.clock,
    log: base.log,
    verify,
    ...(url === null ? {} : { url }),
    ...(pgbin === null ? {} : { pgbin }),
  });
}

/** Every table of every room: what the schema of the database is compared with. */
async function expectedTables(): Promise<Table[]> {
  const rooms = await Promise.all([
    import('#journal/tables.ts'),
    import('#queue/tables.ts'),
    import('#projects/tables.ts'),
    import('#workflows/tables.ts'),
    import('#workflows/collaboration-tables.ts'),
    import('#workflows/gate-tables.ts'),
    import('#memory/tables.ts'),
    import('#policy/tables.ts'),
  ]);
  return rooms.flatMap((room) => Object.values(room));
}

export function createDatabaseCare(base: Base): DatabaseCare {
  const withStore = async <T>(work: (db: Database) => Promise<T>): Promise<T> => {
    const db = await openStore(base, false);
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  };
  return {
    check: () =>
      withStore(async (db) => {
        const [{ checkSchema }, { pendingMigrations }] = await Promise.all([
          import('#database/check.ts'),
          import('#database/migrate.ts'),
        ]);
        const { pending } = await pendingMigrations(db, MIGRATIONS_DIRECTORY);
        const problems = await checkSchema(db, await expectedTables());
        return {
          kind: db.server.kind,
          where: db.server.where,
          version: db.server.version,
          pending: pending.map((migration) => migration.file),
          problems,
        };
      }),
    migrate: () =>
      withStore(async (db) => {
        const { migrate } = await import('#database/migrate.ts');
        return { applied: await migrate(db, { directory: MIGRATIONS_DIRECTORY, clock: base.clock }) };
      }),
  };
}
