// pg-boss behind one door: loaded when first needed (50 ms), on our connections, its schema made by one process.
import type { Db as Adapter, PgBoss } from 'pg-boss';
import { sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';

/** The schema that pg-boss 12.35.0 makes; a test compares it with the package. */
export const BOSS_SCHEMA_VERSION = 43;
const PREPARE_LOCK = 4_720_002;
const PREPARE_LIMIT_MS = 60_000;
const PREPARE_POLL_MS = 25;
export const DEAD_LETTERS = 'dead';
/** pg-boss's own limit on running jobs is not used (leases are ours); its largest value keeps it out of the way. */
const EXPIRE_SECONDS = 24 * 3600;
const KEEP_SECONDS = 14 * 24 * 3600;

export interface QueueRules {
  /** Tries after the first one. */
  readonly retryLimit: number;
  /** First pause after a failure, seconds; doubles each time. */
  readonly retryDelaySeconds: number;
  readonly retryDelayMaxSeconds: number;
}

export interface BossSetup {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly queues: readonly string[];
  readonly rules: QueueRules;
}

interface Client {
  readonly boss: PgBoss;
  /** An adapter that runs its statements inside a transaction of ours. */
  readonly within: (q: Queries) => Adapter;
}

export interface Boss {
  prepare(): Promise<void>;
  /** Loads and starts pg-boss, once. Throws DATABASE_MISMATCH before `prepare`. */
  client(): Promise<{ boss: PgBoss; within: (q: Queries) => Adapter }>;
  close(): Promise<void>;
}

export function createBoss(setup: BossSetup): Boss {
  const { db } = setup;
  let started: Promise<{ boss: PgBoss; within: (q: Queries) => Adapter }> | null = null;
  let prepared = false;

  async function start(): Promise<{ boss: PgBoss; within: (q: Queries) => Adapter }> {
    if (!prepared && !(await isPrepared(setup))) {
      throw new AppError('DATABASE_MISMATCH', {
        message: `the tables of the queue are missing or of another version in ${db.server.where}`,
        next: 'run `cambium db migrate`',
      });
    }
    const { PgBoss, fromDrizzle } = await import('pg-boss');
    const boss = new PgBoss(options(db, { migrate: false }));
    boss.on('error', (error) => setup.log.warn({ error: String(error) }, 'the queue reports an error'));
    await boss.start();
    return { boss, within: (q) => fromDrizzle(q, sql) };
  }

  function client(): Promise<Client> {
    started ??= start().catch((error: unknown) => {
      started = null;
      throw error;
    });
    return started;
  }

  return {
    async prepare() {
      if (prepared) return;
      if (!(await isPrepared(setup))) await prepareOnce(setup);
      prepared = true;
      // Now rather than inside the first transaction: there it could wait for the connections that wait for it.
      await client();
    },
    client,
    async close() {
      const open = started;
      started = null;
      const client = await open?.catch(() => null);
      await client?.boss.stop({ close: false, graceful: false });
    },
  };
}

function options(db: Database, { migrate }: { migrate: boolean }) {
  const adapter: Adapter = {
    executeSql: async (text, values) => ({ rows: await db.raw(text, values) }),
  };
  // Its own workers, timers and monitors stay off: leases, take-over and waking are ours.
  return { db: adapter, migrate, createSchema: migrate, supervise: false, schedule: false, reindex: false };
}

async function isPrepared({ db, queues }: BossSetup): Promise<boolean> {
  const [there] = await db.raw<{ present: boolean }>(
    `select to_regclass('pgboss.version') is not null as present`,
  );
  if (there?.present !== true) return false;
  const [row] = await db.raw<{ version: number; queues: number }>(
    `select (select version from pgboss.version limit 1) as version,
      (select count(*) from pgboss.queue where name = any($1::text[])) as queues`,
    [[DEAD_LETTERS, ...queues]],
  );
  return row?.version === BOSS_SCHEMA_VERSION && row.queues === queues.length + 1;
}

/**
 * One process makes or migrates the schema; rivals look again until it is done. They must not wait for the lock inside
 * a transaction: pg-boss builds indexes concurrently, and that waits for every transaction that is older.
 */
async function prepareOnce(setup: BossSetup): Promise<void> {
  const { db, clock } = setup;
  const deadline = clock.monotonicMs() + PREPARE_LIMIT_MS;
  while (!(await isPrepared(setup))) {
    const mine = await db.transaction(async (q) => {
      const lock = await q.execute<{ got: boolean }>(
        sql`select pg_try_advisory_xact_lock(${PREPARE_LOCK}) as got`,
      );
      if (lock.rows[0]?.got !== true) return false;
      if (!(await isPrepared(setup))) await makeSchema(setup);
      return true;
    });
    if (mine) return;
    if (clock.monotonicMs() > deadline) {
      throw new AppError('DATABASE_UNAVAILABLE', {
        message: `another process has been preparing the queue for ${PREPARE_LIMIT_MS / 1000} s`,
        next: 'wait for it to end, then try again',
      });
    }
    await clock.sleep(PREPARE_POLL_MS);
  }
}

async function makeSchema(setup: BossSetup): Promise<void> {
  const { PgBoss } = await import('pg-boss');
  const boss = new PgBoss(options(setup.db, { migrate: true }));
  boss.on('error', (error) => setup.log.warn({ error: String(error) }, 'the queue reports an error'));
  try {
    await boss.start();
    await boss.createQueue(DEAD_LETTERS, { deleteAfterSeconds: KEEP_SECONDS });
    for (const name of setup.queues) await boss.createQueue(name, queueOptions(setup.rules));
  } finally {
    await boss.stop({ close: false, graceful: false });
  }
}

function queueOptions(rules: QueueRules) {
  return {
    // Among waiting, retrying and running jobs a key occurs once.
    policy: 'exclusive',
    deadLetter: DEAD_LETTERS,
    retryLimit: rules.retryLimit,
    retryDelay: rules.retryDelaySeconds,
    retryBackoff: true,
    retryDelayMax: rules.retryDelayMaxSeconds,
    expireInSeconds: EXPIRE_SECONDS,
    deleteAfterSeconds: KEEP_SECONDS,
  } as const;
}
