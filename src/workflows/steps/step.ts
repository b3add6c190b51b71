// What a step gets and gives: one visit to one state, re-executable, writing nothing but workspace, trees and references.
import type { Certificate } from '#contracts/certificate.ts';
import type { CommandLimits } from '#contracts/command.ts';
import type { NewEvent } from '#contracts/event.ts';
import type { Project } from '#contracts/project.ts';
import type { RunState } from '#contracts/run.ts';
import type { Ticket } from '#contracts/ticket.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Lesson } from '#memory/lesson.ts';
import type { Learned } from '#repair/learned.ts';
import type { Git } from '#sandbox/git.ts';
import type { Workspace } from '#sandbox/workspace.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { CrashPoint } from '../crash-points.ts';
import type { SearchFor } from '../lessons.ts';
import type { Reviewer, RunHands } from '../ports.ts';
import type { RunRecord } from '../run-record.ts';
import type { PausedInfo, RunOutcome } from '../run-views.ts';

export interface StepContext {
  readonly run: RunRecord;
  readonly project: Project;
  readonly ticket: Ticket;
  readonly hands: RunHands;
  readonly git: Git;
  readonly reviewers: readonly Reviewer[];
  readonly clock: Clock;
  readonly limits: CommandLimits;
  /** Wall time that the run's stop limit leaves, milliseconds. */
  readonly leftMs: number;
  /** The run's workspace with exactly the files of `tree`. */
  workspace(tree: string): Promise<Workspace>;
  /** Keeps a tree or commit from git's garbage collection until the run ends. */
  keep(object: string): Promise<void>;
  /** Throws RUN_CONFLICT when another process owns the run by now: to be called before effects outside the workspace. */
  guard(): Promise<void>;
  /** Output of an earlier step of this run. */
  output(seq: number): Promise<unknown>;
  /** What memory has for a search; nothing when there is no memory. */
  recall(search: SearchFor): Promise<Learned>;
  probe(point: CrashPoint): void;
  /** A line for people who watch. */
  note(line: string): void;
}

export interface StepMove {
  readonly kind: 'move';
  readonly to: RunState;
  readonly attempt: number;
  readonly checkpoint: Checkpoint;
  /** One sentence: why the run goes there. */
  readonly reason: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: Readonly<Record<string, unknown>>;
  /** Output of the step's commands; bounded, without control characters. */
  readonly log: string;
  readonly tree: string | null;
  readonly outcome: RunOutcome | null;
  readonly certificate: Certificate | null;
  readonly events: readonly NewEvent[];
  /** What the step teaches memory, written with the move. */
  readonly lesson?: Lesson | null;
}

/** The step cannot be done before somebody acts, or was interrupted: of it only the checkpoint is kept, where it gives one. */
export interface StepPause {
  readonly kind: 'pause';
  readonly paused: PausedInfo;
  readonly checkpoint?: Checkpoint;
}

export type StepResult = StepMove | StepPause;
export type Step = (context: StepContext, signal: AbortSignal) => Promise<StepResult>;

type MoveParts = Pick<StepMove, 'to' | 'reason'> & Partial<Omit<StepMove, 'kind'>>;

/** A move with everything unsaid left as it is. */
export function moveTo({ run }: StepContext, parts: MoveParts): StepMove {
  return {
    kind: 'move',
    attempt: run.attempt,
    checkpoint: run.checkpoint,
    input: {},
    output: {},
    log: '',
    tree: null,
    outcome: null,
    certificate: null,
    events: [],
    ...parts,
  };
}

type FailParts = Pick<RunOutcome, 'kind' | 'reason' | 'next'> &
  Partial<Omit<RunOutcome, 'kind'>> & { readonly step?: Partial<Omit<StepMove, 'kind' | 'to' | 'reason'>> };

/** The run ends here without a fix. */
export function failWith(context: StepContext, { step, ...outcome }: FailParts): StepMove {
  return moveTo(context, {
    ...step,
    to: 'FAILED',
    reason: outcome.reason,
    outcome: { limit: null, code: null, ...outcome },
  });
}
