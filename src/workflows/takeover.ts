// Taking hold of a run: its queue job first, then its row; a dead owner is replaced, a living one is named.
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError, errorCode } from '#foundation/errors.ts';
import type { Journal } from '#journal/port.ts';
import type { JobState, Lease, Queue } from '#queue/port.ts';
import { isFinal } from './machine.ts';
import { isCertainlyDead, type Owner, ownerName, ownerText, parseOwner } from './owner.ts';
import type { IsolationRequest } from './ports.ts';
import type { RunRecord } from './run-record.ts';
import { type RunStore, subjectOf } from './run-store.ts';

export interface TakeoverParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly queue: Queue;
  readonly store: RunStore;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly self: () => Promise<Owner>;
}

export interface HoldOptions {
  /** A person's resume withdraws a pause; everything else leaves a paused run alone. */
  readonly withdrawPause: boolean;
  /** To carry out a cancellation, a paused run is taken although it stays paused otherwise. */
  readonly evenPaused?: boolean;
  readonly isolation?: IsolationRequest | undefined;
}

export interface Taken {
  readonly run: RunRecord;
  readonly lease: Lease;
}

/** Others may write between our reading and our writing; after this many rounds they are named. */
const ROUNDS = 5;

/**
 * Takes hold of a run that nobody alive executes.
 * @throws AppError RUN_CONFLICT when somebody does, or when the run has ended or waits for a person.
 */
export async function takeHold(parts: TakeoverParts, ref: string, options: HoldOptions): Promise<Taken> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const run = await parts.store.load(ref);
    refuseResting(run, options);
    const lease = await leaseOf(parts, run);
    if (!lease) continue;
    const claimed = await claim(parts, await parts.store.load(run.id), options);
    if (claimed) return { run: claimed, lease };
    await lease.release();
  }
  const run = await parts.store.load(ref);
  throw new AppError('RUN_CONFLICT', {
    message: `${run.key} is being changed by ${run.owner ? ownerName(run.owner) : 'another process'}`,
    next: `cambium run show ${run.key}`,
  });
}

function refuseResting(run: RunRecord, { withdrawPause, evenPaused }: HoldOptions): void {
  if (isFinal(run.state) && run.cleaned) {
    throw new AppError('RUN_CONFLICT', {
      message: `${run.key} has ended (${run.outcome?.reason ?? run.state})`,
      next: `cambium run show ${run.key}`,
    });
  }
  if (run.state === 'HUMAN_REVIEW' && run.decision === null && run.request === null) {
    throw new AppError('RUN_CONFLICT', {
      message: `${run.key} waits for a person's word`,
      next: `cambium run approve ${run.key}, or cambium run reject ${run.key}`,
    });
  }
  if (run.paused !== null && !withdrawPause && !evenPaused) {
    throw new AppError('RUN_CONFLICT', {
      message: `${run.key} is paused: ${run.paused.reason}`,
      next: run.paused.next,
    });
  }
}

/** The lease of the run's job; null when the situation changed and has to be read again. */
async function leaseOf(parts: TakeoverParts, run: RunRecord): Promise<Lease | null> {
  const { queue, clock } = parts;
  const name = ownerText(await parts.self());
  const job = run.jobId === null ? null : await queue.find(run.jobId);
  if (job?.state === 'waiting') return queue.take(job.jobId, name);
  if (job?.state === 'running') {
    const expired = job.leaseUntil !== null && Date.parse(job.leaseUntil) <= clock.now().getTime();
    if (expired) {
      await queue.reclaim();
      return queue.take(job.jobId, name);
    }
    if (!(await holderIsDead(job, run))) throw held(run, job);
  }
  const jobId = await replaceJob(parts, run);
  return jobId === null ? null : queue.take(jobId, name);
}

/** The job knows its holder from the first moment on, the row only once it was claimed. */
export async function holderIsDead(job: JobState, run: RunRecord): Promise<boolean> {
  const holder = job.owner === null ? run.owner : parseOwner(job.owner);
  return holder !== null && (await isCertainlyDead(holder));
}

function held(run: RunRecord, job: JobState): AppError {
  const holder = job.owner === null ? null : parseOwner(job.owner);
  const who = holder ? ownerName(holder) : (job.owner ?? 'another process');
  return new AppError('RUN_CONFLICT', {
    message: `${run.key} is being executed by ${who}, whose lease stands until ${job.leaseUntil ?? 'it ends'}`,
    next: `cambium run watch ${run.key}, or cambium run pause ${run.key} first`,
    details: { owner: who, leaseUntil: job.leaseUntil },
  });
}

/** A new job in place of one that has ended or whose holder is dead; null when the run has changed meanwhile. */
export async function replaceJob(parts: TakeoverParts, run: RunRecord): Promise<string | null> {
  const { db, journal, queue, store } = parts;
  const jobId = await db
    .transaction(async (q) => {
      const job = await queue.enqueue(q, {
        queue: 'run',
        key: `${run.id}.${run.version}`,
        data: { runId: run.id },
      });
      if (!(await store.setJob(q, run, job.jobId))) throw changed(run);
      await journal.append(q, [{ type: 'task.ready', subject: subjectOf(run), payload: { queue: 'run' } }]);
      return job.jobId;
    })
    .catch((error: unknown) => {
      if (errorCode(error) === 'RUN_CONFLICT') return null;
      throw error;
    });
  if (jobId !== null && run.jobId !== null) await queue.cancel(run.jobId);
  return jobId;
}

/** Rolls the transaction back, with the job in it. */
function changed(run: RunRecord): AppError {
  return new AppError('RUN_CONFLICT', { message: `${run.key} is no longer as it was read` });
}

/** The run's row for this process; null when somebody else was faster. */
export async function claim(
  parts: TakeoverParts,
  run: RunRecord,
  options: HoldOptions,
): Promise<RunRecord | null> {
  const { isolation, withdrawPause } = options;
  const owner = await parts.self();
  return parts.store.claim(run, {
    owner,
    ownerName: ownerName(owner),
    leaseUntil: new Date(parts.clock.now().getTime() + parts.leaseMs).toISOString(),
    withdrawPause,
    options: isolation === undefined ? run.options : { ...run.options, isolation },
    // Another isolation was asked for in words: what the run had before no longer binds it.
    checkpoint: isolation === undefined ? run.checkpoint : { ...run.checkpoint, isolation: null },
  });
}
