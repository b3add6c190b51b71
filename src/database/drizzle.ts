// Drizzle for every room: the only file that loads it, so that it is loaded the fast way, once.
import { createRequire } from 'node:module';
import type * as Core from 'drizzle-orm';
import type * as NodePostgres from 'drizzle-orm/node-postgres';
import type * as PgCore from 'drizzle-orm/pg-core';

// Measured: `import 'drizzle-orm/pg-core'` reads several hundred ES modules and costs 360 ms; the CommonJS build 45 ms.
const require = createRequire(import.meta.url);
const core = require('drizzle-orm') as typeof Core;
const pgCore = require('drizzle-orm/pg-core') as typeof PgCore;
const nodePostgres = require('drizzle-orm/node-postgres') as typeof NodePostgres;

export const {
  and,
  asc,
  count,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  like,
  lt,
  lte,
  max,
  min,
  ne,
  not,
  notInArray,
  or,
  sql,
} = core;
export const {
  bigint,
  boolean,
  check,
  customType,
  doublePrecision,
  foreignKey,
  getTableConfig,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
} = pgCore;
export const { drizzle } = nodePostgres;

/** `timestamptz` that is an ISO 8601 string in UTC with milliseconds on the JavaScript side, as in the contracts. */
export const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  fromDriver: (value) => new Date(value).toISOString(),
});

export type Table = PgCore.PgTable;
export type SQL = Core.SQL;
export type TableConfig = ReturnType<typeof pgCore.getTableConfig>;
