// How often a fix found with half of a case's assertions is right by all of them, and whether the stated probability holds.
// node bench/repair-halves.ts <folder of cases> [--seed 0] [--wall-ms 10000] [--only a,b] [--rung none|bwrap] [--json file] [--without name,…]
import { execFile } from 'node:child_process';
import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { sha256 } from '#foundation/digest.ts';
import type { RepairOutcome } from '#repair/engine.ts';
import { type Case, type Keep, requireCaseFile } from './cases/case.ts';
import { readJavaScriptCase } from './cases/javascript.ts';
import { readCheckCase } from './cases/python.ts';
import { type HalfResult, summaryOf } from './judging/halves.ts';
import type { ToJudge } from './judging/javascript.ts';
import { type Bench, changedText, openBench, repairCase } from './measuring/repair-case.ts';

const MAX_JUDGED = 16;
const JUDGE_MS = 180_000;

const judgedList = z.array(z.strictObject({ right: z.boolean(), same: z.boolean(), compared: z.int() }));

/**
 * Seed 0: every other assertion, beginning with the first. Any other seed: as many, drawn by the seed and the case's name.
 * Of an odd number the larger half; a case with one assertion cannot be split.
 */
function halfOf(name: string, seed: number): Keep {
  if (seed === 0) return (unit) => unit % 2 === 0;
  return (unit, units) => {
    const order = Array.from({ length: units }, (_, index) => index).sort(
      (a, b) => draw(`${name} ${seed} ${a}`) - draw(`${name} ${seed} ${b}`) || a - b,
    );
    return order.indexOf(unit) < Math.ceil(units / 2);
  };
}

/** A number that a text always gives. */
function draw(text: string): number {
  return Number.parseInt(sha256(text).slice(-12), 16);
}

async function readHalf(folder: string, seed: number): Promise<{ bug: Case; kept: string }> {
  const name = basename(folder);
  const javascript = (await readdir(folder)).includes('buggy.js');
  const keep = halfOf(name, seed);
  const kept: number[] = [];
  let all = 0;
  const noting: Keep = (unit, units) => {
    all = units;
    const stays = keep(unit, units);
    if (stays) kept.push(unit + 1);
    return stays;
  };
  const bug = await (javascript ? readJavaScriptCase : readCheckCase)(name, folder, noting);
  return { bug, kept: `${kept.join(',')} of ${all}` };
}

async function judgeCandidates(folder: string, bug: Case, outcome: RepairOutcome) {
  const python = bug.runner === 'pytest';
  const ending = python ? 'py' : 'js';
  const meta = z.looseObject({ entry_point: z.string() });
  const task: ToJudge = {
    entry: meta.parse(JSON.parse(await requireCaseFile(folder, 'meta.json'))).entry_point,
    test: await requireCaseFile(folder, `test.${ending}`),
    reference: await requireCaseFile(folder, `fixed.${ending}`),
    programs: outcome.candidates.slice(0, MAX_JUDGED).map((one) => changedText(bug, one.edits)),
  };
  const [command, script] = python ? ['python3', 'judge.py'] : [process.execPath, 'javascript.ts'];
  const path = new URL(`judging/${script}`, import.meta.url).pathname;
  return judgedList.parse(JSON.parse(await runWithInput(command, path, JSON.stringify(task))));
}

function runWithInput(command: string, script: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const limits = { timeout: JUDGE_MS, maxBuffer: 1 << 24 };
    const child = execFile(command, [script], limits, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
    child.stdin?.end(input);
  });
}

async function measure(folder: string, bench: Bench): Promise<HalfResult> {
  const name = basename(folder);
  const { bug, kept } = await readHalf(folder, bench.seed);
  const { outcome, ms, failing, passing } = await repairCase(bug, bench);
  const base = { name, seed: bench.seed, kept, failing, passing, ms: Math.round(ms) };
  if (outcome === null)
    return { ...base, visible: false, ending: 'no test fails', tried: 0, candidates: [], assessment: null };
  const judged = await judgeCandidates(folder, bug, outcome);
  const candidates = judged.map((verdict, index) => {
    const candidate = outcome.candidates[index];
    const [template, reason] = [candidate?.template ?? '', candidate?.reason ?? ''];
    return { ...verdict, template, reason, features: { ...outcome.ranking[index] } };
  });
  const { ending, tried, assessment } = outcome;
  return { ...base, visible: true, ending, tried, candidates, assessment };
}

function line(result: HalfResult): string {
  const marks = result.candidates.map((one) => (one.right ? (one.same ? 'R' : 'r') : '.')).join('');
  const { assessment } = result;
  const stated = assessment === null ? '' : `${assessment.offered} ${assessment.probability.toFixed(2)}`;
  return `${result.name.padEnd(8)} ${result.kept.padEnd(26)} ${String(result.failing).padStart(2)} fail ${String(result.passing).padStart(2)} pass ${String(result.tried).padStart(6)} tried ${String(result.ms).padStart(6)} ms  ${marks.padEnd(12)} ${stated.padEnd(15)} ${result.ending} ${result.candidates[0]?.reason ?? ''}`;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'wall-ms': { type: 'string', default: '10000' },
      seed: { type: 'string', default: '0' },
      only: { type: 'string' },
      rung: { type: 'string', default: 'bwrap' },
      json: { type: 'string' },
      without: { type: 'string' },
    },
  });
  const [folder] = positionals;
  if (folder === undefined) throw new TypeError('give the folder of cases');
  const only = values.only?.split(',');
  const bench = openBench({
    rung: values.rung,
    wallMs: Number(values['wall-ms']),
    seed: Number(values.seed),
    without: values.without?.split(',') ?? [],
  });
  if (values.json !== undefined) await writeFile(values.json, '');
  const results: HalfResult[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (only !== undefined && !only.includes(name)) continue;
    const result = await measure(join(folder, name), bench);
    results.push(result);
    process.stdout.write(`${line(result)}\n`);
    if (values.json !== undefined) await appendFile(values.json, `${JSON.stringify(result)}\n`);
  }
  process.stdout.write(`\nseed ${bench.seed}, ${bench.wallMs} ms a case\n${summaryOf(results)}\n`);
}

await main();
