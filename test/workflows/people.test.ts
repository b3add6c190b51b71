// Where a run needs a person: reviews, refusals, missing isolation.
import { rename } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Coder } from '#workflows/ports.ts';
import { type Change, GOOD_ADD, GOOD_TWICE, git, scriptedCoder } from './support/laboratory.ts';
import { useWorld } from './support/world.ts';

const world = useWorld();
const FIX: readonly Change[] = [GOOD_ADD, GOOD_TWICE];

describe('a person in the loop', () => {
  const reviewed = async (script: readonly (readonly Change[])[]) => {
    const built = world.build({ coder: scriptedCoder(script) });
    const { run } = await built.engine.start({ repository: world.repository.path, review: true });
    const waiting = await built.engine.execute(run.key);
    return { ...built, run: waiting };
  };

  test('R1: a certified change waits for a word, and is done when it is approved', async () => {
    const { engine, run, ticketStatus } = await reviewed([FIX]);
    expect(run).toMatchObject({ state: 'HUMAN_REVIEW', status: 'waiting-human', outcome: null });
    expect(await ticketStatus(run.ticketKey)).toBe('waiting-human');
    await expect(engine.resume(run.key)).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
      next: expect.stringContaining('approve'),
    });
    await engine.decide(run.key, { decision: 'approved', by: 'Ada', note: '' });
    expect(await engine.resume(run.key)).toMatchObject({ state: 'SUCCESS', status: 'succeeded' });
    await expect(engine.decide(run.key, { decision: 'rejected', by: 'Bob', note: '' })).rejects.toMatchObject(
      { code: 'RUN_CONFLICT' },
    );
  });

  test('a rejected one loses its branch and the next candidate is tried', async () => {
    const other: readonly Change[] = [{ ...GOOD_ADD, text: `// differently\n${GOOD_ADD.text}` }, GOOD_TWICE];
    const { engine, run } = await reviewed([FIX, other]);
    const first = git(world.repository.path, 'rev-parse', run.branch ?? '');
    await engine.decide(run.key, { decision: 'rejected', by: 'Ada', note: 'not like this' });
    const again = await engine.resume(run.key);
    expect(again).toMatchObject({ state: 'HUMAN_REVIEW', attempt: 2, branch: run.branch });
    expect(git(world.repository.path, 'rev-parse', again.branch ?? '')).not.toBe(first);
    expect((await engine.show(run.key)).reflections[0]?.cause).toContain('not like this');
  });

  test('a cancelled one loses its branch', async () => {
    const { engine, run } = await reviewed([FIX]);
    expect(await engine.request(run.key, 'cancel')).toMatchObject({
      state: 'CANCELLED',
      status: 'cancelled',
      branch: null,
    });
    expect(git(world.repository.path, 'branch', '--list', 'cambium/*')).toBe('');
  });
});

describe('R7, S25: what a run cannot do by itself', () => {
  test('a refusal pauses it with the one action needed, and it goes on from there', async () => {
    let refused = true;
    const script = scriptedCoder([FIX]);
    const coder: Coder = {
      name: 'careful',
      code: (input, tools, signal) =>
        refused
          ? Promise.resolve({ kind: 'refused', reason: 'not allowed to write', next: 'cambium allow' })
          : script.code(input, tools, signal),
    };
    const { engine, journal } = world.build({ coder });
    const { run } = await engine.start({ repository: world.repository.path });
    const paused = await engine.execute(run.key);
    expect(paused).toMatchObject({
      state: 'CODING',
      status: 'paused',
      paused: { reason: 'not allowed to write', next: 'cambium allow' },
    });
    await expect(engine.execute(run.key)).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
      next: 'cambium allow',
    });
    refused = false;
    expect((await engine.resume(run.key)).status).toBe('succeeded');
    const events = (await journal.read({ runId: run.id })).map((event) => event.type);
    expect(events.filter((type) => type === 'run.paused' || type === 'run.resumed')).toEqual([
      'run.paused',
      'run.resumed',
    ]);
  });

  test('a repository that is moved away pauses it, and it goes on when it is back', async () => {
    const { path } = world.repository;
    let moved = false;
    const script = scriptedCoder([FIX]);
    const coder: Coder = {
      name: 'slow',
      code: async (input, tools, signal) => {
        if (!moved) {
          await rename(path, `${path} elsewhere`);
          moved = true;
        }
        return script.code(input, tools, signal);
      },
    };
    const { engine } = world.build({ coder });
    const { run } = await engine.start({ repository: path });
    const paused = await engine.execute(run.key);
    expect(paused).toMatchObject({
      status: 'paused',
      paused: { reason: `The repository ${path} is gone`, next: expect.stringContaining('put it back') },
    });
    await rename(`${path} elsewhere`, path);
    expect(await engine.resume(run.key)).toMatchObject({ status: 'succeeded' });
  });

  test('without isolation nothing is executed and nothing recorded as if it had been', async () => {
    const { engine, journal, workspaces } = world.build({
      coder: scriptedCoder([FIX]),
      parts: {
        openHands: async () => ({ ok: false, reason: 'no isolation works here', next: 'install bubblewrap' }),
      },
    });
    const { run } = await engine.start({ repository: world.repository.path });
    const paused = await engine.execute(run.key);
    expect(paused).toMatchObject({
      state: 'INIT',
      status: 'paused',
      steps: 0,
      isolation: null,
      paused: { next: 'install bubblewrap' },
    });
    expect(await workspaces.list()).toEqual([]);
    const types = (await journal.read({ runId: run.id })).map((event) => event.type);
    expect(types).not.toContain('tests.ran');
    expect(types).not.toContain('workspace.prepared');
  });
});
