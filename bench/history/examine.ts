// One case through the engine, in process: where it looked, what it tried, what it offers, and whether that behaves as the real fix.
import { createTwoFilesPatch } from 'diff';
import { z } from 'zod';
import { createRepairEngine, type RepairOutcome } from '#repair/engine.ts';
import type { HistoryCase } from '../cases/history.ts';
import { type Facts, factsOf } from './facts.ts';
import { generatedInputs } from './generated.ts';
import { install } from './install.ts';
import { laterTests } from './later.ts';
import { changedLines, placeOf } from './place.ts';
import { sameProgram } from './same.ts';
import { type Bench, openStage, type Stage, type Texts } from './stage.ts';

export interface Examination {
  readonly from: string;
  /** Budget of the search, milliseconds; with 0 there is no search. */
  readonly wallMs: number;
  readonly candidates: number;
  /** Whether the best candidate is compared with the real fix by later tests and generated inputs. */
  readonly judge: boolean;
}

export const FAILURES = [
  'right',
  'overfit',
  'related tests break',
  'not reproduced warm',
  'fault not located',
  'space exhausted',
  'time',
  'candidate limit',
  'nothing searched',
] as const;

const best = z.object({
  template: z.string(),
  reason: z.string(),
  diff: z.string(),
  /** Related tests that passed or should pass, and do not with it. */
  relatedBroken: z.array(z.string()),
  sameProgram: z.boolean(),
  later: z.object({ held: z.number(), broken: z.array(z.string()) }).nullable(),
  generated: z
    .object({
      compared: z.number(),
      different: z.array(z.object({ expression: z.string(), real: z.string(), ours: z.string() })),
    })
    .nullable(),
});

export const row = z.object({
  repository: z.string(),
  commit: z.string(),
  message: z.string(),
  /** Why the case cannot be judged here; null when it was searched. */
  unusable: z.string().nullable(),
  seconds: z.number(),
  runner: z.string(),
  validation: z.string(),
  ending: z.string(),
  notes: z.array(z.string()),
  tried: z.number(),
  failing: z.number(),
  passing: z.number(),
  relatedFiles: z.number(),
  fileRank: z.number().nullable(),
  filesFirst: z.number(),
  lineAveraged: z.number().nullable(),
  lineBest: z.number().nullable(),
  plausible: z.number(),
  /** Whether the engine stands behind its best candidate, and how much; null without one. */
  offered: z.object({ as: z.string(), probability: z.number() }).nullable().default(null),
  /** Place of a candidate that is the real fix; null when none is. */
  fixRank: z.number().nullable(),
  best: best.nullable(),
  realDiff: z.string(),
  /** Behaves as the real fix as far as was looked: null when nothing could tell. */
  right: z.boolean().nullable(),
  failure: z.enum(FAILURES).nullable(),
});
export type Row = z.infer<typeof row>;

const NOTHING: Omit<Row, 'repository' | 'commit' | 'message' | 'unusable'> = {
  ...{ seconds: 0, runner: '', validation: '', ending: '', notes: [], tried: 0, failing: 0, passing: 0 },
  ...{ relatedFiles: 0, fileRank: null, filesFirst: 0, lineAveraged: null, lineBest: null, plausible: 0 },
  offered: null,
  ...{ fixRank: null, best: null, realDiff: '', right: null, failure: null },
};

/** Never throws for what a case is like; that makes it unusable, with the reason. */
export async function examine(bench: Bench, item: HistoryCase, how: Examination): Promise<Row> {
  const { repository, commit, message } = item;
  const unusable = (reason: string): Row => ({
    ...NOTHING,
    ...{ repository, commit, message, unusable: reason.replace(/\s+/g, ' ').slice(0, 300) },
  });
  const place = { name: repository, root: `${bench.root}/installs` };
  const installed = await install(how.from, item.install ?? commit, place);
  if (installed.folder === null) return unusable(`not installed: ${installed.reason}`);
  let stage: Stage;
  try {
    stage = await openStage(bench, item, { from: how.from, dependencies: installed.folder });
  } catch (error) {
    if (error instanceof Error) return unusable(error.message);
    throw error;
  }
  try {
    const facts = await factsOf(stage, bench.root);
    if (facts.reason !== null) return unusable(facts.reason);
    if (how.wallMs === 0)
      return { ...NOTHING, ...{ repository, commit, message, unusable: null, runner: stage.plan.runner } };
    return await searched(bench, { stage, facts, how });
  } finally {
    await stage.close();
  }
}

interface Ready {
  readonly stage: Stage;
  readonly facts: Facts;
  readonly how: Examination;
}

