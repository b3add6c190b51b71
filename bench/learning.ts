// Does learning pay? One stream of fixes with learning off, on, and on with wrong lessons; after each fix the arms are told.
// Measured: candidates up to exactly the change that mended the code, in order of cost, near the fault.
// Real fixes in order of time (the older half trains the prior, the newer half is the stream):
// node bench/learning.ts --mirrors <folder of owner+name/repo> --parts <folder written by scripts/train-priors.ts> [--seed 1]
// Made mistakes in published code, of a few habits (0: none like another), with the prior that is shipped:
// node bench/learning.ts --code node_modules/pino/lib,node_modules/pg/lib --length 60 --habits 6 [--seed 1]
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { applyEdits } from '#repair/edits.ts';
import type { Idea } from '#repair/enumerate.ts';
import { learnFrom } from '#repair/learn/learn.ts';
import type { FamilyPrior, ShippedPrior } from '#repair/learn/priors.ts';
import { createAdvice } from '#repair/learn/propose.ts';
import { readShippedPrior } from '#repair/learn/shipped.ts';
import { type Learned, type LearnedRewrite, plainTemplate, type TemplateOutcome } from '#repair/learned.ts';
import { type Counts, countCase, newCounts } from '../scripts/training/counts.ts';
import { type Explained, explain } from '../scripts/training/explain.ts';
import { fixAt, type TrainingSource } from '../scripts/training/fix-commits.ts';
import { madeCases } from './cases/mutated.ts';
import { median, table } from './measuring/figures.ts';
import { bootstrapMean, seeded, signTest } from './measuring/paired.ts';

interface Case {
  readonly source: TrainingSource;
  readonly commit: string;
  readonly date: string;
  readonly path: string;
}

/** A file before and after its mending; `id` tells the cases apart. */
interface Fix {
  readonly id: string;
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

interface Part extends TrainingSource {
  readonly cases: readonly Omit<Case, 'source'>[];
}

type Family = 'javascript' | 'python';
const ARMS = ['off', 'shipped', 'on', 'shuffled'] as const;
type Arm = (typeof ARMS)[number];

const EMPTY: FamilyPrior = { templates: {}, kinds: {} };

/** What an arm has learned so far. */
class Memory {
  readonly rewrites = new Map<string, LearnedRewrite>();
  readonly outcomes = new Map<string, TemplateOutcome & { readonly family: Family }>();

  learned(family: Family): Learned {
    const outcomes = [...this.outcomes.values()].filter((one) => one.family === family);
    return { rewrites: [...this.rewrites.values()], outcomes, errorClasses: [] };
  }

  /** The change that `idea` makes of `before` was accepted; as a run would tell memory of it. */
  tell(at: Fix, family: Family, idea: Idea): void {
    const template = plainTemplate(idea.template);
    const key = `${family} ${template}@${idea.kind}`;
    const known = this.outcomes.get(key);
    this.outcomes.set(key, {
      family,
      template,
      kind: idea.kind,
      accepted: (known?.accepted ?? 0) + 1,
      refused: 0,
    });
    const after = applyEdits(at.before, idea.edits);
    for (const place of learnFrom({ path: at.path, before: at.before, after })) {
      if (!place.ok) continue;
      const { proof: _, parentKind, ...rewrite } = place.rewrite;
      const form = JSON.stringify([rewrite.family, rewrite.kind, rewrite.before, rewrite.after]);
      const old = this.rewrites.get(form);
      this.rewrites.set(form, {
        ...rewrite,
        key: old?.key ?? `PTN-${this.rewrites.size + 1}`,
        template: old?.template ?? template,
        origin: old?.origin ?? at.id,
        accepted: (old?.accepted ?? 0) + 1,
        refused: 0,
        tried: old?.tried ?? 0,
        parentKinds: [...new Set([...(old?.parentKinds ?? []), parentKind])],
        errorClasses: [],
      });
    }
  }

