// The coder that needs no model: hands an attempt to the repair engine and proposes its best candidate.
import type { CoderInput, CoderOutput, SearchAccount } from '#agents/roles.ts';
import type { RepairEngine, RepairOutcome, RepairProgress } from '#repair/engine.ts';
import type { Coder } from './ports.ts';

/** Kept of a search for people and for a model that takes over. */
const KEPT_SUSPECTS = 50;
const KEPT_NEAR_MISSES = 10;
const KEPT_LEARNED = 64;

export interface RepairCoderParts {
  readonly engine: RepairEngine;
  /** Live progress for people who watch; must not throw. */
  readonly onProgress?: ((progress: RepairProgress) => void) | undefined;
}

/** Deterministic: equal input and workspace, equal proposal, as long as the wall time of the budget is not hit. */
export function createRepairCoder(parts: RepairCoderParts): Coder {
  return {
    name: 'repair engine',
    code: async (untyped, tools, signal): Promise<CoderOutput> => {
      const input: CoderInput = untyped;
      const outcome = await parts.engine.repair(
        {
          workspace: tools.workspace,
          language: input.language,
          plan: input.tests,
          failing: input.failing,
          passing: input.passing,
          sourceFiles: input.sourceFiles,
          exclude: new Set(input.exclude),
          budget: input.budget,
          seed: input.seed,
          tried: new Set(input.tried),
          changedLines: new Map(input.recent.map(({ file, lines }) => [file, new Set(lines)])),
          learned: tools.learned,
          runTests: (edits, only, stop) => tools.runTests(edits, only, stop),
          ...(parts.onProgress ? { onProgress: parts.onProgress } : {}),
        },
        signal,
      );
      return toOutput(outcome);
    },
  };
}

function toOutput(outcome: RepairOutcome): CoderOutput {
  const account = toAccount(outcome);
  const best = outcome.candidates[0];
  const tried = [...outcome.triedDigests];
  if (best === undefined) return { kind: 'nothing', account, tried };
  const { digest, template, reason, edits } = best;
  return { kind: 'proposed', digest, template, reason, edits, account, tried };
}

function toAccount(outcome: RepairOutcome): SearchAccount {
  return {
    ending: outcome.ending,
    durationMs: outcome.durationMs,
    tried: outcome.tried,
    plausible: outcome.candidates.length,
    suspects: outcome.suspects.slice(0, KEPT_SUSPECTS),
    triedByTemplate: { ...outcome.triedByTemplate },
    nearMisses: outcome.nearMisses
      .slice(0, KEPT_NEAR_MISSES)
      .map(({ candidate, fixedTests }) => ({ candidate, fixedTests: [...fixedTests] })),
    learned: outcome.learned.slice(0, KEPT_LEARNED).map((use) => ({ ...use })),
    assessment: outcome.assessment,
    notes: [...outcome.notes],
  };
}
