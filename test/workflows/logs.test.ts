// What the engine's log says of a run: one run, and one step of it, can be followed by fields.
import { expect, test } from 'vitest';
import { createLog } from '#foundation/log.ts';
import type { Coder } from '#workflows/ports.ts';
import { type Change, GOOD_ADD, GOOD_TWICE, scriptedCoder } from './support/laboratory.ts';
import { useWorld } from './support/world.ts';

const world = useWorld();
const FIX: readonly Change[] = [GOOD_ADD, GOOD_TWICE];

interface Line {
  readonly msg: string;
  readonly run?: string;
  readonly ticket?: string;
  readonly step?: number;
  readonly state?: string;
}

/** A run whose log lines are kept. */
async function logged(coder: Coder): Promise<{ key: string; ticket: string; lines: Line[] }> {
  const written: string[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line) => void written.push(line) } });
  const { engine } = world.build({ coder, parts: { log } });
  const { run } = await engine.start({ repository: world.repository.path });
  await engine.execute(run.key);
  return { key: run.key, ticket: run.ticketKey, lines: written.map((line) => JSON.parse(line)) };
}

test('R48: every step of a run begins and ends in the log with run, ticket, step and state', async () => {
  const { key, ticket, lines } = await logged(scriptedCoder([FIX]));
  const steps = lines.filter((line) => line.msg === 'a step ended');
  expect(steps.map((line) => [line.step, line.state])).toEqual([
    [1, 'INIT'],
    [2, 'PLANNING'],
    [3, 'CODING'],
    [4, 'TESTING'],
    [5, 'VERIFYING'],
  ]);
  expect(lines.filter((line) => line.msg === 'a step begins')).toHaveLength(steps.length);
  for (const line of lines) expect(line).toMatchObject({ run: key, ticket });
});

test('R48: a step that fails says so with its run and its number', async () => {
  const broken: Coder = {
    name: 'broken',
    code: async () => {
      throw new Error('no idea');
    },
  };
  const { key, lines } = await logged(broken);
  const failed = lines.filter((line) => line.msg === 'a step failed');
  expect(failed).toEqual([expect.objectContaining({ run: key, step: 3, state: 'CODING', error: 'no idea' })]);
});

test('R48: what the hands of a run log names the run too', async () => {
  const written: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => void written.push(line) } });
  const { engine } = world.build({
    coder: scriptedCoder([FIX]),
    parts: {
      log,
      openHands: async (_request, given) => {
        given.info('hands');
        return { ok: false, reason: 'none here', next: 'look' };
      },
    },
  });
  const { run } = await engine.start({ repository: world.repository.path });
  await engine.execute(run.key);
  expect(written.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ msg: 'hands', run: run.key }),
  );
});
