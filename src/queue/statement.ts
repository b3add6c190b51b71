// One way to write the queue's SQL: `$1` parameters, run by itself (planned once a connection) or inside a transaction.
import { sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';

/** Runs `text` inside a transaction of the caller. Instants come as the driver writes them, not as ISO strings. */
export async function within<Row extends Record<string, unknown>>(
  q: Queries,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const parts = text.split(/\$(\d+)/);
  const chunks = parts.map((part, place) =>
    place % 2 === 0 ? sql.raw(part) : sql`${sql.param(values[Number(part) - 1])}`,
  );
  const result = await q.execute(sql.join(chunks));
  return result.rows as Row[];
}

const DEADLOCK = '40P01';
const DUPLICATE = '23505';
const TRIES = 8;

/**
 * Runs a transaction whose whole effect is in the database, again when PostgreSQL gave it up for another's sake
 * (deadlock) or another was first with a key.
 */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || ![DEADLOCK, DUPLICATE].includes(sqlState(error))) throw error;
    }
  }
}

/** PostgreSQL's own code of what was thrown, however deep it stands; empty when there is none. */
function sqlState(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string' && /^[0-9A-Z]{5}$/.test(at.code)) return at.code;
  }
  return '';
}

/** A transaction of our own, repeated as `retried` says. */
export function transact<T>(db: Database, work: (q: Queries) => Promise<T>): Promise<T> {
  return retried(() => db.transaction(work));
}
