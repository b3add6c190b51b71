// `cambium model …` as a person meets it: nothing configured, a server that answers, one that does not, a recording.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHome, openCliHome } from '../support/cli.ts';
import { startModelServer } from '../support/model-server.ts';

let cli: CliHome;
let env: Record<string, string>;

beforeAll(async () => {
  cli = await openCliHome();
  env = { XDG_CONFIG_HOME: join(cli.scratch, 'settings') };
  await mkdir(join(cli.scratch, 'settings', 'cambium'), { recursive: true });
});
afterAll(() => cli[Symbol.asyncDispose]());

const settings = (text: string) => writeFile(join(cli.scratch, 'settings', 'cambium', 'models.yaml'), text);

test('with nothing configured the next step is said', async () => {
  await settings('');
  const list = await cli.run(['model', 'list'], { env });
  expect(list.exit).toBe(0);
  expect(list.stdout).toContain('no model is chosen yet: name some under tiers in ');
  const tried = await cli.run(['model', 'test'], { env });
  expect([tried.exit, tried.stderr]).toEqual([2, expect.stringContaining('next: name one: ')]);
});

test('a model that answers and calls a tool; recorded, and played back when its server is gone', async () => {
  const server = await startModelServer([
    { text: 'ready', usage: { input: 1_000_000, cached: 0, output: 0 } },
    {
      call: { tool: 'read_file', input: '{"path":"notes.txt"}' },
      usage: { input: 0, cached: 0, output: 1_000_000 },
    },
  ]);
  const url = server.url('anthropic');
  await settings(
    `providers:\n  mine: { kind: anthropic, url: '${url}', key: secret-key-of-mine }\ntiers: { strong: [mine/big] }\nprices:\n  mine/big: { input: 3, output: 15 }\n`,
  );
  const file = join(cli.scratch, 'traffic.jsonl');
  const live = await cli.run(['model', 'test', '--record', file, '--json'], { env });
  await server[Symbol.asyncDispose]();
  const [row] = JSON.parse(live.stdout).tested;
  expect(row).toMatchObject({
    model: 'mine/big',
    text: { outcome: 'works', said: 'ready' },
    tools: { outcome: 'works', said: 'read_file(notes.txt)' },
    costUsd: 18,
  });
  expect(await readFile(file, 'utf8')).not.toContain('secret-key-of-mine');
  const replayed = await cli.run(['model', 'test', '--replay', file], { env });
  expect(replayed.stdout).toMatch(
    /mine\/big.*\$18\.000000\n +answers +works +ready\n +tools +works +read_file\(notes\.txt\)\n/,
  );
  const gone = await cli.run(['model', 'test'], { env });
  expect(gone.exit).toBe(9);
  expect(gone.stdout).toContain('next: check that the server of mine runs');
});

test('a mistake in the settings is named with its place, and touches no other verb', async () => {
  await settings('tiers:\n  strnog: []\n');
  const list = await cli.run(['model', 'list'], { env });
  expect(list.exit).toBe(3);
  expect(list.stderr).toContain('models.yaml:2:3  unknown key "tiers.strnog"; did you mean "tiers.strong"?');
  expect((await cli.run(['config', 'show'], { env })).exit).toBe(0);
});

test('prices say how old they are; a model without one is not free', async () => {
  await settings('tiers: { fast: [ollama/some] }\n');
  const prices = await cli.run(['model', 'prices', 'claude-haiku-4-5', '--json'], { env });
  const { date, prices: rows } = JSON.parse(prices.stdout);
  expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(rows[0].price.output).toBeGreaterThan(rows[0].price.input);
  expect((await cli.run(['model', 'list'], { env })).stdout).toMatch(/ollama\/some\tfast\tunpriced/);
});

test('O57, O58: what a test cost stands in the ledger, and a budget stops the next call before it is made', async () => {
  await using server = await startModelServer([
    { text: 'ready', usage: { input: 1_000_000, cached: 0, output: 0 } },
    { text: 'no tool', usage: { input: 1_000_000, cached: 0, output: 0 } },
  ]);
  const url = server.url('openai-compatible');
  await settings(
    `providers:\n  own: { kind: openai-compatible, url: '${url}' }\ntiers: { fast: [own/small] }\nprices:\n  own/small: { input: 2, output: 2 }\n`,
  );
  expect((await cli.run(['model', 'test'], { env })).exit).toBe(0);
  const cost = JSON.parse((await cli.run(['insights', 'cost', '--json'], { env })).stdout);
  expect(cost.rows.find((row: { of: string }) => row.of === 'own/small')).toMatchObject({ calls: 2, usd: 4 });
  const set = await cli.run(['budget', 'set', 'provider:own', '--usd', '3', '--per', 'day'], { env });
  expect(set.stdout).toMatch(/provider:own\tday\t\$4\.00 of \$3\.00\t-\t133 %\tshutdown/);
  const stopped = await cli.run(['model', 'test'], { env });
  expect([stopped.exit, server.asked.length]).toEqual([6, 2]);
  expect(stopped.stderr).toContain('error: the budget of provider own for the day has $0.0000 left');
  expect((await cli.run(['budget', 'set', 'nobody'], { env })).stderr).toContain(
    'next: write global, or one of provider, ',
  );
});
