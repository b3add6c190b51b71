// The queue as other rooms see it: durable jobs, held by leases that a dead worker loses.
import type { Queries } from '#database/port.ts';

/** Queues and what their jobs carry. */
export interface JobData {
  readonly run: { readonly runId: string };
}
export type QueueName = keyof JobData;

export interface NewJob<N extends QueueName = QueueName> {
  readonly queue: N;
  /** At most one job of a queue with this key is waiting or running; a second `enqueue` returns the first one's id. */
  readonly key: string;
  readonly data: JobData[N];
  /** Not before this many seconds from now. */
  readonly delaySeconds?: number;
}

export interface Lease<N extends QueueName = QueueName> {
  readonly jobId: string;
  readonly queue: N;
  readonly data: JobData[N];
  readonly owner: string;
  /** Fencing number: grows each time the job is taken, so that an older holder can be told apart. */
  readonly epoch: number;
  /** Extends the lease; false when it was lost (expired and taken over, or cancelled): stop at once. */
  renew(): Promise<boolean>;
  /** Ends the job well. False when the lease was lost before. */
  complete(): Promise<boolean>;
  /** Ends this try; the job is retried with back-off and at last goes to the dead letters. */
  fail(error: unknown): Promise<boolean>;
  /** Gives the job back at once, for anybody to take, without counting it as a try. */
  release(): Promise<boolean>;
}

export interface WorkOptions<N extends QueueName = QueueName> {
  readonly queue: N;
  /** Who takes the jobs; for people and for `task.claimed`. */
  readonly owner: string;
  readonly concurrency: number;
  /** `signal` is aborted when the lease is lost or the worker stops. Returning completes the job, throwing fails it. */
  readonly handler: (job: Lease<N>, signal: AbortSignal) => Promise<void>;
}

export interface Queue {
  /** Creates or migrates the queue's own tables, once per database; cheap when already done. */
  prepare(): Promise<void>;
  /** Adds a job inside the caller's transaction. */
  enqueue(q: Queries, job: NewJob): Promise<{ jobId: string }>;
  /** Takes this very job if it is waiting, whatever its delay; null when it is taken, ended or unknown. */
  take(jobId: string, owner: string): Promise<Lease | null>;
  /** Takes the next job that is due; null when there is none. */
  takeNext<N extends QueueName>(queue: N, owner: string): Promise<Lease<N> | null>;
  /** Works until `signal` is aborted; resolves when the running handlers have ended. */
  work<N extends QueueName>(options: WorkOptions<N>, signal: AbortSignal): Promise<void>;
  /** Makes jobs whose lease has run out ready again (or dead letters); how many. */
  reclaim(): Promise<number>;
  /** Cancels a job that has not ended; its holder learns it at the next renewal. False when there was nothing to do. */
  cancel(jobId: string): Promise<boolean>;
  /** State of a job by id, for doctor and `run show`; null when unknown. */
  find(jobId: string): Promise<JobState | null>;
  /** Stops workers of this object and lets go of its resources. */
  close(): Promise<void>;
}

export interface JobState {
  readonly jobId: string;
  readonly queue: string;
  readonly state: 'waiting' | 'running' | 'completed' | 'cancelled' | 'failed';
  readonly owner: string | null;
  /** When the lease runs out, ISO; null unless running. */
  readonly leaseUntil: string | null;
}