async function searched(bench: Bench, { stage, facts, how }: Ready): Promise<Row> {
  const { item } = stage;
  const began = bench.clock.monotonicMs();
  const outcome = await createRepairEngine(bench).repair({
    workspace: stage.workspace,
    language: stage.language,
    plan: stage.plan,
    failing: facts.failing,
    passing: facts.passing,
    sourceFiles: stage.sourceFiles,
    exclude: new Set(),
    budget: { wallMs: how.wallMs, candidates: how.candidates },
    seed: 1,
    runTests: async (edits, only, signal) =>
      stage.run(only?.files ?? facts.related, await stage.withEdits(edits), signal),
  });
  const seconds = (bench.clock.monotonicMs() - began) / 1000;
  const placing = placeOf(outcome.suspects, item.source, changedLines(stage.buggy, stage.fixed));
  const found = outcome.candidates[0] === undefined ? null : await bestOf(outcome, { stage, facts, how });
  const right = found === null ? null : verdict(found);
  const measured = {
    ...{ repository: item.repository, commit: item.commit, message: item.message, unusable: null },
    ...{ seconds, runner: stage.plan.runner, validation: outcome.validation, ending: outcome.ending },
    ...{ notes: [...outcome.notes], tried: outcome.tried, ...placing, plausible: outcome.candidates.length },
    ...{ failing: facts.failing.length, passing: facts.passing.length, relatedFiles: facts.related.length },
    offered: outcome.assessment && {
      as: outcome.assessment.offered,
      probability: outcome.assessment.probability,
    },
    fixRank: await rankOfFix(outcome, stage),
    best: found,
    realDiff: patchOf(item.source, stage.buggy, stage.fixed),
    right,
  };
  return { ...measured, failure: failureOf(measured) };
}

async function bestOf(
  outcome: RepairOutcome,
  { stage, facts, how }: Ready,
): Promise<z.infer<typeof best> | null> {
  const [candidate] = outcome.candidates;
  if (candidate === undefined) return null;
  const { item } = stage;
  const change: Texts = await stage.withEdits(candidate.edits);
  const report = await stage.run(facts.related, change);
  const now = new Set(report.tests.filter(({ status }) => status === 'passed').map(({ id }) => id));
  const wanted = [...facts.failing, ...facts.passing].map(({ id }) => id);
  const diffs: string[] = [];
  for (const [path, text] of change) diffs.push(patchOf(path, await stage.read(path), text));
  const own = change.get(item.source);
  const same = change.size === 1 && own !== undefined && sameProgram(item.source, own, stage.fixed);
  const judged = how.judge && !same;
  const later = judged ? await laterTests(stage, how.from) : null;
  const generated = judged ? await generatedInputs(stage) : null;
  return {
    ...{ template: candidate.template, reason: candidate.reason, diff: diffs.join('\n'), sameProgram: same },
    relatedBroken: wanted.filter((id) => !now.has(id)).slice(0, 20),
    later: later === null ? null : shortened(await later(change)),
    generated: generated === null ? null : first20(await generated(change)),
  };
}

function shortened({ held, broken }: { held: number; broken: readonly string[] }) {
  return { held, broken: broken.slice(0, 20) };
}

function first20<T extends { expression: string; real: string; ours: string }>(result: {
  compared: number;
  different: readonly T[];
}) {
  const clip = (text: string) => text.slice(0, 300);
  const different = result.different
    .slice(0, 20)
    .map((one) => ({ expression: clip(one.expression), real: clip(one.real), ours: clip(one.ours) }));
  return { compared: result.compared, different };
}

/** Null when neither later tests nor generated inputs could be had. */
function verdict(found: z.infer<typeof best>): boolean | null {
  if (found.relatedBroken.length > 0) return false;
  if (found.sameProgram) return true;
  if ((found.later?.broken.length ?? 0) > 0 || (found.generated?.different.length ?? 0) > 0) return false;
  return found.later === null && found.generated === null ? null : true;
}

async function rankOfFix(outcome: RepairOutcome, stage: Stage): Promise<number | null> {
  const { item } = stage;
  for (const [index, { edits }] of outcome.candidates.entries()) {
    if (edits.some(({ file }) => file !== item.source)) continue;
    const text = (await stage.withEdits(edits)).get(item.source);
    if (text !== undefined && sameProgram(item.source, text, stage.fixed)) return index + 1;
  }
  return null;
}

function failureOf(result: Omit<Row, 'failure'>): Row['failure'] {
  if (result.best !== null) {
    if (result.best.relatedBroken.length > 0) return 'related tests break';
    return result.right === false ? 'overfit' : result.right === true ? 'right' : null;
  }
  if (result.tried === 0) return 'nothing searched';
  if (result.validation === 'command') return 'not reproduced warm';
  if (result.fileRank !== 1 && (result.lineAveraged ?? 1_000) > 20) return 'fault not located';
  if (result.ending === 'wall-limit') return 'time';
  return result.ending === 'candidate-limit' ? 'candidate limit' : 'space exhausted';
}

function patchOf(path: string, before: string, after: string): string {
  return createTwoFilesPatch(path, path, before, after, undefined, undefined, { context: 4 });
}
