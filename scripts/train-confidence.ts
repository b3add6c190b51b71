// Fits the table of weights by which plausible changes are ordered and given a probability, from judged half-assertion runs.
// node scripts/train-confidence.ts --javascript <runs in Python> --python <runs in JavaScript> [--write]
//
// A run is what `bench/repair-halves.ts --json` writes. The weights of one language are fitted to runs of the other, so that
// no case that judges them had a part in them; other cases (own seeded mutants, for example) may be added to either list.
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import {
  beliefs,
  type Confidence,
  confidenceTable,
  probabilityOf,
  rankScore,
  readConfidence,
} from '#repair/assess/confidence.ts';
import { FIX_FEATURES, type FixFeatures, RANK_FEATURES, type RankFeatures } from '#repair/assess/features.ts';

const TABLE = new URL('../presets/repair/confidence.json', import.meta.url);
/** How strongly weights are drawn to where they start from: few cases shall move them little. */
const RIDGE = { rank: 0.1, fix: 0.01 } as const;
const STEPS = 4_000;
const RATE = 0.05;
/** Offered as a fix from the lowest probability on at which this share of the training fixes is right. */
const WANTED_SHARE = 0.92;
const LEAST_OFFERED = 10;
/** Below this nobody would call a change a fix, however few wrong ones the training had. */
const LEAST_THRESHOLD = 0.75;

/** What the fit starts from and is drawn to, set by hand: what cases are too few to say is taken from here. */
const START: Confidence = {
  fittedTo: 'set by hand',
  rank: {
    cost: 1,
    blunt: 6,
    constant: 2,
    removed: 1,
    strange: 4,
    drift: 3,
    still: 1,
    uniform: 4,
    alone: 2,
    contradicts: 6,
    agrees: -2,
    naming: 0.5,
  },
  fix: {
    intercept: 1.5,
    weights: {
      lead: 0.5,
      groups: -0.3,
      failing: 0,
      passing: 0,
      refused: 0,
      cost: -0.3,
      blunt: -2,
      pair: -0.8,
      strange: -1,
      drift: -1,
      uniform: -2,
      documented: 1,
      watched: 0.5,
    },
  },
  threshold: 0.8,
};

const judgedRun = z.looseObject({
  name: z.string(),
  candidates: z.array(z.looseObject({ right: z.boolean(), features: z.record(z.string(), z.number()) })),
});
type List = readonly { readonly right: boolean; readonly features: Readonly<Record<string, number>> }[];

const NOTHING_KNOWN = Object.fromEntries(RANK_FEATURES.map((name) => [name, 0]));

async function readLists(files: readonly string[]): Promise<List[]> {
  const lists: List[] = [];
  for (const file of files) {
    for (const line of (await readFile(file, 'utf8')).split('\n').filter((one) => one !== '')) {
      const { candidates } = judgedRun.parse(JSON.parse(line));
      // Runs from before a sign was made say nothing of it.
      const complete = candidates.map((one) => ({ ...one, features: { ...NOTHING_KNOWN, ...one.features } }));
      if (complete.length > 0) lists.push(complete);
    }
  }
  return lists;
}

/**
 * Which way each sign may count. More tests that pass, for example, cannot speak against a change: where a few cases seem to say
 * so it is chance, and would be ruinous in a repository with hundreds of tests.
 */
const SIGNS: Readonly<Record<keyof FixFeatures, 1 | -1>> = {
  lead: 1,
  groups: -1,
  failing: 1,
  passing: 1,
  refused: 1,
  cost: -1,
  blunt: -1,
  pair: -1,
  strange: -1,
  drift: -1,
  uniform: -1,
  documented: 1,
  watched: 1,
};

/** Steepest descent on a mean loss with numeric slopes; the same numbers every time. */
function fitted(
  start: readonly number[],
  loss: (at: readonly number[]) => number,
  allowed: (value: number, index: number) => number = (value) => value,
): number[] {
  const at = [...start];
  const momentum = at.map(() => 0);
  const scale = at.map(() => 0);
  for (let step = 1; step <= STEPS; step += 1) {
    const here = loss(at);
    const slopes = at.map((value, index) => (loss(at.with(index, value + 1e-4)) - here) / 1e-4);
    slopes.forEach((slope, index) => {
      const mean = 0.9 * (momentum[index] ?? 0) + 0.1 * slope;
      const size = 0.999 * (scale[index] ?? 0) + 0.001 * slope * slope;
      momentum[index] = mean;
      scale[index] = size;
      const unbiased = mean / (1 - 0.9 ** step) / (Math.sqrt(size / (1 - 0.999 ** step)) + 1e-8);
      at[index] = allowed((at[index] ?? 0) - (RATE / Math.sqrt(1 + step / 200)) * unbiased, index);
    });
  }
  return at;
}

function distance(at: readonly number[], start: readonly number[]): number {
  return at.reduce((sum, value, index) => sum + (value - (start[index] ?? 0)) ** 2, 0);
}

/** Weights that give right changes most of the belief, in lists that have right and wrong ones. */
function fitRank(lists: readonly List[], model: Confidence): Confidence['rank'] {
  const telling = lists.filter((list) => list.some((one) => one.right) && list.some((one) => !one.right));
  const start = RANK_FEATURES.map((name) => model.rank[name]);
  const loss = (at: readonly number[]) => {
    const rank = record(RANK_FEATURES, at);
    const losses = telling.map((list) => {
      const shares = beliefs(list.map((one) => rankScore(one.features as RankFeatures, { ...model, rank })));
      const right = shares.reduce((sum, share, index) => (list[index]?.right ? sum + share : sum), 0);
      return -Math.log(Math.max(right, 1e-9));
    });
    return mean(losses) + RIDGE.rank * distance(at, start);
  };
  return record(RANK_FEATURES, fitted(start, loss));
}

