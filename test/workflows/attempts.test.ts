// Attempts: counted, limited, reflected on, reviewed, and never believed on a coder's word.
import { describe, expect, test } from 'vitest';
import type { Coder, Reviewer } from '#workflows/ports.ts';
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
const wrong = (text: string): readonly Change[] => [
  { file: 'src/add.js', text: `// ${text}\n${BAD_ADD.text}` },
];

describe('attempts', () => {
  test('R14: each failed one is reflected on with a new hypothesis, and its candidate does not come again', async () => {
    const { engine, journal } = world.build({ coder: scriptedCoder([wrong('one'), wrong('two'), FIX]) });
    const { run } = await engine.start({ repository: world.repository.path });
    const done = await engine.execute(run.key);
    expect(done).toMatchObject({ status: 'succeeded', attempt: 3 });
    const { reflections } = await engine.show(run.key);
    expect(new Set(reflections.map((one) => one.hypothesis)).size).toBe(2);
    const events = await journal.read({ runId: run.id });
    expect(events.filter((event) => event.type === 'failure.recorded')).toHaveLength(2);
  });

  test('one that mends a part without harm is where the next one starts', async () => {
    const { engine } = world.build({ coder: scriptedCoder([[GOOD_ADD], [GOOD_TWICE]]) });
    const { run } = await engine.start({ repository: world.repository.path });
    expect(await engine.execute(run.key)).toMatchObject({ status: 'succeeded', attempt: 2 });
  });

  test('R2, R3: they are counted, warned about at the twelfth and stopped at the fifteenth', async () => {
    const script = Array.from({ length: 20 }, (_, index) => wrong(`try ${index}`));
    const { engine, journal } = world.build({ coder: scriptedCoder(script) });
    const { run } = await engine.start({
      repository: world.repository.path,
      limits: { noProgressAttempts: 100 },
    });
    const done = await engine.execute(run.key);
    expect(done).toMatchObject({
      status: 'failed',
      attempt: 15,
      outcome: { kind: 'reached-limit', limit: 'attempts' },
    });
    const events = await journal.read({ runId: run.id });
    expect(events.filter((event) => event.type === 'run.warned').map((event) => event.payload)).toEqual([
      { attempt: 12, limit: 15 },
    ]);
    expect(events.filter((event) => event.type === 'candidate.proposed')).toHaveLength(15);
  });

  test('R3: without progress they stop early', async () => {
    const script = Array.from({ length: 20 }, (_, index) => wrong(`try ${index}`));
    const { engine } = world.build({ coder: scriptedCoder(script) });
    const { run } = await engine.start({ repository: world.repository.path });
    const done = await engine.execute(run.key);
    expect(done).toMatchObject({ attempt: 4, outcome: { limit: 'no-progress' } });
    expect(done.outcome?.reason).toContain('4 attempts');
  });

  test('R3: running time is limited, over a step that would never end', async () => {
    const { engine } = world.build({ coder: endless() });
    const { run } = await engine.start({ repository: world.repository.path, limits: { wallMs: 1_500 } });
    const done = await engine.execute(run.key);
    expect(done).toMatchObject({ status: 'failed', outcome: { kind: 'reached-limit', limit: 'wall-time' } });
  });
});

describe('R9: reviewers', () => {
  const critical: Reviewer = {
    name: 'strict',
    review: async ({ files }) =>
      files
        .filter(({ text }) => text.includes('one'))
        .map(({ path }) => ({
          severity: 'critical',
          rule: 'no-ones',
          file: path,
          line: 1,
          message: 'says one',
        })),
  };

  test('a critical finding sends the change back to coding, with the finding', async () => {
    const script = scriptedCoder([wrong('one'), FIX]);
    const seen: unknown[] = [];
    const coder: Coder = {
      name: 'watched',
      code: (input, tools, signal) => {
        seen.push(input.findings);
        return script.code(input, tools, signal);
      },
    };
    const { engine } = world.build({ coder, parts: { reviewers: [critical] } });
    const { run } = await engine.start({ repository: world.repository.path });
    expect(await engine.execute(run.key)).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(seen).toEqual([[], [expect.objectContaining({ rule: 'no-ones', message: 'says one' })]]);
    const detail = await engine.show(run.key);
    expect(detail.steps.map((step) => step.state).slice(2, 5)).toEqual(['CODING', 'CODING', 'TESTING']);
    expect(detail.findings).toHaveLength(1);
  });

  test('it only advises when blocking is off', async () => {
    const { engine } = world.build({
      coder: scriptedCoder([wrong('one'), FIX]),
      parts: { reviewers: [critical] },
    });
    const { run } = await engine.start({ repository: world.repository.path, blockOnCritical: false });
    await engine.execute(run.key);
    expect((await engine.show(run.key)).steps.map((step) => step.state).slice(2, 4)).toEqual([
      'CODING',
      'TESTING',
    ]);
  });
});

describe('coders that lie', () => {
  test('one that deletes the failing tests gets no certificate', async () => {
    const text = `${FAULTY['test/all.test.js']}// deleted adds, deleted doubles\n`;
    const { engine } = world.build({ coder: scriptedCoder([[{ file: 'test/all.test.js', text }]]) });
    const { run } = await engine.start({ repository: world.repository.path });
    const done = await engine.execute(run.key);
    expect(done).toMatchObject({ status: 'failed', certificate: null, branch: null });
    expect((await engine.show(run.key)).certificate).toBeNull();
  });

  test('one that proposes nothing and calls it plausible gets no certificate', async () => {
    const honest = scriptedCoder([[]]);
    const { engine } = world.build({ coder: honest });
    const { run } = await engine.start({ repository: world.repository.path });
    expect(await engine.execute(run.key)).toMatchObject({ status: 'failed', certificate: null });
  });

  test('R10: one whose answer has the wrong shape ends the run with role and path named', async () => {
    const { engine } = world.build({
      coder: { name: 'liar', code: async () => ({ kind: 'proposed', success: true }) },
    });
    const { run } = await engine.start({ repository: world.repository.path });
    const done = await engine.execute(run.key);
    expect(done.outcome).toMatchObject({ kind: 'error', code: 'INTERNAL' });
    expect(done.outcome?.reason).toMatch(/output of the role "coder".*digest/);
  });

  test('tests that are green for a moment do not pass the host: a refused certificate leads to another attempt', async () => {
    let round = 0;
    const { engine } = world.build({
      coder: scriptedCoder([wrong('flicker'), FIX]),
      hands: {
        tests: {
          run: async ({ workspace }) => {
            round += 1;
            const read = (path: string) => git(world.repository.path, 'show', `main:${path}`);
            if (round === 3)
              return judge(async (path) => FIX.find((f) => f.file === path)?.text ?? read(path));
            const { readFile } = await import('node:fs/promises');
            return judge((path) => readFile(`${workspace.root}/${path}`, 'utf8'));
          },
        },
      },
    });
    const { run } = await engine.start({ repository: world.repository.path });
    const done = await engine.execute(run.key);
    const states = (await engine.show(run.key)).steps.map((step) => `${step.state}>${step.nextState}`);
    expect(states).toContain('VERIFYING>REFLECTING');
    expect(done).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(git(world.repository.path, 'rev-list', '--count', `main..${done.branch}`)).toBe('1');
  });
});

/** A coder that works until it is told to stop. */
function endless(began?: () => void): Coder {
  return {
    name: 'endless',
    code: (_input, _tools, signal) =>
      new Promise((_, reject) => {
        began?.();
        signal.addEventListener('abort', () => reject(new Error('told to stop')));
      }),
  };
}
