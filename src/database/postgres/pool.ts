// Connections: a pg pool that finds its embedded server again after a stop, with one way to read types.
import { createRequire } from 'node:module';
import type Pg from 'pg';
import type { Pool, PoolClient, PoolConfig } from 'pg';

const require = createRequire(import.meta.url);
const pg = require('pg') as typeof Pg;

const INT8 = 20;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
/** Refusals that mean "no server here right now", before any statement was sent. */
const AWAY = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', '57P01', '57P02', '57P03']);

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: Error) => void,
) => void;

export interface PoolSetup {
  readonly config: PoolConfig;
  /** Brings the server back and returns where it is now; null for a server that is not ours to start. */
  readonly revive: (() => Promise<PoolConfig>) | null;
  /** Told about connections that broke, besides the error of the statement that was under way. */
  readonly onBroken: (error: Error) => void;
}

/** Whether an error says that there is no server to talk to (any more). */
export function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string')
    return AWAY.has(error.code) || error.code.startsWith('08');
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    error.message,
  );
}

/** A pool whose `connect` revives the server once when it is away. */
export function createPool({ config, revive, onBroken }: PoolSetup): Pool {
  readInt8AsNumber();
  const pool = new pg.Pool(config);
  pool.on('error', onBroken);
  // The pool listens to idle connections only; one that breaks while it is in use would end the process.
  pool.on('connect', (client) => client.on('error', onBroken));
  if (revive === null) return pool;
  const plain = pool.connect.bind(pool) as () => Promise<PoolClient>;
  const connect = async (): Promise<PoolClient> => {
    try {
      return await plain();
    } catch (error) {
      if (!isAway(error)) throw error;
      Object.assign(pool.options, await revive());
      return plain();
    }
  };
  // `pool.query` goes through `connect` with a callback, Drizzle's transactions through the promise.
  const both = (callback?: ConnectCallback): Promise<PoolClient> | undefined => {
    if (callback === undefined) return connect();
    connect().then(
      (client) => callback(undefined, client, (error) => client.release(error)),
      (error: Error) => callback(error, undefined, () => undefined),
    );
    return undefined;
  };
  pool.connect = both as Pool['connect'];
  return pool;
}

/** A connection of its own, outside the pool, for LISTEN. */
export function createClient(config: PoolConfig): Pg.Client {
  return new pg.Client(config);
}

/** `int8` as a number where that is exact, else as a bigint; set once for the process, for Drizzle reads it there. */
function readInt8AsNumber(): void {
  pg.types.setTypeParser(INT8, (text) => {
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : BigInt(text);
  });
}

/** Type parsers for `raw`: as the driver's, with instants as ISO strings. */
export const RAW_TYPES = {
  getTypeParser: (id: number, format?: 'text' | 'binary') => {
    const parse = pg.types.getTypeParser(id, format) as (text: string) => unknown;
    if (id !== TIMESTAMPTZ && id !== TIMESTAMP) return parse;
    return (text: string) => {
      const value = parse(text);
      return value instanceof Date ? value.toISOString() : value;
    };
  },
};
