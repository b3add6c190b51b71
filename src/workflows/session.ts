// One session of a run: from taking it over until it rests, step after step, each recorded whole or not at all.
import type { CommandLimits } from '#contracts/command.ts';
import { commandLimits } from '#contracts/command.ts';
import type { Project } from '#contracts/project.ts';
import type { Ticket } from '#contracts/ticket.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError, type ErrorCode, errorCode, errorMessage, isAppError } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import { plainText } from '#foundation/text.ts';
import type { Lease } from '#queue/port.ts';
import type { Git } from '#sandbox/git.ts';
import type { Workspace, Workspaces } from '#sandbox/workspace.ts';
import type { Checkpoint } from './checkpoint.ts';
import { type Control, watchOver } from './control.ts';
import type { CrashProbe } from './crash-points.ts';
import { type RunMemory, recallFor } from './lessons.ts';
import { isFinal, wallStop } from './machine.ts';
import type { HandsAnswer, OpenHands, Reviewer, RunHands } from './ports.ts';
import { cleanUp, removeWorkspaces, workspaceName } from './rest.ts';
import type { RunRecord } from './run-record.ts';
import type { Move, RunStore, Written } from './run-store.ts';
import type { PausedInfo, RunOutcome } from './run-views.ts';
import { STEPS } from './steps/all.ts';
import { keepPrefix } from './steps/branch.ts';
import type { StepContext, StepMove, StepPause, StepResult } from './steps/step.ts';

/** A line about a run for people who watch this process; nothing is stored of it. */
export interface RunNote {
  readonly runId: string;
  readonly runKey: string;
  readonly state: string;
  readonly attempt: number;
  readonly text: string;
}

export interface SessionParts {
  readonly db: Database;
  readonly store: RunStore;
  readonly git: Git;
  readonly workspaces: Workspaces;
  readonly openHands: OpenHands;
  readonly reviewers: readonly Reviewer[];
  readonly memory?: RunMemory | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly leaseMs: number;
  readonly probe: CrashProbe;
  readonly onNote: (note: RunNote) => void;
}

export interface SessionTask {
  /** As claimed: this process is the owner. */
  readonly run: RunRecord;
  readonly lease: Lease;
  readonly project: Project;
  readonly ticket: Ticket;
  /** What an aborted caller means: a person's interrupt pauses the run, a worker that stops gives it back. */
  readonly onAbort: 'pause' | 'give-back';
}

/** How long a step may take to obey its signal before it is left alone; its workspace is not used again. */
const OBEY_MS = 15_000;
/** Errors after which the run can go on once somebody acted; everything else ends it. */
const PAUSING: readonly ErrorCode[] = [
  'ISOLATION_UNAVAILABLE',
  'DISK_FULL',
  'NOT_WRITABLE',
  'NOT_A_REPOSITORY',
];

/** Works until the run rests, is stopped or is lost to another owner. */
export async function runSession(
  given: SessionParts,
  task: SessionTask,
  caller?: AbortSignal,
): Promise<void> {
  const { run, ticket } = task;
  // Every line of this session, whoever writes it, names the run (R48).
  const parts = { ...given, log: given.log.child({ run: run.key, ticket: ticket.key }) };
  const session = new Session(parts, task);
  if (isFinal(task.run.state)) return session.finish();
  const { limits } = task.run.options;
  const leftMs = limits.wallMs - task.run.runningMs;
  await using control = await watchOver(parts, { run: task.run, lease: task.lease, leftMs }, caller);
  await session.work(control);
}

class Session {
  private run: RunRecord;
  private readonly parts: SessionParts;
  private readonly task: SessionTask;
  private readonly startedMs: number;
  private readonly runningBefore: number;
  private prepared: Workspace | null = null;

  constructor(parts: SessionParts, task: SessionTask) {
    this.parts = parts;
    this.task = task;
    this.run = task.run;
    this.startedMs = parts.clock.monotonicMs();
    this.runningBefore = task.run.runningMs;
  }

  async work(control: Control): Promise<void> {
    const answer = await this.hands();
    while (!isFinal(this.run.state)) {
      const stopped = control.reason();
      if (stopped) return this.stop(stopped.kind);
      // Without isolation nothing at all is executed, and nothing is recorded as if it had been (S25).
      if (!answer.ok) return this.pause({ reason: answer.reason, next: answer.next });
      if (this.run.state === 'HUMAN_REVIEW' && this.run.decision === null) return this.wait();
      const result = await this.step(answer.hands, control);
      if (result.kind === 'pause' && result.checkpoint) this.keepOf(result, result.checkpoint);
      if (control.reason()) continue;
      if (result.kind === 'pause') return this.pause(result.paused);
      const written = await this.parts.store.move(this.run, this.asMove(result));
      if (written.kind === 'fenced') return this.stop('lost');
      if (written.kind === 'requested') control.stop({ kind: written.request });
      else this.run = written.run;
    }
    await this.finish();
  }

  /** Kept of an interrupted step: in words, and with the pause in the run's row. */
  private kept: string | null = null;

