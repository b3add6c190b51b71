// A worker on the command line: it carries out what schedules add, and what no worker could is refused when it is asked.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSystemClock } from '#foundation/clock.ts';
import { type CliHome, openCliHome } from '../support/cli.ts';
import { layOut } from '../support/repository.ts';

const LIMIT_MS = 45_000;
let cli: CliHome;
let path: string;

beforeAll(async () => {
  cli = await openCliHome();
  path = await layOut(join(cli.scratch, 'clocked'), {
    'package.json': '{"name":"clocked","type":"module","scripts":{"test":"node --test"}}',
    'a.js': 'export const a = 1;\n',
  });
  await cli.run(['ticket', 'create', 'Look after it', '--path', path]);
});
afterAll(() => cli[Symbol.asyncDispose]());

const add = (name: string, payload: object, type = 'command') =>
  cli.run([
    'schedule',
    'add',
    name,
    type,
    '--at',
    new Date(Date.now() + 8_000).toISOString(),
    '--payload',
    JSON.stringify(payload),
  ]);

test('T64: a task of no known type, without a command, or for an unknown project is refused at once', async () => {
  expect((await add('odd', {}, 'dance')).stderr).toContain('workers do not know tasks of the type dance');
  expect((await add('odd', { project: path })).stderr).toContain('the payload does not fit: run');
  const unknown = await add('odd', { project: '/nowhere', run: 'true' });
  expect([unknown.exit, unknown.stderr]).toEqual([
    2,
    expect.stringContaining('there is no project /nowhere'),
  ]);
  expect(JSON.parse((await cli.run(['schedule', 'list', '--json'])).stdout).schedules).toEqual([]);
});

test('T64: a scheduled command is run once in a clean tree, and one that fails says why', async () => {
  expect((await add('good', { project: path, run: 'cat a.js; touch made' })).exit).toBe(0);
  expect((await add('bad', { project: path, run: 'echo no such luck; exit 3' })).exit).toBe(0);
  const worker = cli.start(['worker', '--concurrency', '2']);
  const clock = createSystemClock();
  const end = clock.monotonicMs() + LIMIT_MS;
  let tasks: { key: string; state: string; tries: number }[] = [];
  try {
    while (!(tasks.length === 2 && tasks.every(({ state, tries }) => state !== 'running' && tries > 0))) {
      if (clock.monotonicMs() > end) throw new Error(`it did not happen: ${JSON.stringify(tasks)}`);
      await clock.sleep(200);
      tasks = JSON.parse((await cli.run(['task', 'list', '--type', 'command', '--json'])).stdout).tasks;
    }
  } finally {
    worker.child.kill('SIGTERM');
  }
  await worker.done;
  const shown = await Promise.all(
    tasks.map(async ({ key }) => JSON.parse((await cli.run(['task', 'show', key, '--json'])).stdout)),
  );
  const good = shown.find(({ state }) => state === 'completed');
  expect(good.result).toMatchObject({
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    said: expect.stringContaining('ended with 0'),
  });
  expect(JSON.stringify(shown.find(({ state }) => state !== 'completed'))).toContain(
    'ended with 3, not with 0. It said: no such luck',
  );
});
