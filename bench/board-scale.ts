// How long people and workers wait in a big house: list, board, figures and claim with many tickets and tasks, on the
// embedded server and on an installed one; and which way the hot queries go through the tables.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sql } from '#database/drizzle.ts';
import { stopEmbedded } from '#database/embedded.ts';
import { openDatabase } from '#database/open.ts';
import type { Database, Queries } from '#database/port.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { createJournal } from '#journal/journal.ts';
import { cards, holdColumn, standings } from '#projects/board.ts';
import { createProjects } from '#projects/projects.ts';
import { createTickets } from '#projects/tickets.ts';
import { createQueue } from '#queue/queue.ts';
import { allVersions, columnsOf, readBoard } from '#workflows/board.ts';
import { readBoardStats } from '#workflows/board-stats.ts';
import { createTicketReads } from '#workflows/ticket-reads.ts';
import { SERVER_NAMES, type ServerName, startServer } from '../test/support/servers.ts';
import { fillHouse } from './board/scale-data.ts';
import { quantile, table } from './measuring/figures.ts';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
const WARM_UP = 10;
const GOAL_MS = 50;
const { values } = parseArgs({
  options: {
    tickets: { type: 'string', default: '10000' },
    tasks: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '100' },
  },
});
const clock = createSystemClock();
const log = createLog({ level: 'silent' });
const rows: string[][] = [];
const paths: string[][] = [];
const directory = mkdtempSync('/tmp/cambium-bench-');
chmodSync(directory, 0o755);
for (const name of SERVER_NAMES) await measureOn(name);
await Promise.all(SERVER_NAMES.map((name) => stopEmbedded({ home: join(directory, name), clock })));
rmSync(directory, { recursive: true, force: true });
process.stdout.write(
  `${values.tickets} tickets, ${values.tasks} tasks, ${values.rounds} rounds, ${cpus()[0]?.model}, ${cpus().length} cores\n\n` +
    `${table(['server', 'what', 'p50 ms', 'p95 ms', `p95 ≤ ${GOAL_MS}`], rows)}\n\n` +
    `${table(['server', 'query', 'ways through big tables'], paths)}\n`,
);

async function measureOn(name: ServerName): Promise<void> {
  const urlOf = await startServer(name, directory);
  const admin = await open(urlOf('postgres'), false);
  await admin.raw('create database house');
  await admin.close();
  const db = await open(urlOf('house'), true);
  const ids = createIds(clock);
  const queue = createQueue({ db, clock, log, ids });
  const size = { tickets: Number(values.tickets), tasks: Number(values.tasks) };
  const definitions = await fillHouse({ db, queue, clock }, size);
  const parts = { db, clock, ids, journal: createJournal({ db, clock }) };
  const projects = createProjects(parts);
  const reads = createTicketReads({ ...parts, tickets: createTickets(parts), projects, definitions });
  const boards = { db, clock, versions: definitions };
  const one = { id: 'prj_1', name: 'project 1' };
  const measured: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['ticket list, newest 50', () => reads.list({ limit: 50 })],
    ['ticket list, of a phase', () => reads.list({ phases: ['build'], limit: 50 })],
    ['ticket list, by status', () => reads.list({ statuses: ['active'], limit: 50 })],
    ['board, all projects', () => readBoard(boards, { project: null, lanes: 'none', limit: 10 })],
    ['board, one project', () => readBoard(boards, { project: one, lanes: 'none', limit: 10 })],
    ['board, lanes by priority', () => readBoard(boards, { project: null, lanes: 'priority', limit: 10 })],
    ['board stats', () => readBoardStats(boards, { project: null, days: 28 })],
    ['claim one task', () => queue.claim(['work'], { owner: 'bench', capabilities: ['rust'] }, 1)],
  ];
  for (const [what, work] of measured) rows.push([name, what, ...(await timed(work))]);
  await ways(name, db, async (q) => {
    await standings(q, null);
    const columns = await columnsOf(q, definitions, await allVersions(q));
    const building = columns.find(({ id }) => id === 'building');
    if (!building) throw new Error('there is no column building');
    const wish = { projectId: null, places: building.places, priority: null, limit: 10 } as const;
    await cards(q, { ...wish, which: 'free', order: 'rank' });
    await holdColumn(q, { projectId: 'prj_1', column: building, ticketId: 'tkt_1' });
  });
  await queue.close();
  await db.close();
}

function open(url: string, verify: boolean): Promise<Database> {
  return openDatabase({ url, home: '', tables: [], migrationsDirectory: MIGRATIONS, verify, clock, log });
}

async function timed(work: () => Promise<unknown>): Promise<string[]> {
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + Number(values.rounds); round += 1) {
    const from = clock.monotonicMs();
    const made = await work();
    if (Array.isArray(made) && made.length === 0) throw new Error('there was nothing to measure');
    if (round >= WARM_UP) times.push(clock.monotonicMs() - from);
  }
  const p95 = quantile(times, 0.95);
  return [quantile(times, 0.5).toFixed(1), p95.toFixed(1), p95 <= GOAL_MS ? 'yes' : 'no'];
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Plan[];
}

/** Runs `work` with every statement explained first. */
async function ways(name: ServerName, db: Database, work: (q: Queries) => Promise<void>): Promise<void> {
  await db.transaction(async (q) => {
    const watched = new Proxy(q, {
      get: (target, key) => {
        if (key !== 'execute') return Reflect.get(target, key, target);
        return async (statement: Parameters<Queries['execute']>[0]) => {
          const asked = await target.execute<{ 'QUERY PLAN': { Plan: Plan }[] }>(
            sql`explain (format json) ${statement}`,
          );
          const plan = asked.rows[0]?.['QUERY PLAN'][0]?.Plan;
          const text = plan === undefined ? [] : scansOf(plan);
          if (text.length > 0) paths.push([name, textOf(statement), text.join(', ')]);
          return target.execute(statement);
        };
      },
    });
    await work(watched);
  });
}

function scansOf(plan: Plan): string[] {
  const here = ['tickets', 'tasks'].includes(plan['Relation Name'] ?? '')
    ? [`${plan['Node Type']} ${plan['Index Name'] ?? plan['Relation Name']}`]
    : plan['Node Type'] === 'Bitmap Index Scan'
      ? [`${plan['Node Type']} ${plan['Index Name']}`]
      : [];
  return [...here, ...(plan.Plans ?? []).flatMap(scansOf)];
}

function textOf(statement: unknown): string {
  const chunks = JSON.stringify(statement).match(/"value":\["([^"]*)/g) ?? [];
  return chunks
    .map((chunk) => chunk.slice(10))
    .join(' ')
    .replace(/\\n|\s+/g, ' ')
    .trim()
    .slice(0, 60);
}
