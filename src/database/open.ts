// Opens the database: the embedded server or one by URL, migrated and compared with what the code expects.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool, PoolConfig } from 'pg';
import type { Clock } from '#foundation/clock.ts';
import { sha256 } from '#foundation/digest.ts';
import { AppError } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import { plural } from '#foundation/text.ts';
import { checkSchema } from './check.ts';
import { drizzle, type Table } from './drizzle.ts';
import { type EmbeddedServer, ensureEmbedded } from './embedded.ts';
import { serverFailure } from './failures.ts';
import { migrate, pendingMigrations, refuse } from './migrate.ts';
import type { Database, ServerInfo } from './port.ts';
import { createListener } from './postgres/listener.ts';
import { createClient, createPool, isAway, RAW_TYPES } from './postgres/pool.ts';
import { SUPERUSER } from './supervisor/cluster.ts';
import { SOCKET_PORT } from './supervisor/places.ts';

const CATALOG = 'cambium';
const OLDEST_SERVER = 150_000;
const CONNECT_LIMIT_MS = 10_000;
const IDLE_CONNECTION_MS = 10_000;
const POOL_CONNECTIONS = 8;
const AWAY_PAUSE_MS = 20;
/** PostgreSQL cuts names of prepared statements at 63. */
const PREPARED_NAME_CHARS = 32;

export interface OpenOptions {
  /** `postgres://user@host/database`; absent for the embedded server. */
  readonly url?: string;
  /** Data directory of Cambium, for the embedded server. */
  readonly home: string;
  /** Directory of installed PostgreSQL binaries for the embedded server. */
  readonly pgbin?: string;
  /** Every table the code uses; compared with the database. */
  readonly tables: readonly Table[];
  readonly migrationsDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** True: apply pending migrations; false: never; absent: when the server is embedded or the database is empty. */
  readonly migrate?: boolean;
  /** False opens without comparing anything, for `cambium db check` and `cambium db migrate`. */
  readonly verify?: boolean;
  /** See `EmbeddedOptions.idleStopSeconds`. */
  readonly idleStopSeconds?: number;
}

/** Throws DATABASE_UNAVAILABLE, DATABASE_MISMATCH, NOT_WRITABLE or DISK_FULL; leaves nothing open then. */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  const db = await connectDatabase(options);
  try {
    if (options.verify !== false) await bringUpToDate(db, options);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function bringUpToDate(db: Database, options: OpenOptions): Promise<void> {
  const directory = options.migrationsDirectory;
  const state = await pendingMigrations(db, directory);
  if (state.pending.length === 0) {
    refuse(state);
  } else {
    // Whether the database is empty is asked when it is our turn: a rival may be filling it just now.
    const when = async (): Promise<boolean> =>
      options.migrate ?? (db.server.kind === 'embedded' || (await isEmpty(db)));
    const files = await migrate(db, { directory, clock: options.clock, when });
    options.log.info({ files }, `applied ${plural(files.length, 'migration')}`);
    refuse(await pendingMigrations(db, directory));
  }
  const problems = await checkSchema(db, options.tables);
  if (problems.length === 0) return;
  throw new AppError('DATABASE_MISMATCH', {
    message: `the database ${db.server.where} is not as this version expects: ${problems.map((p) => p.text).join('; ')}`,
    next: 'run `cambium db check` to list the differences; `cambium db migrate` applies what is pending',
    details: { problems },
  });
}

async function isEmpty(db: Database): Promise<boolean> {
  const rows = await db.raw(
    `select 1 from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') limit 1`,
  );
  return rows.length === 0;
}

async function connectDatabase(options: OpenOptions): Promise<Database> {
  const { clock, log } = options;
  const place = options.url === undefined ? await embeddedPlace(options) : serverPlace(options.url);
  const pool = createPool({
    config: place.config,
    revive: place.locate,
    onBroken: (error) => log.debug({ error: error.message }, 'a connection broke'),
  });
  const locate = place.locate ?? (async () => place.config);
  const listener = createListener({ locate, clock, log });
  const translate = (error: unknown): never => {
    throw serverFailure(error, place.where);
  };
  try {
    const version = await readVersion(pool, options, place.where);
    const q = drizzle(pool);
    return {
      q,
      server: { kind: place.kind, version, where: place.where },
      transaction: (work) => q.transaction((inner) => work(inner)).catch(translate),
      raw: <Row>(text: string, values?: readonly unknown[], how: { readonly prepared?: boolean } = {}) =>
        rawRows<Row>(pool, { text, values, prepared: how.prepared === true }).catch(translate),
      listen: (...request) => listener.listen(...request).catch(translate),
      close: async () => {
        await listener.close();
        if (!pool.ending) await pool.end();
      },
    };
  } catch (error) {
    await pool.end();
    throw serverFailure(error, place.where);
  }
}

interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[] | undefined;
  readonly prepared?: boolean;
}

