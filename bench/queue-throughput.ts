// Claim and complete, jobs a second: our queue beside raw pg-boss and a plain table, with 1, 2 and 4 worker processes.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureEmbedded, stopEmbedded } from '#database/embedded.ts';
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { median, table } from './measuring/figures.ts';
import { CONTESTANTS, type ContestantName, openContestant } from './queue/contestants.ts';

const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
const PROCESSES = [1, 2, 4];
/** Jobs under way at once in each process. */
const SLOTS = 4;
/** Jobs that each slot does before the time is taken: connections, plans and caches are warm then, for everybody. */
const WARM_UP = 12;
const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    child: { type: 'string' },
    url: { type: 'string', default: '' },
  },
});

if (values.child === undefined) await measure();
else await carry(values.child as ContestantName, values.url);

/** A worker process: says that it is ready, works on a word, and reports how many jobs it did. */
async function carry(name: ContestantName, url: string): Promise<void> {
  const contestant = await openContestant(name, url);
  const warm = async (): Promise<void> => {
    for (let i = 0; i < WARM_UP; i += 1) await contestant.turn();
  };
  await Promise.all(Array.from({ length: SLOTS }, warm));
  process.send?.('ready');
  for await (const [word] of on(process)) {
    if (word !== 'go') break;
    let done = 0;
    const slot = async (): Promise<void> => {
      while (await contestant.turn()) done += 1;
    };
    await Promise.all(Array.from({ length: SLOTS }, slot));
    process.send?.({ done });
  }
  await contestant.close();
  process.exit(0);
}

async function* on(source: NodeJS.Process): AsyncGenerator<[unknown]> {
  for (;;) yield (await once(source, 'message')) as [unknown];
}

async function measure(): Promise<void> {
  const clock = createSystemClock();
  const home = mkdtempSync('/tmp/cambium-bench-');
  chmodSync(home, 0o755);
  const jobs = Number(values.jobs);
  const rates = new Map<string, number[]>();
  const server = await ensureEmbedded({ home, clock, idleStopSeconds: 60 });
  const urlOf = (name: string) =>
    `postgres://cambium@${encodeURIComponent(server.socketDirectory)}:5432/${name}`;
  const open = (url: string, verify: boolean) =>
    openDatabase({
      url,
      home,
      tables: [],
      migrationsDirectory: MIGRATIONS,
      verify,
      clock,
      log: createLog({ level: 'silent' }),
    });
  try {
    const admin = await open(urlOf('postgres'), false);
    for (const name of CONTESTANTS) await admin.raw(`create database "${name}"`);
    await admin.close();
    await (await open(urlOf('ours'), true)).close();
    for (const name of CONTESTANTS) {
      const contestant = await openContestant(name, urlOf(name));
      await contestant.prepare();
      await contestant.close();
    }
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const processes of PROCESSES) {
        // Another order each round: whoever comes first finds the disk in another mood.
        for (const name of CONTESTANTS.map((_, i) => CONTESTANTS[(i + round) % CONTESTANTS.length])) {
          if (name === undefined) continue;
          const rate = await oneRun({ name, url: urlOf(name), processes, jobs });
          const key = `${name} ${processes}`;
          rates.set(key, [...(rates.get(key) ?? []), rate]);
        }
      }
    }
  } finally {
    await stopEmbedded({ home, clock });
    rmSync(home, { recursive: true, force: true });
  }
  report(rates, jobs);
}

interface Run {
  readonly name: ContestantName;
  readonly url: string;
  readonly processes: number;
  readonly jobs: number;
}

async function oneRun({ name, url, processes, jobs }: Run): Promise<number> {
  const filler = await openContestant(name, url);
  await filler.fill(jobs + processes * SLOTS * WARM_UP);
  await filler.close();
  const children = Array.from({ length: processes }, () =>
    fork(fileURLToPath(import.meta.url), ['--child', name, '--url', url], { stdio: 'inherit' }),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  const started = performance.now();
  const counts = await Promise.all(children.map(runOne));
  const seconds = (performance.now() - started) / 1000;
  for (const child of children) child.send('end');
  await Promise.all(children.map((child) => once(child, 'exit')));
  const done = counts.reduce((sum, count) => sum + count, 0);
  if (done !== jobs) throw new Error(`${name} did ${done} of ${jobs} jobs`);
  return done / seconds;
}

async function runOne(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message') as Promise<[{ done: number }]>;
  child.send('go');
  const [{ done }] = await answer;
  return done;
}

function report(rates: ReadonlyMap<string, readonly number[]>, jobs: number): void {
  const rate = (name: string, processes: number): number =>
    median([...(rates.get(`${name} ${processes}`) ?? [])]);
  console.log(
    `Claim and complete, jobs/s: ${jobs} jobs, ${SLOTS} at once in each process, median of ${values.rounds} interleaved rounds\n`,
  );
  console.log(
    table(
      ['processes', ...CONTESTANTS, 'ours / pg-boss', 'ours / plain'],
      [
        ...PROCESSES.map((processes) => {
          const ours = rate('ours', processes);
          return [
            String(processes),
            ...CONTESTANTS.map((name) => rate(name, processes).toFixed(0)),
            (ours / rate('pg-boss', processes)).toFixed(2),
            (ours / rate('plain', processes)).toFixed(2),
          ];
        }),
      ],
    ),
  );
}
