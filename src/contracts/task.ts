// Tasks: what is queued, in which graph, under which rules; and how one is shown.
import { z } from 'zod';

/** `blocked` waits for prerequisites, `pending` may be taken; the last four are ends, `failed` is the dead letter. */
export const TASK_STATES = [
  'blocked',
  'pending',
  'running',
  'completed',
  'failed',
  'cancelled',
  'skipped',
] as const;
export const taskState = z.enum(TASK_STATES);
export type TaskState = z.infer<typeof taskState>;

export const taskPriority = z.enum(['critical', 'high', 'normal', 'low']);

/** What becomes of a task whose prerequisite did not complete: it waits for a person, is skipped, or runs anyway. */
export const edgePolicy = z.enum(['block', 'skip', 'run']);
export type EdgePolicy = z.infer<typeof edgePolicy>;

/** Tries after the first, and the pause before each: `baseMs` times two to the number of the retry, at most `maxMs`. */
export const retryPolicy = z.strictObject({
  limit: z.int().min(0).max(100).default(3),
  baseMs: z.int().min(0).default(1_000),
  maxMs: z.int().min(0).max(3_600_000).default(60_000),
});
export type RetryPolicy = z.infer<typeof retryPolicy>;

const name = z.string().min(1).max(200);

/** A task to be added. What is absent has the default that stands here. */
export const newTask = z.strictObject({
  type: name,
  /** Name by which others that are added with it may need it; means nothing afterwards. */
  name: name.optional(),
  projectId: name.optional(),
  ticketId: name.optional(),
  runId: name.optional(),
  /** Idempotency: of tasks of a type with this key only one lives at a time; adding another returns that one. */
  key: name.optional(),
  payload: z.record(z.string(), z.json()).default({}),
  priority: taskPriority.default('normal'),
  deadline: z.iso.datetime().optional(),
  /** Capabilities that whoever takes it must have. */
  capabilities: z.array(name).max(50).default([]),
  /** Prerequisites: an id, or the `name` of another that is added with it. */
  needs: z
    .array(z.strictObject({ on: name, onFailure: edgePolicy.default('block') }))
    .max(1_000)
    .default([]),
  /** Paths that no other running task of the project may own. */
  files: z.array(z.string().min(1).max(1_000)).max(1_000).default([]),
  retry: retryPolicy.prefault({}),
  /** Part of the ticket's budget that it may use. */
  budgetShare: z.number().positive().max(1).optional(),
  /** Longest that one try may run, milliseconds. */
  timeoutMs: z
    .int()
    .positive()
    .max(7 * 24 * 3_600_000)
    .default(24 * 3_600_000),
  /** Not before this many milliseconds from now. */
  delayMs: z.int().min(0).default(0),
});
export type NewTask = z.input<typeof newTask>;

export const taskView = z.strictObject({
  id: z.string(),
  /** `TSK-12` */
  key: z.string(),
  type: z.string(),
  state: taskState,
  reason: z.string().nullable(),
  priority: taskPriority,
  projectId: z.string().nullable(),
  ticketId: z.string().nullable(),
  runId: z.string().nullable(),
  tries: z.int(),
  retryLimit: z.int(),
  /** Prerequisites that it still waits for. */
  waitingFor: z.int(),
  owner: z.string().nullable(),
  leaseUntil: z.string().nullable(),
  cancelBy: z.string().nullable(),
  deadline: z.string().nullable(),
  notBefore: z.string(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
});
export type TaskView = z.infer<typeof taskView>;

/** A task with everything that is known of it. */
export const taskDetail = taskView.extend({
  payload: z.record(z.string(), z.json()),
  capabilities: z.array(z.string()),
  files: z.array(z.string()),
  budgetShare: z.number().nullable(),
  timeoutMs: z.int(),
  /** Its place among those that may be taken now, by the rules of scoring; null when it may not. */
  score: z.number().nullable(),
  token: z.int(),
  result: z.json().nullable(),
  needs: z.array(
    z.strictObject({
      id: z.string(),
      key: z.string(),
      state: taskState,
      onFailure: edgePolicy,
      settled: z.boolean(),
    }),
  ),
  neededBy: z.array(z.strictObject({ id: z.string(), key: z.string(), state: taskState })),
  /** Tries that did not end well, oldest first. */
  failures: z.array(
    z.strictObject({
      token: z.int(),
      owner: z.string(),
      outcome: z.enum(['failed', 'expired', 'cancelled', 'reassigned']),
      error: z.string(),
      startedAt: z.string(),
      endedAt: z.string(),
    }),
  ),
});
export type TaskDetail = z.infer<typeof taskDetail>;

/** How ready tasks are ordered: parts of a score between 0 and 1, spec O23. */
export const scoreRules = z.strictObject({
  priority: z.number().min(0).max(1).default(0.45).describe('Weight of the priority'),
  age: z.number().min(0.01).max(1).default(0.2).describe('Weight of the time it has been ready'),
  deadline: z.number().min(0).max(1).default(0.15).describe('Weight of a deadline that is near'),
  dependants: z.number().min(0).max(1).default(0.15).describe('Weight of the tasks that wait for it'),
  retry: z.number().min(0).max(1).default(0.05).describe('Weight of the tries it has had'),
  fairness: z
    .number()
    .min(0)
    .max(0.1)
    .default(0.01)
    .describe('Taken off for each task of the same ticket that was ready before it'),
  ageFullMs: z.int().positive().default(3_600_000).describe('Age with the whole weight, milliseconds'),
  deadlineWindowMs: z
    .int()
    .positive()
    .default(900_000)
    .describe('How near a deadline must be to count, milliseconds'),
  deadlineFactor: z.number().min(1).max(2).default(1.25).describe('Factor for a deadline that is near'),
  floorAfterMs: z
    .int()
    .positive()
    .default(7_200_000)
    .describe('Age from which nothing is below the floor, milliseconds'),
  floor: z.number().min(0).max(1).default(0.6).describe('Least score of what has waited that long'),
});
export type ScoreRules = z.infer<typeof scoreRules>;