  private keepOf({ paused }: StepPause, checkpoint: Checkpoint): void {
    this.kept = paused.reason;
    this.run = { ...this.run, checkpoint };
  }

  /** Probing the machine may itself fail: that too is something to act on, not the end of the run. */
  private async hands(): Promise<HandsAnswer> {
    try {
      const isolation = this.run.checkpoint.isolation ?? this.run.options.isolation;
      return await this.parts.openHands(isolation, this.parts.log);
    } catch (error) {
      const next = isAppError(error) ? error.next : undefined;
      const reason = `No hands for this run: ${plainText(errorMessage(error))}`;
      return { ok: false, reason, next: next ?? 'cambium doctor' };
    }
  }

  /** Milliseconds that the run has been worked on, in all its sessions. */
  private runningMs(): number {
    return this.runningBefore + Math.round(this.parts.clock.monotonicMs() - this.startedMs);
  }

  private startedAt = '';

  private async step(hands: RunHands, control: Control): Promise<StepResult> {
    const work = STEPS[this.run.state];
    if (!work) throw new AppError('INTERNAL', { message: `no step belongs to ${this.run.state}` });
    this.startedAt = this.parts.clock.now().toISOString();
    const context = this.context(hands);
    const log = this.stepLog();
    try {
      this.note('begins');
      log.info('a step begins');
      context.probe('step.before-work');
      const result = await obeying(this.parts.clock, work(context, control.signal), control.signal);
      context.probe('step.after-work');
      log.info(result.kind === 'move' ? { to: result.to } : { paused: result.paused.reason }, 'a step ended');
      return result;
    } catch (error) {
      return this.failed((await this.repositoryGone()) ?? error, control);
    }
  }

  /** Deleted or moved under the run: every other complaint follows from that. */
  private async repositoryGone(): Promise<AppError | null> {
    const { path } = this.task.project;
    if (await this.parts.git.isRepository(path).catch(() => true)) return null;
    const next = `put it back there, then cambium run resume ${this.run.key}`;
    return new AppError('NOT_A_REPOSITORY', { message: `The repository ${path} is gone`, next });
  }

  /** For one step: its number as in `run logs --step`, and its state. */
  private stepLog(): Log {
    const { stepCount, state, attempt } = this.run;
    return this.parts.log.child({ step: stepCount + 1, state, attempt });
  }

  private context(hands: RunHands): StepContext {
    const { git, clock, reviewers, probe, store, memory, log } = this.parts;
    const { project, ticket } = this.task;
    const run = { ...this.run, runningMs: this.runningMs() };
    const limits: CommandLimits = commandLimits.parse(run.options.commandLimits);
    return {
      run,
      project,
      ticket,
      hands,
      git,
      reviewers,
      clock,
      limits,
      leftMs: run.options.limits.wallMs - run.runningMs,
      workspace: (tree) => this.workspace(tree),
      keep: (object) => this.keep(object),
      guard: () => this.guard(),
      output: (seq) => store.stepOutput(run.id, seq),
      recall: (search) => recallFor(memory, search, log),
      probe: (point) => probe(point, run.state),
      note: (text) => this.note(text),
    };
  }

  private note(text: string): void {
    const { id, key, state, attempt } = this.run;
    this.parts.onNote({ runId: id, runKey: key, state, attempt, text });
  }

  private async workspace(tree: string): Promise<Workspace> {
    const { workspaces, probe } = this.parts;
    const { run } = this;
    if (!this.prepared) {
      await removeWorkspaces(workspaces, run.id, null);
      probe('workspace.before-prepare', run.state);
      this.prepared = await workspaces.prepare({
        repository: this.task.project.path,
        commit: run.base,
        name: workspaceName(run),
      });
      probe('workspace.after-prepare', run.state);
    }
    await this.prepared.reset(tree);
    probe('workspace.after-reset', run.state);
    return this.prepared;
  }

  private async keep(object: string): Promise<void> {
    const { git, probe } = this.parts;
    probe('tree.before-keep', this.run.state);
    const ref = `${keepPrefix(this.run.id)}objects/${object}`;
    // False means that it is kept already, by an earlier execution of this very step.
    await git.updateRef(this.task.project.path, { ref, from: null, to: object });
    probe('tree.after-keep', this.run.state);
  }

  private async guard(): Promise<void> {
    const now = await this.parts.store.load(this.run.id);
    if (now.epoch === this.run.epoch) return;
    throw new AppError('RUN_CONFLICT', { message: `${this.run.key} has another owner by now` });
  }

  private asMove(result: StepMove): Move {
    const { input, output, log, tree, ...rest } = result;
    const step = { input, output, log, tree, startedAt: this.startedAt };
    const { checkpoint } = rest;
    // A run that has ended searches no more: what it tried would only take room.
    const lasting = isFinal(rest.to)
      ? { ...checkpoint, searched: { ...checkpoint.searched, tried: [] } }
      : checkpoint;
    return { ...rest, checkpoint: lasting, step, runningMs: this.runningMs() };
  }

