// Spec §8, proof 1: kill −9 at each point of a ticket's way, in real processes: what is there in the end is what is
// there without a kill, and nothing was done twice.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { createSystemClock } from '#foundation/clock.ts';
import { DRIVE_POINTS } from '../../src/workflows/drive/points.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { assembleDriver } from './support/driver.ts';
import type { DriverReport, DriverTask } from './support/driver-child.ts';
import { GOOD_ADD, GOOD_TWICE, git, makeRepository, scriptedCoder } from './support/laboratory.ts';

const CHILD = fileURLToPath(new URL('./support/driver-child.ts', import.meta.url));
const CHILD_LIMIT_MS = 120_000;
const SCRIPT = [[GOOD_ADD], [GOOD_TWICE]];

/** Each point once, in the order of the way: the phase without a body, the one with a run, the end. */
const KILLS = DRIVE_POINTS.filter((point) => !point.startsWith('rest.')).concat(
  'rest.before-commit',
  'rest.after-commit',
);

let calm: Story;

beforeAll(async () => {
  calm = await story([]);
}, 240_000);

test('the way passes every point, and ends with one change', () => {
  expect([...new Set(calm.points)].sort()).toEqual([...DRIVE_POINTS].sort());
  expect(calm.outcome).toMatchObject({ phase: 'done', runs: 1, commits: 1, ended: 'done' });
});

test('Proof 1, R4, R5: killed at each point in turn, it ends as if nothing had happened', async () => {
  const killed = await story(KILLS);
  expect(killed.kills).toEqual(KILLS);
  expect(killed.outcome).toEqual(calm.outcome);
}, 600_000);

interface Story {
  readonly outcome: Record<string, unknown>;
  readonly points: readonly string[];
  /** Points at which a process was really killed. */
  readonly kills: readonly string[];
}

/** One ticket in a world of its own; killed at each of `wanted` in turn, then left to end. */
async function story(wanted: readonly string[]): Promise<Story> {
  await using database = await openTestDatabase('embedded');
  const repository = await makeRepository();
  try {
    const { url } = database;
    const base = { url, home: repository.home, repository: repository.path, script: SCRIPT };
    const points: string[] = [];
    const kills: string[] = [];
    let ended = '';
    for (const point of [...wanted, null]) {
      const ticket = (await opened(database)) ? 'TKT-1' : null;
      const report = await child({ ...base, ticket, die: point === null ? null : { point, pass: 1 } });
      if (report === null && point !== null) kills.push(point);
      points.push(...(report?.points ?? []));
      ended = report?.ended ?? ended;
    }
    return { outcome: { ended, ...(await outcomeOf(database, repository)) }, points, kills };
  } finally {
    await repository.dispose();
  }
}

async function opened(database: TestDatabase): Promise<boolean> {
  return (await database.db.raw('select 1 from tickets')).length > 0;
}

/** Null when it was killed. */
async function child(task: DriverTask): Promise<DriverReport | null> {
  const running = spawn(process.execPath, [CHILD, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [running.stdout, running.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const guard = new AbortController();
  const limit = createSystemClock()
    .sleep(CHILD_LIMIT_MS, guard.signal)
    .then(
      () => running.kill('SIGKILL'),
      () => undefined,
    );
  const signal = await new Promise<string | null>((resolve) =>
    running.on('close', (_code, by) => resolve(by)),
  );
  guard.abort();
  await limit;
  if (signal === 'SIGKILL' && said.includes('dies at')) return null;
  const last = said.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`the child failed (${signal ?? 'no signal'}): ${said}`);
  return JSON.parse(last);
}

async function outcomeOf(
  database: TestDatabase,
  repository: Awaited<ReturnType<typeof makeRepository>>,
): Promise<Record<string, unknown>> {
  const { db } = database;
  const rooms = await assembleDriver({ db, home: repository.home, coder: scriptedCoder(SCRIPT) });
  const ticket = await rooms.tickets.show('TKT-1');
  const view = await rooms.driver.view('TKT-1');
  const branch = `cambium/${ticket.key}`;
  const events = await rooms.journal.read({ limit: 5000 });
  const history = await rooms.transitions.history(ticket.id);
  const outcome = {
    phase: ticket.phase,
    version: ticket.version,
    rest: view.rest,
    history: history.map(({ seq, from, to, kind, reason, artefacts }) => [
      seq,
      from,
      to,
      kind,
      reason,
      artefacts.length,
    ]),
    gates: await db.raw(
      'select visit, iteration, phase, status, verdict from gate_results order by visit, iteration',
    ),
    outputs: await db.raw(
      'select phase, slot, version, content from phase_outputs order by phase, slot, version',
    ),
    claims: await db.raw('select visit, author, statement from gate_claims order by visit, digest'),
    approvals: (await db.raw('select 1 from approvals')).length,
    runs: (await db.raw('select 1 from runs')).length,
    certificates: (await db.raw('select 1 from certificates')).length,
    drives: await db.raw('select visit, step, tries, owner, lease_until from phase_drives'),
    events: events
      .filter(({ type }) => !['task.claimed', 'task.ready', 'run.resumed'].includes(type))
      .map(({ type, payload }) => [type, withoutChance(payload)]),
    commits: Number(git(repository.path, 'rev-list', '--count', `main..${branch}`)),
    tree: git(repository.path, 'rev-parse', `${branch}^{tree}`),
    branches: git(repository.path, 'branch', '--list', '--format=%(refname)'),
    leftRefs: git(repository.path, 'for-each-ref', '--format=%(refname)', 'refs/cambium'),
    leftWorkspaces: (await rooms.workspaces.list()).length,
    checkout: git(repository.path, 'status', '--porcelain', '--branch'),
  };
  await rooms.queue.close();
  return outcome;
}

/** Payloads without commits and durations: each story has a repository of its own. */
function withoutChance(payload: unknown): unknown {
  return JSON.parse(
    JSON.stringify(payload, (key, value: unknown) => {
      if (['durationMs', 'commit', 'base', 'certificate', 'path'].includes(key)) return null;
      return typeof value === 'string' ? value.replace(/[0-9a-f]{12,}/g, '…') : value;
    }),
  );
}
