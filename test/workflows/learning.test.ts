// What runs teach memory and get from it: in the transaction of the move, by the word of people, against reverts.
import { expect, test, vi } from 'vitest';
import { createPatterns } from '#memory/patterns.ts';
import type { Coder } from '#workflows/ports.ts';
import { type Change, GOOD_ADD, GOOD_TWICE, git, scriptedCoder } from './support/laboratory.ts';
import { useWorld } from './support/world.ts';

const world = useWorld();
const FIX: readonly Change[] = [GOOD_ADD, GOOD_TWICE];

/** An engine with a memory; each test has patterns of its own, told apart by the run that taught them. */
function withMemory(coder: Coder, parts: Parameters<typeof world.build>[0]['parts'] = {}) {
  const { db } = world.database;
  const memory = createPatterns({ db, clock: clockOf(), ids: idsOf() });
  return { ...world.build({ coder, leaseMs: 2_000, parts: { memory, ...parts } }), memory };
}

function clockOf() {
  return world.build({ coder: scriptedCoder([]) }).clock;
}
function idsOf() {
  return world.build({ coder: scriptedCoder([]) }).ids;
}

const clear = () =>
  world.database.db.raw('truncate pattern_evidence, template_outcomes, patterns restart identity cascade');

test('a certified fix teaches its forms, with run, ticket, project, commit and certificate', async () => {
  await clear();
  const { engine, memory, journal } = withMemory(scriptedCoder([FIX]));
  const { run } = await engine.start({ repository: world.repository.path });
  const done = await engine.execute(run.key);
  expect(done.status).toBe('succeeded');
  const listed = await memory.list();
  expect(listed.map(({ before, after, origin }) => [before, after, origin]).sort()).toEqual([
    ['$A * 3', '$A * 2', run.key],
    ['$A - $B', '$A + $B', run.key],
  ]);
  const { evidence } = await memory.show(listed[0]?.key ?? '');
  expect(evidence).toMatchObject([
    {
      runId: run.id,
      ticketId: run.ticketId,
      projectId: run.projectId,
      commit: done.commit,
      certificate: done.certificate,
      outcome: 'accepted',
      errorClass: 'AssertionError',
    },
  ]);
  const events = await journal.read({ runId: run.id });
  expect(events.filter(({ type }) => type === 'pattern.learned')).toHaveLength(2);
  expect((await memory.recall('javascript')).outcomes).toMatchObject([
    { template: 'scripted', kind: 'binary_expression', accepted: 1 },
  ]);
});

test('a run that dies between the lesson and the commit of its move has taught nothing; going on, it teaches once', async () => {
  await clear();
  let died = 0;
  const { engine, memory } = withMemory(scriptedCoder([FIX]), {
    crashPoint: (point, state) => {
      if (point !== 'move.before-commit' || state !== 'VERIFYING' || died > 0) return;
      died += 1;
      throw new Error('the power went');
    },
  });
  const { run } = await engine.start({ repository: world.repository.path });
  await engine.execute(run.key).catch(() => undefined);
  expect(died).toBe(1);
  expect(await memory.list()).toEqual([]);
  const again = await vi.waitFor(() => engine.resume(run.key), { timeout: 30_000, interval: 300 });
  expect(again.status).toBe('succeeded');
  expect((await memory.list()).map(({ accepted }) => accepted)).toEqual([1, 1]);
});

test('what a person rejects speaks against its form; what waits for a word teaches nothing yet', async () => {
  await clear();
  const other: readonly Change[] = [{ ...GOOD_ADD, text: `// differently\n${GOOD_ADD.text}` }, GOOD_TWICE];
  const { engine, memory } = withMemory(scriptedCoder([FIX, other]));
  const { run } = await engine.start({ repository: world.repository.path, review: true });
  await engine.execute(run.key);
  expect(await memory.list()).toEqual([]);
  await engine.decide(run.key, { decision: 'rejected', by: 'Ada', note: 'not like this' });
  expect(await engine.resume(run.key)).toMatchObject({ state: 'HUMAN_REVIEW', outcome: null });
  expect(await memory.list()).toEqual([]);
  expect((await memory.recall('javascript')).outcomes).toMatchObject([{ accepted: 0, refused: 1 }]);
  await engine.decide(run.key, { decision: 'approved', by: 'Ada', note: '' });
  expect((await engine.resume(run.key)).status).toBe('succeeded');
  expect((await memory.list()).every(({ accepted, refused }) => accepted === 1 && refused === 0)).toBe(true);
});

test('S23: a fix that the history takes back later counts against its form', async () => {
  await clear();
  const { engine, memory } = withMemory(scriptedCoder([FIX]));
  const { path } = world.repository;
  const first = await engine.start({ repository: path });
  const { branch } = await engine.execute(first.run.key);
  git(path, 'merge', '-q', branch ?? '');
  git(path, 'revert', '--no-edit', 'HEAD');
  expect((await memory.list()).map(({ refused }) => refused)).toEqual([0, 0]);
  const second = await engine.start({ repository: path });
  await engine.execute(second.run.key);
  for (const pattern of await memory.list()) expect(pattern).toMatchObject({ accepted: 1, refused: 1 });
});

test('a search is handed what was learned, and what becomes of it is told', async () => {
  await clear();
  const handed: string[][] = [];
  const script = scriptedCoder([FIX]);
  const coder: Coder = {
    name: 'learner',
    code: async (input, tools, signal) => {
      handed.push(tools.learned.rewrites.map(({ key }) => key));
      const output = (await script.code(input, tools, signal)) as { account: object };
      const learned = tools.learned.rewrites.map(({ key }) => ({
        key,
        matched: 2,
        tried: 3,
        told: 'as before',
      }));
      const template = learned.length === 0 ? 'scripted' : `scripted+learned:${learned[0]?.key}`;
      return { ...output, template, account: { ...output.account, learned } };
    },
  };
  const { engine, memory } = withMemory(coder);
  const { path } = world.repository;
  for (const _ of [1, 2]) {
    const { run } = await engine.start({ repository: path });
    expect((await engine.execute(run.key)).status).toBe('succeeded');
  }
  expect(handed.map((keys) => keys.length)).toEqual([0, 2]);
  const { pattern, evidence } = await memory.show('PTN-1');
  expect(pattern).toMatchObject({ accepted: 2, refused: 0, seen: 2, tried: 3 });
  expect(evidence.map(({ outcome }) => outcome).sort()).toEqual([
    'accepted',
    'accepted',
    'plausible',
    'seen',
    'tried',
  ]);
});

test('a memory that cannot be read costs a run nothing but its help', async () => {
  await clear();
  const { engine } = withMemory(scriptedCoder([FIX]), {
    memory: {
      recall: () => Promise.reject(new Error('away')),
      record: () => Promise.resolve([]),
    },
  });
  const { run } = await engine.start({ repository: world.repository.path });
  expect((await engine.execute(run.key)).status).toBe('succeeded');
});
