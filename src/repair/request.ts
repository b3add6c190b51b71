// What the repair engine takes and gives: the request, its budget, progress and outcome.
import type { Assessment, Candidate, Suspect, TextEdit } from '#contracts/edit.ts';
import type { Language } from '#contracts/project.ts';
import type { TestPlan, TestReport, TestResult } from '#contracts/tests.ts';
import type { WorkspacePlace } from '#sandbox/runner.ts';
import type { Learned, LearnedUse } from './learned.ts';

/** The part of a prepared workspace that repair uses; paths are relative to its root. */
export interface RepairWorkspace extends WorkspacePlace {
  read(path: string): Promise<string>;
}

/** Which tests to run; everything when both are absent. */
export interface TestSelection {
  readonly files?: readonly string[];
  readonly names?: readonly string[];
}

export interface RepairBudget {
  /** Wall time of the whole search, milliseconds. */
  readonly wallMs: number;
  /** Candidates tried at most. */
  readonly candidates: number;
}

export type RepairPhase = 'locating' | 'searching' | 'pairing' | 'confirming';

export interface RepairProgress {
  readonly phase: RepairPhase;
  readonly tried: number;
  readonly plausible: number;
  /** Candidates a second since the search began. */
  readonly ratePerSecond: number;
  /** Candidates that this phase has in all; null where that is not known. */
  readonly planned?: number | null;
  /** Milliseconds until the search ends at the latest: by its budget, or earlier when all are tried at this rate. */
  readonly atMostMs?: number;
}

export interface NearMiss {
  readonly candidate: Candidate;
  /** Ids of the failing tests that pass with it. */
  readonly fixedTests: readonly string[];
}

export type RepairEnding = 'found' | 'exhausted' | 'wall-limit' | 'candidate-limit' | 'cancelled';

export interface RepairOutcome {
  readonly ending: RepairEnding;
  /** Plausible: pass every test they were given. Best first. */
  readonly candidates: readonly Candidate[];
  /** How probably the first of them is right, and what else it may be; null without candidates. */
  readonly assessment: Assessment | null;
  /** The numbers behind their order, by place in the list. */
  readonly ranking: readonly Readonly<Record<string, number>>[];
  /** The fault ranking, most suspicious first. */
  readonly suspects: readonly Suspect[];
  readonly tried: number;
  readonly triedByTemplate: Readonly<Record<string, number>>;
  readonly nearMisses: readonly NearMiss[];
  /** The learned rewrites that matched somewhere in the suspected files, most tried first. */
  readonly learned: readonly LearnedUse[];
  /** How candidates were judged: in a warm process, or by the project's own command. */
  readonly validation: 'warm' | 'command';
  /** In words: what limited this search (a fallback taken, tests left out); empty when nothing did. */
  readonly notes: readonly string[];
  /** Wall time, milliseconds. */
  readonly durationMs: number;
  /** Short digests of what was tried in vain, first ones first; bounded. */
  readonly triedDigests: readonly string[];
}

export interface RepairRequest {
  readonly workspace: RepairWorkspace;
  readonly language: Language;
  readonly plan: TestPlan;
  /** Failing and passing tests of the unchanged tree, as the project's own runner reported them. */
  readonly failing: readonly TestResult[];
  readonly passing: readonly TestResult[];
  /** Files that may be changed, relative to the workspace: no tests among them. */
  readonly sourceFiles: readonly string[];
  /** Digests of candidates that were tried before and shall not come again. */
  readonly exclude: ReadonlySet<string>;
  /** Short digests (`shortDigest`) of what earlier searches tried in vain. */
  readonly tried?: ReadonlySet<string>;
  readonly budget: RepairBudget;
  /** What earlier changes taught; absent: only the prior that comes with the program. */
  readonly learned?: Learned;
  /** Lines that recent commits wrote, by path: where faults are more often than elsewhere. */
  readonly changedLines?: ReadonlyMap<string, ReadonlySet<number>>;
  /** Names of templates and clues that are left out, or `two-edits`: to see what each is worth. */
  readonly without?: ReadonlySet<string>;
  /** Same seed and inputs, same candidates in the same order. */
  readonly seed: number;
  /**
   * Runs the project's own tests with the edits applied, and takes them back afterwards. The signal comes when the search
   * was cancelled or its time is over: the answer is not needed any more, but the edits must still be taken back.
   */
  readonly runTests: (
    edits: readonly TextEdit[],
    only: TestSelection | null,
    signal?: AbortSignal,
  ) => Promise<TestReport>;
  readonly onProgress?: (progress: RepairProgress) => void;
}

export interface RepairEngine {
  /** Never throws for what the code under repair does; a cancelled search ends `cancelled` with what it has. */
  repair(request: RepairRequest, signal?: AbortSignal): Promise<RepairOutcome>;
}
