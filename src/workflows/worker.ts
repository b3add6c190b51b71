// Working without being told which run: queued runs, runs of dead workers, ends that were left untidy.
import { AppError, errorCode, errorMessage } from '#foundation/errors.ts';
import type { Crew } from '#queue/crew.ts';
import { asJob } from '#queue/lease.ts';
import type { Lease, TaskHandler } from '#queue/port.ts';
import { isFinal } from './machine.ts';
import { ownerText } from './owner.ts';
import type { RunRecord } from './run-record.ts';
import type { SessionParts, SessionTask } from './session.ts';
import { claim, holderIsDead, replaceJob, type Taken, type TakeoverParts, takeHold } from './takeover.ts';

type Carry = (taken: Taken, onAbort: SessionTask['onAbort'], signal?: AbortSignal) => Promise<void>;

export interface WorkTask {
  readonly concurrency: number;
  readonly carry: Carry;
  /** Absent: the worker is no agent of the registry, and takes runs only. */
  readonly crew?: WorkCrew | undefined;
}

/** What a worker is besides: an agent with a place in the registry, and handlers for other types of tasks. */
export interface WorkCrew {
  readonly registry: Crew;
  readonly version: string;
  readonly handlers: Readonly<Record<string, TaskHandler>>;
  readonly capabilities: readonly string[];
}

/** How often a worker looks for runs whose worker has died. */
const RESCUE_MS = 5_000;

/** Takes runs from the queue until aborted; a run in progress is then given back for others, not paused. */
export async function workOn(
  parts: TakeoverParts & SessionParts,
  { concurrency, carry, crew }: WorkTask,
  signal: AbortSignal,
): Promise<void> {
  const owner = ownerText(await parts.self());
  const handler = async (lease: Lease<'run'>, leaseSignal: AbortSignal) => {
    const run = await parts.store.load(lease.data.runId);
    // The queue may hold jobs of the past: only the one that the run names counts.
    if (run.jobId !== lease.jobId || run.paused !== null || (isFinal(run.state) && run.cleaned)) return;
    const claimed = await claim(parts, run, { withdrawPause: false });
    if (!claimed)
      throw new AppError('RUN_CONFLICT', { message: `${run.key} was claimed by another process` });
    await carry({ run: claimed, lease }, 'give-back', leaseSignal);
  };
  parts.log.info({ owner, concurrency }, 'waiting for runs');
  if (!crew) {
    const rescuing = rescueLoop(parts, signal);
    await parts.queue.work({ queue: 'run', owner, concurrency, handler }, signal);
    return rescuing;
  }
  const { registry, version, capabilities, handlers } = crew;
  await using agent = await registry.enlist({ owner, version, capabilities, capacity: concurrency });
  const until = AbortSignal.any([signal, agent.drained]);
  const rescuing = rescueLoop(parts, until);
  const all = { ...handlers, run: (task, stop) => handler(asJob<'run'>(task), stop) } satisfies Readonly<
    Record<string, TaskHandler>
  >;
  const observed = Object.fromEntries(
    Object.entries(all).map(([type, each]) => [type, agent.observed(each)]),
  );
  const { agentId, accepts } = agent;
  await parts.queue.workOn(
    { owner, agentId, capabilities, accepts, slots: concurrency, handlers: observed },
    until,
  );
  await rescuing;
}

async function rescueLoop(parts: TakeoverParts & SessionParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await rescue(parts);
      await parts.clock.sleep(RESCUE_MS, signal);
    } catch (error) {
      if (!signal.aborted) parts.log.warn({ error: errorMessage(error) }, 'looking for orphaned runs failed');
      if (!signal.aborted) await parts.clock.sleep(RESCUE_MS, signal).catch(() => undefined);
    }
  }
}

/** Queues again what nobody alive executes: expired leases, certainly dead owners, runs without a live job. */
async function rescue(parts: TakeoverParts): Promise<void> {
  await parts.queue.reclaim();
  for (const run of [...(await parts.store.unfinished()), ...(await parts.store.uncleaned())]) {
    if (await isOrphan(parts, run)) await replaceJob(parts, run);
  }
}

async function isOrphan({ queue }: TakeoverParts, run: RunRecord): Promise<boolean> {
  const job = run.jobId === null ? null : await queue.find(run.jobId);
  if (job?.state === 'waiting') return false;
  return job?.state !== 'running' || holderIsDead(job, run);
}

/** Finishes runs that ended while their worker died; keys of those finished. A run that somebody holds is theirs. */
export async function reap(parts: TakeoverParts, finish: (taken: Taken) => Promise<void>): Promise<string[]> {
  const reaped: string[] = [];
  for (const run of await parts.store.uncleaned()) {
    if (await takeAndFinish(parts, run, finish)) reaped.push(run.key);
  }
  return reaped;
}

/** Carries out a stored request at once when nobody executes the run; otherwise its owner does. */
export async function obeyIfIdle(
  parts: TakeoverParts,
  runId: string,
  finish: (taken: Taken) => Promise<void>,
): Promise<void> {
  const run = await parts.store.load(runId);
  if (run.request !== null) await takeAndFinish(parts, run, finish);
}

async function takeAndFinish(
  parts: TakeoverParts,
  run: RunRecord,
  finish: (taken: Taken) => Promise<void>,
): Promise<boolean> {
  try {
    await finish(await takeHold(parts, run.id, { withdrawPause: false, evenPaused: true }));
    return true;
  } catch (error) {
    if (errorCode(error) === 'RUN_CONFLICT') return false;
    throw error;
  }
}
