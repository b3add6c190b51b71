// Spec §8, proof 2: fifty workers in four processes, two thousand tasks in a random graph, kills and lost leases.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { EdgePolicy, NewTask, TaskState } from '#contracts/task.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createQueue } from '#queue/queue.ts';
import { openTestDatabase } from '../support/database.ts';

const WORKER = fileURLToPath(new URL('./storm-worker.ts', import.meta.url));
const TASKS = 2_000;
const SLOTS = [13, 13, 12, 12];
/** What is blocked keeps all behind it waiting: with more of it there would be little to carry out. */
const POLICIES: readonly EdgePolicy[] = [
  'block',
  ...Array.from({ length: 20 }, () => ['skip', 'run'] as const).flat(),
];

/** Repeatable chance: a linear congruence, good enough to shape a graph. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Each task may need up to three of those shortly before it; some die, some stumble, some lose their lease. */
function randomGraph(seed: number): NewTask[] {
  const pick = chance(seed);
  return Array.from({ length: TASKS }, (_, i) => {
    const needs = new Set(Array.from({ length: pick(4) }, () => i - 1 - pick(60)).filter((j) => j >= 0));
    const roll = pick(60);
    return {
      type: 'storm',
      name: `t${i}`,
      ticketId: `tkt_${pick(40)}`,
      projectId: 'prj_storm',
      payload: {
        fate: roll === 0 ? 'dies' : roll < 5 ? 'stumbles' : 'lives',
        expires: pick(12) === 0 ? 1 : 0,
      },
      retry: { limit: 50, baseMs: 5, maxMs: 50 },
      files: pick(10) === 0 ? [`src/${pick(30)}.ts`] : [],
      needs: [...needs].map((j) => ({ on: `t${j}`, onFailure: POLICIES[pick(POLICIES.length)] ?? 'block' })),
    };
  });
}

/** What must come of each task, by the policies alone: a blocked one has not ended, so that all behind it wait. */
function outcomes(graph: readonly NewTask[]): TaskState[] {
  const states: TaskState[] = [];
  for (const task of graph) {
    const needs = (task.needs ?? []).map(({ on, onFailure = 'block' }) => ({
      state: states[Number(on.slice(1))] ?? 'blocked',
      onFailure,
    }));
    const bad = needs.filter(({ state }) => state === 'failed' || state === 'skipped');
    const waits =
      needs.some(({ state }) => state === 'blocked') || bad.some((need) => need.onFailure === 'block');
    const own: TaskState = task.payload?.['fate'] === 'dies' ? 'failed' : 'completed';
    states.push(bad.some((need) => need.onFailure === 'skip') ? 'skipped' : waits ? 'blocked' : own);
  }
  return states;
}

test('O22, O24, O25, T63: of two thousand tasks each takes effect once, whatever dies, and every branch is settled', async () => {
  await using t = await openTestDatabase('server');
  await t.db.raw('create table effects (task_id text not null, token integer not null)');
  const queue = createQueue({ db: t.db, clock: createSystemClock(), log: createLog({ level: 'silent' }) });
  const graph = randomGraph(20_261_121);
  const { ids } = await t.db.transaction((q) => queue.add(q, graph));
  const start = (slots: number): ChildProcess =>
    spawn(process.execPath, [WORKER, t.url, String(slots)], { stdio: ['ignore', 'inherit', 'inherit'] });
  const workers = SLOTS.map(start);
  const ended = async (): Promise<number> =>
    (await t.db.raw<{ n: number }>('select count(*)::integer as n from tasks where ended_at is not null'))[0]
      ?.n ?? 0;
  const expected = outcomes(graph);
  const ends = expected.filter((state) => state !== 'blocked').length;
  // Three times in the middle of it all a process is killed, and another takes its place.
  for (const share of [0.2, 0.45, 0.7]) {
    await expect.poll(ended, { timeout: 60_000, interval: 50 }).toBeGreaterThan(ends * share);
    const victim = workers.shift();
    victim?.kill('SIGKILL');
    workers.push(start(SLOTS[0] ?? 1));
  }
  const open = async (): Promise<number> =>
    (
      await t.db.raw<{ n: number }>(
        `select count(*)::integer as n from tasks where state in ('pending', 'running')`,
      )
    )[0]?.n ?? 0;
  await expect.poll(open, { timeout: 60_000, interval: 100 }).toBe(0);
  const gone = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(gone);

  const rows = await t.db.raw<{ id: string; state: TaskState; token: number }>(
    'select id, state, token from tasks',
  );
  const state = new Map(rows.map((row) => [row.id, row.state]));
  expect(ids.map((id) => state.get(id))).toEqual(expected);
  const effects = await t.db.raw<{ task_id: string; token: number }>('select task_id, token from effects');
  const completed = rows.filter((row) => row.state === 'completed');
  expect(effects.map((row) => `${row.task_id} ${row.token}`).toSorted()).toEqual(
    completed.map((row) => `${row.id} ${row.token}`).toSorted(),
  );
  // Lost leases and kills did happen: without them the test would show little.
  const [{ expired } = { expired: 0 }] = await t.db.raw<{ expired: number }>(
    `select count(*)::integer as expired from task_tries where outcome = 'expired'`,
  );
  expect(expired).toBeGreaterThan(50);
  expect(await t.db.raw('select 1 from task_files')).toEqual([]);
}, 120_000);
