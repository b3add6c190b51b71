// Where the time of a run goes: its states, the tests in them, and what is left for the machinery around them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { cambium } from './measuring/command-line.ts';
import { median, table } from './measuring/figures.ts';

const STATES = ['INIT', 'PLANNING', 'CODING', 'TESTING', 'REFLECTING', 'VERIFYING'] as const;
const SECONDS = 300;

const line = z.object({
  event: z
    .object({
      at: z.string(),
      type: z.string(),
      payload: z.object({ from: z.string().optional(), durationMs: z.number().optional() }),
    })
    .optional(),
});

interface Account {
  readonly wallMs: number;
  readonly byState: ReadonlyMap<string, number>;
  /** Time of the test commands that the run reports; the proof's own are inside VERIFYING. */
  readonly testsMs: number;
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, repository: { type: 'string' } },
});
const home = await mkdtemp(join(tmpdir(), 'cambium-overhead-'));
try {
  const accounts: Account[] = [];
  // The first round creates the database; it is measured and named apart.
  for (let round = 0; round <= Number(values.rounds); round += 1) accounts.push(await solveOnce());
  const [first, ...rest] = accounts;
  const middle = (pick: (account: Account) => number) => median(rest.map(pick));
  const rows = STATES.map((state) => [state, ms(middle(({ byState }) => byState.get(state) ?? 0))]);
  const around = middle(({ wallMs, byState }) => wallMs - sum([...byState.values()]));
  const overhead = middle(
    ({ wallMs, byState, testsMs }) =>
      wallMs - testsMs - (byState.get('CODING') ?? 0) - (byState.get('VERIFYING') ?? 0),
  );
  console.log(`Time of a run, median of ${rest.length}, Node ${process.version}, milliseconds\n`);
  console.log(table(['part', 'ms'], [...rows, ['outside the states', ms(around)]]));
  console.log(
    `\nWhole command: ${ms(middle(({ wallMs }) => wallMs))} ms; ${ms(first?.wallMs ?? Number.NaN)} ms with a new data directory.`,
  );
  console.log(`Tests outside the proof: ${ms(middle(({ testsMs }) => testsMs))} ms.`);
  console.log(`Left when tests, search and proof are taken away: ${ms(overhead)} ms.`);
} finally {
  await rm(home, { recursive: true, force: true });
}

async function solveOnce(): Promise<Account> {
  const what = values.repository === undefined ? ['--sample'] : [values.repository];
  const outcome = await cambium(['solve', ...what, '--jsonl'], {
    home,
    cwd: process.cwd(),
    seconds: SECONDS,
  });
  if (outcome.status !== 0) throw new Error(`solve ended with status ${outcome.status}: ${outcome.stderr}`);
  const lines = outcome.stdout.split('\n').filter((text) => text !== '');
  const events = lines.flatMap((text) => line.parse(JSON.parse(text)).event ?? []);
  const byState = new Map<string, number>();
  let testsMs = 0;
  let since = Date.parse(events.find(({ type }) => type === 'task.claimed')?.at ?? '');
  for (const { type, at, payload } of events) {
    if (type === 'tests.ran') testsMs += payload.durationMs ?? 0;
    if (type !== 'run.moved' || payload.from === undefined) continue;
    byState.set(payload.from, (byState.get(payload.from) ?? 0) + Date.parse(at) - since);
    since = Date.parse(at);
  }
  return { wallMs: outcome.seconds * 1000, byState, testsMs };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function ms(value: number): string {
  return value.toFixed(0);
}
