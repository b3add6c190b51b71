// The run engine with scripted hands: the ways of a run from start to end, and what it leaves behind.
import { describe, expect, test } from 'vitest';
import type { Coder } from '#workflows/ports.ts';
import {
  BAD_ADD,
  type Change,
  FAULTY,
  GOOD_ADD,
  GOOD_TWICE,
  git,
  judge,
  scriptedCoder,
} from './support/laboratory.ts';
import { useWorld } from './support/world.ts';

const world = useWorld();
const FIX: readonly Change[] = [GOOD_ADD, GOOD_TWICE];

describe('a run', () => {
  test('R1, S13: goes from INIT to SUCCESS and only proposes: a branch, nothing merged, the checkout untouched', async () => {
    const { engine, workspaces, ticketStatus } = world.build({ coder: scriptedCoder([FIX]) });
    const before = git(world.repository.path, 'status', '--porcelain', '--branch');
    const head = git(world.repository.path, 'rev-parse', 'main');
    const { run, ticket } = await engine.start({
      repository: world.repository.path,
      title: 'Sums are wrong',
    });
    const done = await engine.execute(run.key);
    expect(done).toMatchObject({
      state: 'SUCCESS',
      status: 'succeeded',
      branch: `cambium/${ticket.key}`,
      isolation: 'none',
    });
    const detail = await engine.show(run.key);
    expect(detail.steps.map((step) => step.state)).toEqual([
      'INIT',
      'PLANNING',
      'CODING',
      'TESTING',
      'VERIFYING',
    ]);
    expect(detail.certificate?.body.verdict).toBe('passed');
    expect(detail.plan?.failing.map((failure) => failure.exercises)).toEqual([
      ['src/add.js', 'src/twice.js'],
      ['src/twice.js', 'src/add.js'],
    ]);
    expect(detail.diff).toContain('+export const add = (a, b) => a + b;');
    expect(await ticketStatus(ticket.key)).toBe('done');
    expect((await engine.certificate(ticket.key))?.digest).toBe(done.certificate);
    expect((await engine.logs(run.key)).map((log) => log.state)).toEqual([
      'PLANNING',
      'TESTING',
      'VERIFYING',
    ]);
    expect(git(world.repository.path, 'status', '--porcelain', '--branch')).toBe(before);
    expect(git(world.repository.path, 'rev-parse', 'main')).toBe(head);
    expect(git(world.repository.path, 'for-each-ref', 'refs/cambium')).toBe('');
    expect(await workspaces.list()).toEqual([]);
  });

  test('S29: the commit carries its metadata as trailers, and nothing that a coder writes can add one', async () => {
    const sly = scriptedCoder([FIX]);
    const coder: Coder = {
      ...sly,
      code: async (input, tools, signal) => {
        const output = (await sly.code(input, tools, signal)) as Record<string, unknown>;
        return { ...output, reason: 'good\n\nCambium-Ticket: TKT-999' };
      },
    };
    const { engine } = world.build({ coder });
    const { run, ticket } = await engine.start({
      repository: world.repository.path,
      title: 'Sums\nare wrong',
    });
    const { branch } = await engine.execute(run.key);
    const trailers = git(world.repository.path, 'log', '-1', '--format=%(trailers:unfold)', branch ?? '');
    expect(trailers.match(/^Cambium-Ticket: .*$/gm)).toEqual([`Cambium-Ticket: ${ticket.key}`]);
    expect(trailers).toContain(`Cambium-Run: ${run.key}`);
    expect(trailers).toContain('Cambium-Tests-Fixed: 2');
    expect(git(world.repository.path, 'log', '-1', '--format=%s', branch ?? '')).toBe('Sums are wrong');
  });

  test('S13: a started run executes nothing until somebody asks', async () => {
    let asked = 0;
    const { engine } = world.build({
      coder: scriptedCoder([FIX]),
      parts: {
        openHands: async () => {
          asked += 1;
          return { ok: false, reason: 'nobody', next: 'nothing' };
        },
      },
    });
    const { run } = await engine.start({ repository: world.repository.path });
    expect(run).toMatchObject({ state: 'INIT', status: 'queued', steps: 0 });
    expect(asked).toBe(0);
  });

  test('tests that pass already end it without a change', async () => {
    const files = { ...FAULTY, 'src/add.js': GOOD_ADD.text, 'src/twice.js': GOOD_TWICE.text };
    await world.rebuild(files);
    const { engine } = world.build({ coder: scriptedCoder([FIX]) });
    const { run } = await engine.start({ repository: world.repository.path });
    const done = await engine.execute(run.key);
    expect(done).toMatchObject({ status: 'succeeded', branch: null, outcome: { kind: 'no-change' } });
    expect(git(world.repository.path, 'branch', '--list', 'cambium/*')).toBe('');
  });

  test('tests that do not run end it with the reason and the next command', async () => {
    const { engine } = world.build({
      coder: scriptedCoder([FIX]),
      hands: {
        tests: {
          run: async () => ({
            ...(await judge(async () => '')),
            outcome: 'could-not-start',
            tests: [],
            exitCode: 127,
            outputText: 'sh: mocha: not found',
          }),
        },
      },
    });
    const { run } = await engine.start({ repository: world.repository.path });
    const done = await engine.execute(run.key);
    expect(done.outcome).toMatchObject({ kind: 'cannot-start', code: 'TESTS_CANNOT_START' });
    expect(done.outcome?.next).toContain(`cambium run logs ${run.key}`);
    expect((await engine.logs(run.key))[0]?.text).toContain('mocha: not found');
  });

  test('a failure that passes the second time is flaky and no target', async () => {
    let round = 0;
    const { engine } = world.build({
      coder: scriptedCoder([FIX]),
      hands: {
        tests: {
          run: async () => {
            round += 1;
            return judge(async (path) =>
              path === 'src/add.js' && round === 1
                ? BAD_ADD.text
                : (FIX.find((f) => f.file === path)?.text ?? ''),
            );
          },
        },
      },
    });
    const { run } = await engine.start({ repository: world.repository.path });
    const done = await engine.execute(run.key);
    expect(done.outcome?.kind).toBe('no-change');
    expect((await engine.show(run.key)).plan?.flaky).toEqual(['test/all.test.js › adds']);
  });

  test('an exhausted search ends it with the ranking and what was tried', async () => {
    const { engine } = world.build({ coder: scriptedCoder([]) });
    const { run } = await engine.start({ repository: world.repository.path });
    expect((await engine.execute(run.key)).outcome).toMatchObject({
      kind: 'nothing-found',
      next: `cambium run show ${run.key} --faults`,
    });
    const { search } = await engine.show(run.key);
    expect(search).toMatchObject({ ending: 'exhausted', suspects: [{ file: 'src/add.js' }] });
  });

  test.each([
    ['above', 'cambium', (key: string) => `cambium-${key}`],
    ['below', 'cambium/KEY/part', (key: string) => `cambium/${key}-2`],
  ])('a branch %s its name makes it take another one', async (_where, taken, expected) => {
    const { engine } = world.build({ coder: scriptedCoder([FIX]) });
    const { run, ticket } = await engine.start({ repository: world.repository.path });
    git(world.repository.path, 'branch', taken.replace('KEY', ticket.key), 'main');
    const done = await engine.execute(run.key);
    expect(done).toMatchObject({ status: 'succeeded', branch: expected(ticket.key) });
    expect((await engine.certificate(ticket.key))?.body.subject.branch).toBe(done.branch);
  });

  test('a branch of that name that somebody made is left alone', async () => {
    const { engine } = world.build({ coder: scriptedCoder([FIX]) });
    const { run, ticket } = await engine.start({ repository: world.repository.path });
    git(world.repository.path, 'branch', `cambium/${ticket.key}`, 'main');
    const done = await engine.execute(run.key);
    expect(done.branch).toBe(`cambium/${ticket.key}-2`);
    expect((await engine.certificate(ticket.key))?.body.subject.branch).toBe(done.branch);
    expect(git(world.repository.path, 'rev-parse', `cambium/${ticket.key}`)).toBe(
      git(world.repository.path, 'rev-parse', 'main'),
    );
  });
});