  /** What an exception in a step means: act and go on, or the end of the run, with the reason in words. */
  private failed(error: unknown, control: Control): StepResult {
    const { run } = this;
    const code = errorCode(error);
    const reason = plainText(errorMessage(error));
    const facts = { code, error: reason };
    // A step that was told to stop fails by design; nothing of it is kept.
    if (control.reason()) this.stepLog().debug(facts, 'a step was stopped');
    // What has a code is told as the run's outcome; only a defect needs a line of its own.
    else this.stepLog()[isAppError(error) ? 'info' : 'error'](facts, 'a step failed');
    if (code === 'DATABASE_UNAVAILABLE') throw error;
    const next = isAppError(error) ? error.next : undefined;
    if (PAUSING.includes(code)) {
      return { kind: 'pause', paused: { reason, next: next ?? `cambium run resume ${run.key}` } };
    }
    return {
      kind: 'move',
      to: 'FAILED',
      attempt: run.attempt,
      checkpoint: run.checkpoint,
      reason,
      input: {},
      output: {},
      log: '',
      tree: null,
      outcome: { kind: 'error', reason, next: next ?? `cambium run logs ${run.key}`, limit: null, code },
      certificate: null,
      events: [],
    };
  }

  private async stop(kind: 'pause' | 'cancel' | 'interrupted' | 'lost' | 'wall-time'): Promise<void> {
    const { key } = this.run;
    const next = `cambium run resume ${key}`;
    const kept = this.kept === null ? '' : `; ${this.kept}`;
    if (kind === 'pause') return this.pause({ reason: `A pause was asked for${kept}`, next });
    if (kind === 'cancel') return this.end('CANCELLED', cancelledOutcome(key));
    if (kind === 'wall-time') {
      const { reason, limit } = wallStop(this.run.options.limits);
      const outcome = { kind: 'reached-limit' as const, reason, limit, code: null };
      return this.end('FAILED', { ...outcome, next: `cambium run show ${key} --faults` });
    }
    if (kind === 'interrupted') {
      if (this.task.onAbort === 'pause') return this.pause({ reason: `It was interrupted${kept}`, next });
      await this.parts.store.letGo(this.run, { runningMs: this.runningMs() });
      await this.dropWorkspace();
      await this.task.lease.release();
      return;
    }
    throw new AppError('RUN_CONFLICT', {
      message: `${key} was taken over by another process`,
      next: `cambium run watch ${key}`,
    });
  }

  /** A move that no step made. */
  private async end(to: 'FAILED' | 'CANCELLED', outcome: RunOutcome): Promise<void> {
    const { run } = this;
    const move: Move = {
      to,
      attempt: run.attempt,
      checkpoint: run.checkpoint,
      reason: outcome.reason,
      step: null,
      outcome,
      certificate: null,
      events: [],
      runningMs: this.runningMs(),
    };
    await this.written(await this.parts.store.move(run, move), () => this.finish());
  }

  private async pause(paused: PausedInfo): Promise<void> {
    const written = await this.parts.store.pause(this.run, paused, this.runningMs());
    await this.written(written, () => this.leave());
  }

  private async wait(): Promise<void> {
    const written = await this.parts.store.letGo(this.run, { runningMs: this.runningMs() });
    await this.written(written, () => this.leave());
  }

  /** The run rests: whoever takes it up again prepares a workspace of its own from the checkpoint. */
  private async leave(): Promise<void> {
    await this.dropWorkspace();
    await this.task.lease.complete();
  }

  private async dropWorkspace(): Promise<void> {
    if (this.prepared) await this.parts.workspaces.remove(this.prepared.name);
  }

  private async written(written: Written, then: () => Promise<void>): Promise<void> {
    if (written.kind === 'fenced') return this.stop('lost');
    if (written.kind === 'requested') return this.stop(written.request);
    this.run = written.run;
    await then();
  }

  /** The run has ended: leave nothing behind, then let go. */
  async finish(): Promise<void> {
    const { git, workspaces, store, probe } = this.parts;
    const { state } = this.run;
    const point = (name: Parameters<CrashProbe>[0]) => probe(name, state);
    await cleanUp({ git, workspaces, repository: this.task.project.path, probe: point }, this.run);
    await store.letGo(this.run, { cleaned: true });
    point('rest.before-job-completed');
    await this.task.lease.complete();
    point('rest.after-job-completed');
  }
}

export function cancelledOutcome(runKey: string): RunOutcome {
  return {
    kind: 'cancelled',
    reason: 'It was cancelled on request',
    next: `cambium solve starts anew; ${runKey} cannot go on`,
    limit: null,
    code: null,
  };
}

/** The step's result, or its signal's abort once the step had its time to obey. */
async function obeying<T>(clock: Clock, work: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new AbortController();
  const late = new Promise<never>((_, reject) => {
    const afterAbort = () => {
      clock.sleep(OBEY_MS, over.signal).then(
        () => reject(new AppError('CANCELLED', { message: 'the step did not stop in time' })),
        () => undefined,
      );
    };
    if (signal.aborted) afterAbort();
    else signal.addEventListener('abort', afterAbort, { once: true });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
