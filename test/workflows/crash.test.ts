// kill −9 at the named points of a run, in real processes: what is there in the end is what is there without the kill.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createSystemClock } from '#foundation/clock.ts';
import { CRASH_POINTS, type CrashPoint } from '#workflows/crash-points.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { assemble } from './support/engine.ts';
import { BAD_ADD, GOOD_ADD, GOOD_TWICE, git, makeRepository, scriptedCoder } from './support/laboratory.ts';
import type { ChildReport, ChildTask } from './support/worker-child.ts';

const CHILD = fileURLToPath(new URL('./support/worker-child.ts', import.meta.url));
const CHILD_LIMIT_MS = 60_000;
/** A refuted attempt, one that mends half, and the one that mends the rest. */
const SCRIPT = [[BAD_ADD], [GOOD_ADD], [GOOD_TWICE]];

/** Found by fast-check once. */
const SEEN_BEFORE: [Kill[]][] = [
  [
    [
      { point: 'verifying.after-commit-object', pass: 1 },
      { point: 'move.before-commit', pass: 3 },
    ],
  ],
];

interface Kill {
  readonly point: CrashPoint;
  readonly pass: number;
}

let undisturbed: Outcome;
let lived: readonly string[];

beforeAll(async () => {
  const calm = await story([]);
  undisturbed = calm.outcome;
  lived = calm.points;
}, 120_000);

describe('R4, R5: a run that is killed', () => {
  test('the story passes every named point', () => {
    expect([...new Set(lived)].sort()).toEqual([...CRASH_POINTS].sort());
    expect(undisturbed).toMatchObject({ status: 'succeeded', ticketStatus: 'done', commits: 1, passed: 1 });
  });

  test.each(chains())(
    'at %s and so on ends as if nothing had happened',
    async (...chain) => {
      const { outcome, kills } = await story(chain.map((point) => ({ point, pass: 1 })));
      expect(kills).toBe(chain.length);
      expect(outcome).toEqual(undisturbed);
    },
    240_000,
  );

  test('again and again, wherever fast-check likes, ends as if nothing had happened', async () => {
    const kill = fc.record({ point: fc.constantFrom(...CRASH_POINTS), pass: fc.integer({ min: 1, max: 4 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(kill, { minLength: 2, maxLength: 4 }), async (kills) => {
        const { outcome } = await story(kills);
        expect(outcome).toEqual(undisturbed);
      }),
      { numRuns: 5, interruptAfterTimeLimit: 240_000, examples: SEEN_BEFORE },
    );
  }, 400_000);
});

/** Every point once, in chains of three that a run passes in that order: one process after the other is killed. */
function chains(): CrashPoint[][] {
  const count = Math.ceil(CRASH_POINTS.length / 3);
  return Array.from({ length: count }, (_, first) =>
    CRASH_POINTS.filter((_point, index) => index % count === first),
  );
}

interface Outcome {
  readonly status: string;
  readonly paused: unknown;
  readonly ended: string | undefined;
  readonly ticketStatus: string;
  readonly tickets: number;
  readonly runs: number;
  readonly tree: string;
  readonly message: string;
  readonly commits: number;
  readonly branches: string;
  readonly passed: number;
  readonly verdict: string | undefined;
  readonly steps: unknown;
  readonly events: unknown;
  readonly leftRefs: string;
  readonly leftWorkspaces: number;
  readonly checkout: string;
}

interface Story {
  readonly outcome: Outcome;
  readonly points: readonly string[];
  /** How many processes were really killed. */
  readonly kills: number;
}

/** One run in a world of its own; killed at each of `wanted` in turn, then left to end. */
async function story(wanted: readonly Kill[]): Promise<Story> {
  await using database = await openTestDatabase('embedded');
  const repository = await makeRepository();
  try {
    const task = {
      url: database.url,
      home: repository.home,
      repository: repository.path,
      script: SCRIPT,
      review: false,
    };
    const points: string[] = [];
    let kills = 0;
    let remaining = [...wanted];
    for (let session = 0; session <= wanted.length; session += 1) {
      const run = (await started(database)) ? 'RUN-1' : null;
      const die = remaining[0] ?? null;
      remaining = remaining.slice(1);
      const report = await child({ ...task, run, die });
      if (report === null) kills += 1;
      points.push(...(report?.points ?? []));
    }
    return { outcome: await outcomeOf(database, repository), points, kills };
  } finally {
    await repository.dispose();
  }
}

async function started(database: TestDatabase): Promise<boolean> {
  return (await database.db.raw('select 1 from runs')).length > 0;
}

/** Null when it was killed. */
async function child(task: ChildTask): Promise<ChildReport | null> {
  const running = spawn(process.execPath, [CHILD, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  running.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  running.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
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
  const tooLong = signal === 'SIGKILL' && !stdout.includes('dies at');
  guard.abort();
  await limit;
  if (tooLong) throw new Error(`the child did not end in time: ${stderr}`);
  if (signal === 'SIGKILL') return null;
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`the child failed: ${stdout}${stderr}`);
  return JSON.parse(last);
}

async function outcomeOf(
  database: TestDatabase,
  repository: Awaited<ReturnType<typeof makeRepository>>,
): Promise<Outcome> {
  const { engine, reads, journal, workspaces, queue } = assemble({
    db: database.db,
    home: repository.home,
    coder: scriptedCoder(SCRIPT),
  });
  const detail = await engine.show('RUN-1');
  const [ticket, ...tickets] = await reads.list({});
  const events = await journal.read({ limit: 5000 });
  // Without a branch the base stands in, so that the comparison tells the whole difference.
  const branch = detail.run.branch ?? 'main';
  const outcome: Outcome = {
    status: detail.run.status,
    paused: detail.run.paused,
    ended: detail.run.outcome?.reason,
    ticketStatus: ticket?.status ?? 'none',
    tickets: 1 + tickets.length,
    runs: (await engine.list()).length,
    tree: git(repository.path, 'rev-parse', `${branch}^{tree}`),
    message: git(repository.path, 'log', '-1', '--format=%B', branch).replace(
      /^Cambium-(Time|Base).*$/gm,
      '',
    ),
    commits: Number(git(repository.path, 'rev-list', '--count', `main..${branch}`)),
    branches: git(repository.path, 'branch', '--list', '--format=%(refname)'),
    passed: (await database.db.raw(`select 1 from certificates where body->>'verdict' = 'passed'`)).length,
    verdict: detail.certificate?.body.verdict,
    steps: detail.steps.map(({ seq, state, attempt, nextState, reason }) => [
      seq,
      state,
      attempt,
      nextState,
      reason.replace(/[0-9a-f]{12}/, ''),
    ]),
    events: events
      .filter(({ type }) => !['task.claimed', 'task.ready', 'run.resumed'].includes(type))
      .map(({ type, payload }) => [type, withoutChance(payload)]),
    leftRefs: git(repository.path, 'for-each-ref', '--format=%(refname)', 'refs/cambium'),
    leftWorkspaces: (await workspaces.list()).length,
    checkout: git(repository.path, 'status', '--porcelain', '--branch'),
  };
  await queue.close();
  return outcome;
}

/** Payloads without commits, digests of them and durations: each story has a repository of its own. */
function withoutChance(payload: unknown): unknown {
  return JSON.parse(
    JSON.stringify(payload, (key, value: unknown) => {
      if (['durationMs', 'commit', 'base', 'certificate', 'path'].includes(key)) return null;
      return typeof value === 'string' ? value.replace(/[0-9a-f]{12,}/g, '…') : value;
    }),
  );
}
