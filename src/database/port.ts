// The database as every other room sees it: typed queries, transactions, raw SQL and notifications.
import type { NodePgQueryResultHKT } from 'drizzle-orm/node-postgres';
import type { PgDatabase } from 'drizzle-orm/pg-core';

/** Drizzle's query builder bound to the pool or to one transaction; nesting `transaction` makes a savepoint. */
export type Queries = PgDatabase<NodePgQueryResultHKT, Record<string, never>>;

/** Where the data lives. */
export interface ServerInfo {
  readonly kind: 'embedded' | 'server';
  /** `17.10` */
  readonly version: string;
  /** The data directory, or `host:port/database` without credentials. */
  readonly where: string;
}

export interface ListenOptions {
  /** Called after the connection was lost and is listening again: messages may have been missed in between. */
  readonly onReconnect?: () => void;
}

export interface Database {
  /** Queries outside a transaction: each statement commits by itself. */
  readonly q: Queries;
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it rejects.
   * Never retried by itself, because `work` may have effects beyond the database.
   */
  transaction<T>(work: (q: Queries) => Promise<T>): Promise<T>;
  /**
   * One statement with `$1` parameters. Rows come with `timestamptz` as ISO strings in UTC, `int8` as a number
   * (a bigint beyond 2^53), `numeric` as a string, `jsonb` parsed. `prepared` has each connection plan the text once,
   * for statements that are sent again and again: the text must then be one of a few.
   */
  raw<Row>(
    text: string,
    values?: readonly unknown[],
    options?: { readonly prepared?: boolean },
  ): Promise<Row[]>;
  /**
   * Calls `onMessage` for every notification on `channel`, on one connection shared by all listeners, which
   * reconnects by itself. Resolves once the server listens; dispose to stop.
   */
  listen(
    channel: string,
    onMessage: (payload: string) => void,
    options?: ListenOptions,
  ): Promise<AsyncDisposable>;
  readonly server: ServerInfo;
  /** Ends every connection of this process. The embedded server goes on for others and stops when idle. */
  close(): Promise<void>;
}
