// How long the command line takes to start: `cambium --version` against bare Node, interleaved in one run.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, quantile, table } from './measuring/figures.ts';

const CAMBIUM = fileURLToPath(new URL('../bin/cambium.js', import.meta.url));
/** `--version` may cost this much more than Node itself. */
const BUDGET_MS = 80;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '30' } } });
const commands = [
  { name: 'node -e 0', args: ['-e', '0'] },
  { name: 'cambium --version', args: [CAMBIUM, '--version'] },
  { name: 'cambium --help', args: [CAMBIUM, '--help'] },
];
const times = commands.map((): number[] => []);
for (const { args } of commands) timed(args);
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const [index, { args }] of commands.entries()) times[index]?.push(timed(args));
}
const bare = median(times[0] ?? []);
const rows = commands.map(({ name }, index) => {
  const samples = times[index] ?? [];
  const middle = median(samples);
  return [name, ms(middle), ms(quantile(samples, 0)), ms(quantile(samples, 0.9)), ms(middle - bare)];
});
console.log(
  `Start of the command line, ${values.rounds} interleaved rounds, Node ${process.version}, milliseconds\n`,
);
console.log(table(['command', 'median', 'least', '90 %', 'over bare Node'], rows));
const over = median(times[1] ?? []) - bare;
console.log(`\n--version takes ${ms(over)} ms over bare Node; the budget is ${BUDGET_MS} ms.`);
process.exitCode = over <= BUDGET_MS ? 0 : 1;

function timed(args: readonly string[]): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with status ${status}: ${stderr}`);
  return performance.now() - started;
}

function ms(value: number): string {
  return value.toFixed(1);
}