interface First {
  readonly right: boolean;
  readonly features: FixFeatures;
}

/** The first of each list in the order of the weights, with the belief in its group. */
function firsts(lists: readonly List[], model: Confidence): First[] {
  return lists.map((list) => {
    const scores = list.map((one) => rankScore(one.features as RankFeatures, model));
    const order = list
      .map((one, index) => ({
        one,
        index,
        blunt: Math.min(1, (one.features['blunt'] ?? 0) + (one.features['uniform'] ?? 0)),
        score: scores[index] ?? 0,
      }))
      .sort((a, b) => a.blunt - b.blunt || a.score - b.score);
    const first = order[0]?.one as List[number];
    const shares = beliefs(scores);
    const share = shares.reduce(
      (sum, own, index) => (list[index]?.features['group'] === first.features['group'] ? sum + own : sum),
      0,
    );
    const bounded = Math.min(0.995, Math.max(0.005, share));
    const own = FIX_FEATURES.map((name) => first.features[`fix.${name}`] ?? 0);
    const features = { ...record(FIX_FEATURES, own), lead: Math.log(bounded / (1 - bounded)) };
    return { right: first.right, features };
  });
}

function fitFix(samples: readonly First[], model: Confidence): Confidence['fix'] {
  const toFix = ([intercept = 0, ...at]: readonly number[]) => ({
    intercept,
    weights: record(FIX_FEATURES, at),
  });
  const start = [model.fix.intercept, ...FIX_FEATURES.map((name) => model.fix.weights[name])];
  const loss = (at: readonly number[]) => {
    const fix = toFix(at);
    const losses = samples.map(({ right, features }) => {
      const p = probabilityOf(features, { ...model, fix });
      return -Math.log(Math.max(1e-9, right ? p : 1 - p));
    });
    return mean(losses) + RIDGE.fix * distance(at.slice(1), start.slice(1));
  };
  const allowed = (value: number, index: number) => {
    const name = FIX_FEATURES[index - 1];
    if (name === undefined) return value;
    return SIGNS[name] > 0 ? Math.max(0, value) : Math.min(0, value);
  };
  return toFix(fitted(start, loss, allowed));
}

/** The lowest probability from which on enough of the training samples are right. */
function thresholdFor(samples: readonly First[], model: Confidence): number {
  const stated = samples
    .map(({ right, features }) => ({ right, p: probabilityOf(features, model) }))
    .sort((a, b) => b.p - a.p);
  let best = stated[0]?.p ?? 1;
  let right = 0;
  stated.forEach((one, index) => {
    right += Number(one.right);
    if (index + 1 >= LEAST_OFFERED && right / (index + 1) >= WANTED_SHARE) best = one.p;
  });
  return Math.max(LEAST_THRESHOLD, Math.floor(best * 1_000) / 1_000);
}

function record<Name extends string>(
  names: readonly Name[],
  values: readonly number[],
): Record<Name, number> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? 0])) as Record<Name, number>;
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** The model as it is written down. */
function roundedModel(model: Confidence): Confidence {
  const { intercept, weights } = model.fix;
  const rank = record(
    RANK_FEATURES,
    RANK_FEATURES.map((name) => rounded(model.rank[name])),
  );
  const fix = record(
    FIX_FEATURES,
    FIX_FEATURES.map((name) => rounded(weights[name])),
  );
  return { ...model, rank, fix: { intercept: rounded(intercept), weights: fix } };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
}

function train(lists: readonly List[], fittedTo: string): Confidence {
  const ranked = { ...START, rank: fitRank(lists, START) };
  const samples = firsts(lists, ranked);
  const model = roundedModel({ ...ranked, fix: fitFix(samples, ranked), fittedTo });
  return { ...model, threshold: thresholdFor(samples, model) };
}

/** What a model does on lists that it was not fitted to. */
function report(name: string, lists: readonly List[], model: Confidence): string {
  const samples = firsts(lists, model);
  const stated = samples.map(({ right, features }) => ({ right, p: probabilityOf(features, model) }));
  const offered = stated.filter(({ p }) => p >= model.threshold);
  const right = samples.filter((one) => one.right).length;
  const brier = mean(stated.map(({ right: was, p }) => (p - Number(was)) ** 2));
  return `${name}: ${samples.length} lists, first right in ${right}, offered ${offered.length}, of these right ${offered.filter((one) => one.right).length}, Brier ${brier.toFixed(3)}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      javascript: { type: 'string', multiple: true, default: [] },
      python: { type: 'string', multiple: true, default: [] },
      write: { type: 'boolean', default: false },
    },
  });
  const prior = readConfidence(TABLE);
  const forJavaScript = await readLists(values.javascript);
  const forPython = await readLists(values.python);
  const said = (language: string, lists: readonly List[]) =>
    `half-assertion runs in ${language}: ${lists.length} lists of plausible changes`;
  const table = confidenceTable.parse({
    javascript: train(forJavaScript, said('Python', forJavaScript)),
    python: train(forPython, said('JavaScript', forPython)),
  });
  process.stdout.write(`${report('JavaScript, as it was', forPython, prior.javascript)}\n`);
  process.stdout.write(`${report('JavaScript, fitted to Python', forPython, table.javascript)}\n`);
  process.stdout.write(`${report('Python, as it was', forJavaScript, prior.python)}\n`);
  process.stdout.write(`${report('Python, fitted to JavaScript', forJavaScript, table.python)}\n`);
  const text = `${JSON.stringify(table, null, 2)}\n`;
  if (values.write) await writeFile(TABLE, text);
  else process.stdout.write(text);
}

await main();
