// Runs the repair engine over folders of single bugs, straight, without the command line: for tuning and for RESULTS.md.
// node bench/repair-development.ts <folder of cases> [--wall-ms 10000] [--only a,b] [--rung none|bwrap] [--verbose]
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TextEdit } from '#contracts/edit.ts';
import type { TestPlan } from '#contracts/tests.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createTestRunner } from '#quality/test-run.ts';
import { applyEdits, byFile } from '#repair/edits.ts';
import { createRepairEngine, type RepairOutcome } from '#repair/engine.ts';
import { createSandbox, type Sandbox } from '#sandbox/runner.ts';
import type { Case } from './cases/case.ts';
import { readJavaScriptCase } from './cases/javascript.ts';
import { readCheckCase, readQuixBugsCase } from './cases/python.ts';

const clock = createSystemClock();
const log = createLog({ level: 'error' });

async function readCase(folder: string): Promise<Case> {
  const name = basename(folder);
  const files = await readdir(folder);
  if (files.includes('buggy.js')) return readJavaScriptCase(name, folder);
  return files.includes('meta.json') ? readCheckCase(name, folder) : readQuixBugsCase(name, folder);
}

async function repairOne(folder: string, sandbox: Sandbox, wallMs: number) {
  const root = await mkdtemp(join(tmpdir(), 'cambium-repair-'));
  await chmod(root, 0o755);
  try {
    const bug = await readCase(folder);
    for (const [path, text] of bug.files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    const python = bug.runner === 'pytest';
    const argv = python ? ['python3', '-m', 'pytest'] : ['node', '--test'];
    const plan: TestPlan = { runner: python ? 'pytest' : 'node', argv, directory: '.', origin: 'bench' };
    const tests = createTestRunner({ sandbox, clock });
    const read = (path: string) => readFile(join(root, path), 'utf8');
    const workspace = { root, mounts: [] };
    const runTests = async (edits: readonly TextEdit[]) => {
      const before = new Map<string, string>();
      for (const [file, own] of byFile(edits)) {
        before.set(file, await read(file));
        await writeFile(join(root, file), applyEdits(await read(file), own));
      }
      const report = await tests.run({ workspace, plan, limits: { wallMs: 20_000 } });
      for (const [file, text] of before) await writeFile(join(root, file), text);
      return report;
    };
    const base = await runTests([]);
    const began = clock.monotonicMs();
    const outcome = await createRepairEngine({ sandbox, clock, log }).repair({
      workspace: { ...workspace, read },
      language: python ? 'python' : 'javascript',
      plan,
      failing: base.tests.filter((test) => test.status === 'failed'),
      passing: base.tests.filter((test) => test.status === 'passed'),
      sourceFiles: [bug.fixed.path],
      exclude: new Set(),
      budget: { wallMs, candidates: 200_000 },
      seed: 1,
      runTests,
    });
    return { outcome, ms: clock.monotonicMs() - began };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
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
      verbose: { type: 'boolean', default: false },
    },
  });
  const [folder] = positionals;
  if (folder === undefined) throw new TypeError('give the folder of cases');
  const only = values.only?.split(',');
  const sandbox = createSandbox({ rung: values.rung === 'none' ? 'none' : 'bwrap', clock, log });
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const times: number[] = [];
  let total = 0;
  for (const name of names.filter((one) => only === undefined || only.includes(one)).sort()) {
    total += 1;
    const { outcome, ms } = await repairOne(join(folder, name), sandbox, Number(values['wall-ms']));
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
