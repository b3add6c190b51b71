// The queue as other rooms see it: durable tasks in a graph, held by leases that a dead worker loses.
import type { NewTask, RetryPolicy } from '#contracts/task.ts';
import type { Queries } from '#database/port.ts';

/** Types of tasks and what they carry. */
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
  /** For fairness between tickets, and so that people find it. */
  readonly projectId?: string;
  readonly ticketId?: string;
  readonly retry?: Partial<RetryPolicy>;
}

/** `cancelling`: it is ours, and should come to an end by itself. */
export type Beat = 'held' | 'cancelling' | 'lost';

/** A task in somebody's hands. */
export interface TaskLease {
  readonly jobId: string;
  /** `TSK-12` */
  readonly key: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly owner: string;
  /** Fencing number: grows each time the task is taken, so that an older holder can be told apart. */
  readonly epoch: number;
  /** Which try this is, from 1. */
  readonly tries: number;
  /** Longest that this try may run, milliseconds. */
  readonly timeoutMs: number;
  readonly ticketId: string | null;
  readonly projectId: string | null;
  readonly budgetShare: number | null;
  readonly capabilities: readonly string[];
  /** Extends the lease; false when it was lost (expired and taken over, or cancelled): stop at once. */
  renew(): Promise<boolean>;
  /** The same, and whether somebody asked for the end of the task meanwhile. */
  beat(): Promise<Beat>;
  /** Ends the task well, and settles what waits for it. False when the lease was lost before. */
  complete(result?: unknown): Promise<boolean>;
  /**
   * The same inside a transaction of the caller, with the effects of the task: all of it happens, once, or nothing.
   * Throws RUN_CONFLICT when the lease was lost, so that the transaction is undone.
   */
  completeWithin(q: Queries, result?: unknown): Promise<void>;
  /** For an effect before the end: throws RUN_CONFLICT unless the task is ours until the transaction ends. */
  guard(q: Queries): Promise<void>;
  /**
   * Ends this try. The task is tried again with back-off (an error's `details.retryAfterMs` is waited for) and at last
   * becomes a dead letter; at once when `details.retryable` is false. False when the lease was lost before.
   */
  fail(error: unknown): Promise<boolean>;
  /** Gives the task back at once, for anybody to take, without counting it as a try. */
  release(): Promise<boolean>;
}

/** The lease of a job: a task whose payload's shape is known by its type. */
export interface Lease<N extends QueueName = QueueName> extends TaskLease {
  readonly queue: N;
  readonly data: JobData[N];
}

/** `signal` is aborted when the lease is lost, the task is cancelled, its time is up, or the worker stops. */
export type TaskHandler = (task: TaskLease, signal: AbortSignal) => Promise<unknown>;

export interface Holder {
  /** Who takes tasks, for people. */
  readonly owner: string;
  /** Registered agent that takes them. */
  readonly agentId?: string | undefined;
  readonly capabilities?: readonly string[] | undefined;
}

export interface WorkOptions<N extends QueueName = QueueName> extends Holder {
  readonly queue: N;
  readonly concurrency: number;
  /** Returning completes the job, throwing fails it. */
  readonly handler: (job: Lease<N>, signal: AbortSignal) => Promise<void>;
  /** Further types of tasks that this worker takes; what a handler returns is the task's result. */
  readonly others?: Readonly<Record<string, TaskHandler>>;
  /** Asked before each claim; false leaves free slots empty. */
  readonly accepts?: () => boolean;
}

export interface Queue {
  /** Adds a job inside the caller's transaction. */
  enqueue(q: Queries, job: NewJob): Promise<{ jobId: string }>;
  /**
   * Adds tasks with their edges inside the caller's transaction; ids in the order given. One whose key lives already
   * is not added: its place has the living one's id. Throws USAGE for a circle or an unknown prerequisite.
   */
  add(q: Queries, tasks: readonly NewTask[]): Promise<{ ids: string[]; added: number }>;
  /** Lets a task that has not begun wait for another. Throws USAGE for a circle, RUN_CONFLICT when it has begun. */
  connect(
    q: Queries,
    taskId: string,
    need: { on: string; onFailure: 'block' | 'skip' | 'run' },
  ): Promise<void>;
  /** Takes this very job if it is waiting, whatever its delay; null when it is taken, blocked, ended or unknown. */
  take(jobId: string, owner: string): Promise<Lease | null>;
  /** Takes the next job that is due; null when there is none. */
  takeNext<N extends QueueName>(queue: N, owner: string): Promise<Lease<N> | null>;
  /** Takes the best ready tasks of these types, at most `count`. */
  claim(types: readonly string[], holder: Holder, count: number): Promise<TaskLease[]>;
  /** Works until `signal` is aborted; resolves when the running handlers have ended. */
  work<N extends QueueName>(options: WorkOptions<N>, signal: AbortSignal): Promise<void>;
  /** Works on tasks by their handlers alone, in `slots` that are filled as they become free. */
  workOn(options: TaskWork, signal: AbortSignal): Promise<void>;
  /** Makes tasks whose lease has run out ready again (or dead letters) and ends overdue cancellations; how many. */
  reclaim(): Promise<number>;
  /** Forgets tasks that ended more than 14 days ago and that nothing waits for; how many. */
  purge(): Promise<number>;
  /**
   * Cancels a task that has not ended. One that runs is told and has `graceMs` to stop by itself (0 when absent: it is
   * over at once, and its holder learns it at the next renewal). False when there was nothing to do.
   */
  cancel(jobId: string, graceMs?: number): Promise<boolean>;
  /** State of a job by id, for doctor and `run show`; null when unknown. */
  find(jobId: string): Promise<JobState | null>;
  /** Stops workers of this object and lets go of its resources. */
  close(): Promise<void>;
}

export interface TaskWork extends Holder {
  readonly handlers: Readonly<Record<string, TaskHandler>>;
  readonly slots: number;
  readonly accepts?: (() => boolean) | undefined;
}

export interface JobState {
  readonly jobId: string;
  readonly queue: string;
  readonly state: 'waiting' | 'running' | 'completed' | 'cancelled' | 'failed';
  readonly owner: string | null;
  /** When the lease runs out, ISO; null unless running. */
  readonly leaseUntil: string | null;
}
