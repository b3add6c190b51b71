// What each part of the engine is worth: half-assertion runs without one family of templates, one clue or second changes, and
// the same lists of plausible changes ordered without one sign.
// node bench/ablation.ts <folder of cases> --runs <json of bench/repair-halves.ts on it> [--every 2] [--wall-ms 10000] [--parts a,b]
//
// A part is measured again only on cases in whose list of the given runs a change of it stands: elsewhere, leaving it out
// changes nothing but the time. The given runs are what it is compared with: take the same time for a case. Clues and second changes are measured on all cases that are taken.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { rankScore, readConfidence } from '#repair/assess/confidence.ts';
import { RANK_FEATURES, type RankFeatures } from '#repair/assess/features.ts';
import { CLUES } from '#repair/clues.ts';
import { familiesOf } from './judging/families.ts';
import { table } from './measuring/figures.ts';

const RUN_MS = 1_800_000;

const judgedRun = z.looseObject({
  name: z.string(),
  visible: z.boolean(),
  tried: z.number(),
  candidates: z.array(
    z.looseObject({ right: z.boolean(), template: z.string(), features: z.record(z.string(), z.number()) }),
  ),
});
type Run = z.infer<typeof judgedRun>;

async function readRuns(file: string): Promise<Run[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => judgedRun.parse(JSON.parse(line))).filter((run) => run.visible);
}

const isRight = (run: Run) => run.candidates[0]?.right === true;
const isPlausible = (run: Run) => run.candidates.length > 0;

interface Set {
  readonly folder: string;
  readonly wallMs: string;
}

/** Half-assertion runs of some cases with names left out. */
async function runWithout(set: Set, names: readonly string[], cases: readonly string[]): Promise<Run[]> {
  const root = await mkdtemp(join(tmpdir(), 'cambium-ablation-'));
  try {
    const json = join(root, 'runs.jsonl');
    const script = new URL('repair-halves.ts', import.meta.url).pathname;
    const without = names.length === 0 ? [] : ['--without', names.join(',')];
    const argv = [
      script,
      set.folder,
      '--wall-ms',
      set.wallMs,
      '--only',
      cases.join(','),
      '--json',
      json,
      ...without,
    ];
    await promisify(execFile)(process.execPath, argv, { timeout: RUN_MS, maxBuffer: 1 << 24 });
    return await readRuns(json);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** What is lost and won by leaving a part out, case by case. */
function row(part: string, base: readonly Run[], without: readonly Run[]): string[] {
  const pairs = without.flatMap((run) => {
    const before = base.find((one) => one.name === run.name);
    return before === undefined ? [] : [{ before, run }];
  });
  const count = (holds: (pair: (typeof pairs)[number]) => boolean) => pairs.filter(holds).length;
  const names = (holds: (pair: (typeof pairs)[number]) => boolean) =>
    pairs
      .filter(holds)
      .map(({ run }) => run.name)
      .join(' ');
  const right = { lost: isLost(isRight), won: isWon(isRight) };
  return [
    part,
    String(pairs.length),
    `${count(isWon(isPlausible)) - count(isLost(isPlausible))}`,
    `${count(right.won) - count(right.lost)}`,
    [names(right.lost) && `lost ${names(right.lost)}`, names(right.won) && `won ${names(right.won)}`]
      .filter(Boolean)
      .join('; '),
  ];
}

type Pair = { readonly before: Run; readonly run: Run };
const isLost = (good: (run: Run) => boolean) => (pair: Pair) => good(pair.before) && !good(pair.run);
const isWon = (good: (run: Run) => boolean) => (pair: Pair) => !good(pair.before) && good(pair.run);

/** The same lists in the order of the weights without one sign. */
function reordered(runs: readonly Run[], python: boolean, sign: keyof RankFeatures | null): Run[] {
  const table = readConfidence()[python ? 'python' : 'javascript'];
  const rank = sign === null ? table.rank : { ...table.rank, [sign]: 0 };
  const blunt = (one: Run['candidates'][number]) =>
    Math.min(1, (one.features['blunt'] ?? 0) + (one.features['uniform'] ?? 0));
  return runs.map((run) => ({
    ...run,
    candidates: run.candidates
      .map((one) => ({ one, score: rankScore(one.features as RankFeatures, { ...table, rank }) }))
      .sort((a, b) => (sign === 'blunt' ? 0 : blunt(a.one) - blunt(b.one)) || a.score - b.score)
      .map(({ one }) => one),
  }));
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      every: { type: 'string', default: '2' },
      'wall-ms': { type: 'string', default: '10000' },
      parts: { type: 'string' },
    },
  });
  const [folder] = positionals;
  if (folder === undefined || values.runs === undefined)
    throw new TypeError('give the folder of cases and --runs');
  const given = await readRuns(values.runs);
  const python = folder.includes('python');
  const signs = RANK_FEATURES.map((sign) =>
    row(`sign ${sign}`, reordered(given, python, null), reordered(given, python, sign)),
  );
  const head = ['without', 'cases', 'plausible', 'right at rank 1', 'which'];
  process.stdout.write(`${table(head, signs)}\n\n`);

  const set = { folder, wallMs: values['wall-ms'] };
  const taken = given.filter((_, index) => index % Number(values.every) === 0);
  const only = values.parts?.split(',');
  const wanted = (part: string) => only?.includes(part) !== false;
  const counts = [taken.length, taken.filter(isPlausible).length, taken.filter(isRight).length];
  process.stdout.write(
    `taken: ${counts[0]}, plausible ${counts[1]}, right at rank 1 ${counts[2]}\n\n${table(head, [])}\n`,
  );
  const measure = async (part: string, names: readonly string[], cases: readonly string[]) => {
    if (!wanted(part) || cases.length === 0) return;
    const cells = row(part, taken, await runWithout(set, names, cases));
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  };
  for (const [family, names] of await familiesOf()) {
    const own = taken.filter((run) =>
      run.candidates.some((one) => one.template.split('+').some((name) => names.includes(name))),
    );
    await measure(
      `family ${family}`,
      names,
      own.map((run) => run.name),
    );
  }
  const all = taken.map((run) => run.name);
  await measure('two-edits', ['two-edits'], all);
  for (const clue of CLUES) await measure(`clue ${clue}`, [clue], all);
}

await main();
