// The queue: one durable store of tasks in a graph, taken under leases by workers on any number of machines.
import { type ScoreRules, scoreRules } from '#contracts/task.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { createIds, type Ids } from '#foundation/ids.ts';
import type { Log } from '#foundation/log.ts';
import { type AddParts, addEdge, addTasks } from './add.ts';
import { cancelTask } from './care.ts';
import { createClaims } from './claim.ts';
import { asJob, createLease } from './lease.ts';
import type { Holder, JobState, Lease, NewJob, Queue, QueueName, TaskLease } from './port.ts';
import { purge, reclaimExpired } from './reclaim.ts';
import { createScoring } from './scoring.ts';
import { transact } from './statement.ts';
import { createWorker } from './worker.ts';

const DEFAULTS = { leaseMs: 60_000, renewMs: 20_000, pollMs: 2_000 };
/** A run outlives many workers: what counts against it is counted in attempts, not in deaths of workers. */
const JOB_RETRY = { limit: 10, baseMs: 5_000, maxMs: 60_000 };

export interface QueueOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Made from the clock when absent. */
  readonly ids?: Ids;
  /** How long a silent holder keeps its task; 60 s when absent. */
  readonly leaseMs?: number;
  /** Pause between renewals in `work`; 20 s when absent. */
  readonly renewMs?: number;
  /** How often `work` looks without being told; 2 s when absent. */
  readonly pollMs?: number;
  /** How ready tasks are ordered; the defaults of the contract when absent. */
  readonly scoring?: ScoreRules;
}

export function createQueue(options: QueueOptions): Queue {
  const { db, clock, log } = options;
  const { leaseMs, renewMs, pollMs } = { ...DEFAULTS, ...options };
  const scoring = createScoring(options.scoring ?? scoreRules.parse({}));
  const parts: AddParts = { ids: options.ids ?? createIds(clock), scoring };
  const claims = createClaims(db, scoring);
  const leaseParts = { db, scoring, leaseMs };
  const closing = new AbortController();
  const working = new Set<Promise<void>>();

  const claim = async (types: readonly string[], holder: Holder, count: number): Promise<TaskLease[]> => {
    const { owner, agentId, capabilities = [] } = holder;
    const rows = await claims.best({ types, owner, agentId, capabilities, count, leaseMs });
    return rows.map((row) => createLease(leaseParts, row, owner));
  };
  const reclaim = (): Promise<number> => reclaimExpired(db, { scoring });
  const find = (jobId: string): Promise<JobState | null> => findJob(db, jobId);
  const worker = createWorker({ db, claim, reclaim, find, clock, log, renewMs, leaseMs, pollMs });
  const tracked = (work: Promise<void>): Promise<void> => {
    const tracking = work.finally(() => working.delete(tracking));
    working.add(tracking);
    return tracking;
  };
  return {
    claim,
    reclaim,
    purge: () => purge(db),
    find,
    add: (q, tasks) => addTasks(parts, q, tasks),
    connect: (q, taskId, { on, onFailure }) => addEdge(parts, q, { taskId, needsId: on, policy: onFailure }),
    enqueue: async (q, job) => {
      const { ids } = await addTasks(parts, q, [asTask(job)]);
      return { jobId: ids[0] ?? '' };
    },
    take: async (jobId, owner) => {
      const [row] = await claims.one(jobId, { owner, leaseMs });
      return row === undefined ? null : asJob(createLease(leaseParts, row, owner));
    },
    takeNext: async <N extends QueueName>(queue: N, owner: string): Promise<Lease<N> | null> => {
      const [lease] = await claim([queue], { owner }, 1);
      return lease === undefined ? null : asJob<N>(lease);
    },
    cancel: (jobId, graceMs = 0) =>
      transact(db, (q) => cancelTask({ scoring }, q, { id: jobId, graceMs, reason: 'it was cancelled' })),
    work: ({ queue, concurrency, handler, others = {}, ...holder }, signal) =>
      tracked(
        worker(
          {
            ...holder,
            slots: concurrency,
            handlers: { ...others, [queue]: (task, stop) => handler(asJob(task), stop) },
          },
          AbortSignal.any([signal, closing.signal]),
        ),
      ),
    workOn: (work, signal) => tracked(worker(work, AbortSignal.any([signal, closing.signal]))),
    close: async () => {
      closing.abort();
      await Promise.allSettled(working);
    },
  };
}

function asTask({ queue, key, data, delaySeconds = 0, projectId, ticketId, retry }: NewJob) {
  return {
    type: queue,
    key,
    payload: { ...data },
    runId: data.runId,
    delayMs: delaySeconds * 1000,
    retry: { ...JOB_RETRY, ...retry },
    ...(projectId === undefined ? {} : { projectId }),
    ...(ticketId === undefined ? {} : { ticketId }),
  };
}

const JOB_STATES: Readonly<Record<string, JobState['state']>> = {
  blocked: 'waiting',
  pending: 'waiting',
  running: 'running',
  completed: 'completed',
  cancelled: 'cancelled',
  skipped: 'cancelled',
  failed: 'failed',
};

async function findJob(db: Database, jobId: string): Promise<JobState | null> {
  const [row] = await db.raw<{ type: string; state: string; owner: string | null; until: string | null }>(
    `select type, state, case when state = 'running' then owner end as owner, lease_until as until
     from tasks where id = $1`,
    [jobId],
    { prepared: true },
  );
  if (row === undefined) return null;
  const state = JOB_STATES[row.state] ?? 'failed';
  return { jobId, queue: row.type, state, owner: row.owner, leaseUntil: row.until };
}