  /** Candidates of learned rewrites that came before the developer's change were tried in vain. */
  count(ideas: readonly Idea[]): void {
    for (const [form, rewrite] of this.rewrites) {
      const own = ideas.filter((idea) => idea.template.endsWith(`learned:${rewrite.key}`)).length;
      if (own > 0) this.rewrites.set(form, { ...rewrite, tried: rewrite.tried + own });
    }
  }
}

interface Row {
  readonly where: string;
  readonly template: string;
  readonly ranks: Readonly<Record<Arm, number>>;
  /** The learned form that made the change in the arm `on`, if one did. */
  readonly learned: boolean;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      mirrors: { type: 'string' },
      parts: { type: 'string' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string' },
      code: { type: 'string' },
      length: { type: 'string', default: '60' },
      habits: { type: 'string', default: '6' },
    },
  });
  const random = seeded(Number(values.seed));
  const { trained, prior, fixes } =
    values.code === undefined
      ? realStream(values)
      : {
          trained: 0,
          prior: readShippedPrior(),
          fixes: madeCases({
            folders: values.code.split(','),
            length: Number(values.length),
            habits: Number(values.habits),
            random,
          }).map((made, index) => ({ ...made, id: `${index + 1} ${made.habit}` })),
        };
  const memories = { on: new Memory(), shuffled: new Memory() };
  const rows: Row[] = [];
  for (const fix of fixes) {
    const row = replay(fix, { prior, memories, random });
    if (row !== null) rows.push(row);
  }
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(rows, null, 1)}\n`);
  process.stdout.write(`${report(rows, { trained, memory: memories.on, seed: Number(values.seed) })}\n`);
}

/** The older half of the fixes trains a prior, as if it were shipped then; the newer half is the stream. */
function realStream({ mirrors, parts }: { readonly mirrors?: string; readonly parts?: string }) {
  if (mirrors === undefined || parts === undefined) throw new TypeError('--mirrors and --parts are needed');
  const cases = readCases(parts);
  const half = Math.floor(cases.length / 2);
  const prior = { javascript: newCounts(), python: newCounts() };
  for (const one of cases.slice(0, half)) train(prior, one, mirrors);
  const fixes = cases.slice(half).flatMap((one): Fix[] => {
    const texts = fixAt(one.source, mirrors, one);
    const id = `${one.date} ${one.source.url.split('/').slice(-2).join('/')} ${one.commit.slice(0, 12)}`;
    return texts === null ? [] : [{ id, path: one.path, ...texts }];
  });
  return { trained: half, prior, fixes };
}

/** Oldest first; equal dates by repository and commit, so that the stream is the same each time. */
function readCases(folder: string): Case[] {
  const cases = readdirSync(folder).flatMap((name) => {
    const part = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Part;
    return part.cases.map((one) => ({ ...one, source: part }));
  });
  const order = (one: Case) => `${one.date} ${one.source.url} ${one.commit}`;
  return cases.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function train(counts: Record<Family, Counts>, one: Case, mirrors: string): void {
  const texts = fixAt(one.source, mirrors, one);
  const found = texts === null ? null : explain({ path: one.path, ...texts });
  if (found !== null && found.rank !== null) countCase(counts[found.family], found.ideas, found.rank);
}

interface Stream {
  readonly prior: ShippedPrior;
  readonly memories: { readonly on: Memory; readonly shuffled: Memory };
  readonly random: () => number;
}

function replay(file: Fix, { prior, memories, random }: Stream): Row | null {
  const off = explain(file);
  const fix = off === null || off.rank === null ? undefined : off.ideas[off.rank];
  if (off === null || off.rank === null || fix === undefined) return null;
  const { family } = off;
  const under = (learned: Learned): Explained | null => {
    const files = [{ path: file.path, text: file.before }];
    return explain(file, createAdvice({ family, learned, files, prior: prior[family] ?? EMPTY }));
  };
  const nothing: Learned = { rewrites: [], outcomes: [], errorClasses: [] };
  const found = {
    shipped: under(nothing),
    on: under(memories.on.learned(family)),
    shuffled: under(memories.shuffled.learned(family)),
  };
  const rankOf = (result: Explained | null) => (result?.rank ?? off.ideas.length) + 1;
  memories.on.count(found.on?.ideas.slice(0, rankOf(found.on)) ?? []);
  memories.shuffled.count(found.shuffled?.ideas.slice(0, rankOf(found.shuffled)) ?? []);
  memories.on.tell(file, family, fix);
  // The control learns as much, from a change of the same place that was not the fix.
  const wrong = off.ideas[Math.floor(random() * off.ideas.length)];
  if (wrong !== undefined) memories.shuffled.tell(file, family, wrong);
  return {
    where: file.id,
    template: fix.template,
    ranks: {
      off: off.rank + 1,
      shipped: rankOf(found.shipped),
      on: rankOf(found.on),
      shuffled: rankOf(found.shuffled),
    },
    learned: found.on?.ideas[rankOf(found.on) - 1]?.template.includes('learned:') === true,
  };
}

function report(rows: readonly Row[], about: { trained: number; memory: Memory; seed: number }): string {
  const lines = ARMS.map((arm) => {
    const ranks = rows.map((row) => row.ranks[arm]);
    return [
      arm,
      String(median(ranks)),
      String(ranks.reduce((sum, rank) => sum + rank, 0)),
      String(ranks.filter((rank) => rank <= 5).length),
      String(ranks.filter((rank) => rank <= 40).length),
    ];
  });
  const pairs = (
    [
      ['shipped', 'off'],
      ['on', 'off'],
      ['on', 'shipped'],
      ['shuffled', 'shipped'],
    ] as const
  ).map(([arm, base]) => {
    const gains = rows.map((row) => Math.log2(row.ranks[base] / row.ranks[arm]));
    const better = gains.filter((gain) => gain > 0).length;
    const worse = gains.filter((gain) => gain < 0).length;
    const { mean, low, high } = bootstrapMean(gains, about.seed);
    const factor = (bits: number) => (2 ** bits).toFixed(2);
    return [
      `${arm} against ${base}`,
      `${better} / ${worse} / ${rows.length - better - worse}`,
      signTest(better, worse).toFixed(4),
      `${factor(mean)} (${factor(low)} to ${factor(high)})`,
    ];
  });
  return [
    `${about.trained} older fixes trained the prior; ${rows.length} are the stream; ` +
      `${about.memory.rewrites.size} rewrites were learned, ${rows.filter((row) => row.learned).length} later fixes were made by one.`,
    '',
    table(['arm', 'candidates to the fix, median', 'total', 'within 5', 'within 40'], lines),
    '',
    table(['pair', 'fewer / more / equal', 'sign test p', 'times fewer candidates (95 %)'], pairs),
  ].join('\n');
}

main();