async function rawRows<Row>(pool: Pool, { text, values, prepared }: Statement): Promise<Row[]> {
  const query = {
    text,
    types: RAW_TYPES,
    ...(values === undefined ? {} : { values: [...values] }),
    ...(prepared === true ? { name: sha256(text).slice(-PREPARED_NAME_CHARS) } : {}),
  };
  const result = (await pool.query(query)) as unknown as { rows: Row[] } | { rows: Row[] }[];
  // Several statements in one text give several results; the last one answers.
  return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
}

interface Place {
  readonly kind: ServerInfo['kind'];
  readonly where: string;
  readonly config: PoolConfig;
  /** Starts the server again if it must be, and says where it is; null for a server that is not ours. */
  readonly locate: (() => Promise<PoolConfig>) | null;
}

const SHARED: PoolConfig = {
  max: POOL_CONNECTIONS,
  // One connection stays: the idle watcher counts them, and the next query is at once.
  min: 1,
  idleTimeoutMillis: IDLE_CONNECTION_MS,
  connectionTimeoutMillis: CONNECT_LIMIT_MS,
  application_name: 'cambium',
  allowExitOnIdle: true,
};

function serverPlace(url: string): Place {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', {
      message: 'DATABASE_URL is not a URL',
      next: 'write it as postgres://user:password@host:5432/database',
      cause,
    });
  }
  if (!['postgres:', 'postgresql:'].includes(parsed.protocol)) {
    throw new AppError('CONFIG_INVALID', {
      message: `DATABASE_URL begins with ${parsed.protocol}, expected postgres:`,
      next: 'write it as postgres://user:password@host:5432/database, or unset it to use the embedded database',
    });
  }
  const onConnect: PoolConfig['onConnect'] = async (client) => {
    await client.query(`set datestyle = 'ISO'; set timezone = 'UTC'`);
  };
  return {
    kind: 'server',
    where: `${decodeURIComponent(parsed.host)}${parsed.pathname}`,
    config: { ...SHARED, connectionString: url, onConnect },
    locate: null,
  };
}

async function embeddedPlace(options: OpenOptions): Promise<Place> {
  const at = (server: EmbeddedServer): PoolConfig => ({
    ...SHARED,
    host: server.socketDirectory,
    port: SOCKET_PORT,
    user: SUPERUSER,
    database: CATALOG,
    ssl: false,
  });
  // A server that is stopping still accepts for a moment: connect, then look for the marker, then trust it.
  const locate = async (): Promise<PoolConfig> => {
    const deadline = options.clock.monotonicMs() + CONNECT_LIMIT_MS;
    for (;;) {
      const server = await ensureEmbedded(options);
      const config = at(server);
      const error = await tryConnection(config);
      if (error === null && !(await exists(join(server.socketDirectory, 'stopping')))) return config;
      if (error !== null && (!isAway(error) || options.clock.monotonicMs() > deadline)) throw error;
      await options.clock.sleep(AWAY_PAUSE_MS);
    }
  };
  const config = await locate().catch((error: unknown) => {
    throw serverFailure(error, options.home);
  });
  return { kind: 'embedded', where: join(options.home, 'postgres'), config, locate };
}

/** Null when the server lets us in; creates our database on a new cluster. */
async function tryConnection(config: PoolConfig): Promise<unknown> {
  try {
    await once(config, 'select 1');
    return null;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === '3D000')) return error;
  }
  try {
    await once({ ...config, database: 'postgres' }, `create database ${CATALOG}`);
    return null;
  } catch (error) {
    const raced =
      error instanceof Error && 'code' in error && ['42P04', '23505'].includes(String(error.code));
    return raced ? null : error;
  }
}

async function once(config: PoolConfig, statement: string): Promise<void> {
  const client = createClient(config);
  // Without a listener a connection that breaks would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function readVersion(pool: Pool, options: OpenOptions, where: string): Promise<string> {
  const rows = await rawRows<{ number: string; version: string }>(pool, {
    text: `select current_setting('server_version_num') as number, current_setting('server_version') as version`,
  });
  const row = rows[0];
  if (Number(row?.number) < OLDEST_SERVER) {
    throw new AppError('DATABASE_UNAVAILABLE', {
      message: `${where} is PostgreSQL ${row?.version}, and 15 is the oldest that works`,
      next: options.url === undefined ? 'set CAMBIUM_PGBIN to a newer version' : 'use a newer server',
    });
  }
  return row?.version.split(' ')[0] ?? '';
}
