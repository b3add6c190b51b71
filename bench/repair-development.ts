// Runs the repair engine over folders of single bugs, straight, without the command line: for tuning and for RESULTS.md.
// node bench/repair-development.ts <folder of cases> [--wall-ms 10000] [--only a,b] [--rung none|bwrap] [--without template,…] [--verbose]
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RepairOutcome } from '#repair/engine.ts';
import type { Case } from './cases/case.ts';
import { readJavaScriptCase } from './cases/javascript.ts';
import { readCheckCase, readQuixBugsCase } from './cases/python.ts';
import { openBench, repairCase } from './measuring/repair-case.ts';

async function readCase(folder: string): Promise<Case> {
  const name = basename(folder);
  const files = await readdir(folder);
  if (files.includes('buggy.js')) return readJavaScriptCase(name, folder);
  return files.includes('meta.json') ? readCheckCase(name, folder) : readQuixBugsCase(name, folder);
}

function line(name: string, outcome: RepairOutcome, ms: number): string {
  const best = outcome.candidates[0];
  const rate = Math.round(outcome.tried / (ms / 1000));
  const what = best === undefined ? outcome.ending : `${best.template}: ${best.reason}`;
  return `${name.padEnd(28)} ${best ? 'FIX ' : 'none'} ${outcome.validation.padEnd(7)} ${String(outcome.tried).padStart(6)} tried ${String(Math.round(ms)).padStart(6)} ms ${String(rate).padStart(6)}/s  ${what} ${outcome.notes.join('; ')}`;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'wall-ms': { type: 'string', default: '10000' },
      only: { type: 'string' },
      rung: { type: 'string', default: 'bwrap' },
      without: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const [folder] = positionals;
  if (folder === undefined) throw new TypeError('give the folder of cases');
  const only = values.only?.split(',');
  const without = values.without?.split(',') ?? [];
  const bench = openBench({ rung: values.rung, wallMs: Number(values['wall-ms']), seed: 1, without });
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const times: number[] = [];
  let total = 0;
  for (const name of names.filter((one) => only === undefined || only.includes(one)).sort()) {
    total += 1;
    const { outcome, ms } = await repairCase(await readCase(join(folder, name)), bench);
    if (outcome === null) {
      process.stdout.write(`${name.padEnd(28)} none: no test fails\n`);
      continue;
    }
    if (outcome.candidates.length > 0) times.push(ms);
    process.stdout.write(`${line(name, outcome, ms)}\n`);
    if (values.verbose) process.stdout.write(`${JSON.stringify(outcome, null, 1)}\n`);
  }
  const median = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  process.stdout.write(
    `${times.length} of ${total} with a plausible fix, median ${Math.round(median)} ms with process start\n`,
  );
}

await main();
