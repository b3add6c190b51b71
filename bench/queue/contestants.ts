// Three queues behind one door for the throughput bench: ours, raw pg-boss, and a plain table with SKIP LOCKED.
import { PgBoss } from 'pg-boss';
import { openDatabase } from '#database/open.ts';
import type { Database } from '#database/port.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createQueue } from '#queue/queue.ts';

export const CONTESTANTS = ['ours', 'pg-boss', 'plain'] as const;
export type ContestantName = (typeof CONTESTANTS)[number];

export interface Contestant {
  /** Makes what it needs, once a database. */
  prepare(): Promise<void>;
  /** Adds so many jobs that do nothing, all in one transaction or as near to it as it can. */
  fill(jobs: number): Promise<void>;
  /** Takes one job and completes it; false when there was none. */
  turn(): Promise<boolean>;
  close(): Promise<void>;
}

const QUEUE = 'bench';
const CHUNK = 1_000;

export async function openContestant(name: ContestantName, url: string): Promise<Contestant> {
  if (name === 'pg-boss') return bossContestant(url);
  const clock = createSystemClock();
  const log = createLog({ level: 'silent' });
  const options = { url, home: '', tables: [], migrationsDirectory: '', verify: false, clock, log };
  const db = await openDatabase(options);
  return name === 'plain' ? plainContestant(db) : ourContestant(db);
}

function ourContestant(db: Database): Contestant {
  const queue = createQueue({ db, clock: createSystemClock(), log: createLog({ level: 'silent' }) });
  return {
    prepare: async () => undefined,
    fill: async (jobs) => {
      for (let left = jobs; left > 0; left -= CHUNK) {
        const count = Math.min(CHUNK, left);
        await db.transaction((q) =>
          queue.add(
            q,
            Array.from({ length: count }, (_, i) => ({ type: QUEUE, payload: { i } })),
          ),
        );
      }
      await db.raw('analyze tasks');
    },
    turn: async () => {
      const [lease] = await queue.claim([QUEUE], { owner: 'bench' }, 1);
      return lease === undefined ? false : lease.complete();
    },
    close: () => db.close(),
  };
}

async function bossContestant(url: string): Promise<Contestant> {
  const boss = new PgBoss({ connectionString: url, max: 8, supervise: false, schedule: false });
  boss.on('error', () => undefined);
  await boss.start();
  return {
    prepare: () => boss.createQueue(QUEUE),
    fill: async (jobs) => {
      for (let left = jobs; left > 0; left -= CHUNK) {
        const count = Math.min(CHUNK, left);
        await boss.insert(
          QUEUE,
          Array.from({ length: count }, (_, i) => ({ data: { i } })),
        );
      }
      await boss.getDb().executeSql('analyze pgboss.job');
    },
    turn: async () => {
      const [job] = await boss.fetch(QUEUE);
      if (job === undefined) return false;
      await boss.complete(QUEUE, job.id);
      return true;
    },
    close: () => boss.stop({ graceful: false }),
  };
}

function plainContestant(db: Database): Contestant {
  return {
    prepare: async () => {
      await db.raw(`create table plain_jobs (id bigint generated always as identity primary key, priority integer not null,
        state text not null, payload jsonb not null, token integer not null default 0, ended_at timestamptz)`);
      await db.raw(`create index plain_jobs_waiting on plain_jobs (priority, id) where state = 'pending'`);
    },
    fill: async (jobs) => {
      await db.raw(
        `insert into plain_jobs (priority, state, payload) select 0, 'pending', jsonb_build_object('i', i)
         from generate_series(1, $1::integer) i`,
        [jobs],
      );
      await db.raw('analyze plain_jobs');
    },
    turn: async () => {
      const [job] = await db.raw<{ id: number; token: number }>(
        `update plain_jobs set state = 'running', token = token + 1 where id = (
           select id from plain_jobs where state = 'pending' order by priority, id limit 1 for update skip locked)
         returning id, token`,
        [],
        { prepared: true },
      );
      if (job === undefined) return false;
      await db.raw(
        `update plain_jobs set state = 'completed', ended_at = now() where id = $1 and token = $2`,
        [job.id, job.token],
        { prepared: true },
      );
      return true;
    },
    close: () => db.close(),
  };
}
