// What isolation costs a command: each rung against a plain spawn, interleaved so that the machine's load hits all alike.
// Usage: node bench/sandbox-overhead.ts [rounds]
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ISOLATION_RUNGS, type IsolationRung } from '#contracts/command.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { probeIsolation } from '#sandbox/isolation.ts';
import { createSandbox } from '#sandbox/runner.ts';
import { sandboxUser } from '#sandbox/user.ts';

const rounds = Number(process.argv[2] ?? 30);
const COMMANDS: readonly (readonly string[])[] = [
  ['/bin/true'],
  ['node', '-e', '0'],
  ['/usr/bin/python3', '-c', '0'],
];

const clock = createSystemClock();
const log = createLog({ level: 'error' });
const user = sandboxUser();
const directory = mkdtempSync(join(tmpdir(), 'cambium-bench-'));
const root = join(directory, 'tree');
chmodSync(directory, 0o755);
mkdirSync(root);
if (user.dropped) chownSync(root, user.uid, user.gid);

type Runner = (argv: readonly string[]) => Promise<void>;

const environment = { PATH: `${join(process.execPath, '..')}:/usr/bin:/bin`, LANG: 'C.UTF-8' };
const plain: Runner = (argv) =>
  new Promise((resolve, reject) => {
    const [file = '', ...args] = argv;
    const child = spawn(file, args, { cwd: root, env: environment, stdio: 'pipe' });
    child.stdin.end();
    child.stdout.resume();
    child.stderr.resume();
    child.once('error', reject);
    child.once('close', () => resolve());
  });

function sandboxed(rung: IsolationRung): Runner {
  const sandbox = createSandbox({ rung, clock, log });
  return async (argv) => {
    const result = await sandbox.run({ workspace: { root, mounts: [] }, argv });
    if (result.exitCode !== 0) throw new Error(`${argv.join(' ')} failed on ${rung}: ${result.stderr}`);
  };
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

async function measure(): Promise<void> {
  const report = await probeIsolation({ request: 'auto', clock, log });
  const available = report.rungs.filter((entry) => entry.available).map((entry) => entry.rung);
  const runners = new Map<string, Runner>([['plain spawn', plain]]);
  for (const rung of ISOLATION_RUNGS) if (available.includes(rung)) runners.set(rung, sandboxed(rung));
  console.log(`Overhead of isolation per command, ${rounds} rounds.`);
  console.log('Method: in each round every way runs once, in turn; clean environment, output through pipes;');
  console.log(
    'time from the call to its result; medians over the rounds, ratio and difference to the plain spawn.',
  );
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`);
  console.log('| command | way | median ms | p95 ms | ratio | added ms |');
  console.log('|---|---|---|---|---|---|');
  for (const argv of COMMANDS) {
    const times = new Map<string, number[]>([...runners.keys()].map((way) => [way, []]));
    for (let round = -2; round < rounds; round += 1) {
      for (const [way, run] of runners) {
        const startedMs = clock.monotonicMs();
        await run(argv);
        // The first two rounds only warm the caches.
        if (round >= 0) times.get(way)?.push(clock.monotonicMs() - startedMs);
      }
    }
    const base = quantile(
      (times.get('plain spawn') ?? []).toSorted((a, b) => a - b),
      0.5,
    );
    for (const [way, values] of times) {
      const sorted = values.toSorted((a, b) => a - b);
      const median = quantile(sorted, 0.5);
      const cells = [argv.join(' '), way, median.toFixed(1), quantile(sorted, 0.95).toFixed(1)];
      console.log(`| ${cells.join(' | ')} | ${(median / base).toFixed(2)} | ${(median - base).toFixed(1)} |`);
    }
  }
}

try {
  await measure();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
