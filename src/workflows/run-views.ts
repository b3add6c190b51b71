// Runs and tickets as other rooms see them: schemas of what `show` and `list` give back.
import { z } from 'zod';
import { plan, reflection, reviewFinding, searchAccount } from '#agents/roles.ts';
import { certificate } from '#contracts/certificate.ts';
import { commandLimits, isolationRung } from '#contracts/command.ts';
import { runRequest, runState, runStatus, stopLimits } from '#contracts/run.ts';

/** What was asked of a run; fixed when it starts, but for the isolation, which a resume may change. */
export const runOptions = z.strictObject({
  isolation: z.union([z.literal('auto'), isolationRung]),
  testCommand: z.string().nullable(),
  directory: z.string().nullable(),
  limits: stopLimits,
  commandLimits: commandLimits.partial(),
  allowTestChanges: z.boolean(),
  /** Ask a person before the run counts as done. */
  review: z.boolean(),
  /** Send a change back to coding when a reviewer calls it critical (R9). */
  blockOnCritical: z.boolean(),
  seed: z.int(),
  /** What gates held against earlier work on the ticket (O10). */
  feedback: z.array(z.string()).default([]),
  search: z.strictObject({
    /** Candidates tried in all attempts together. */
    candidates: z.int().positive(),
    /** Wall time of one attempt's search, milliseconds. */
    wallMs: z.int().positive(),
    /** Wall time of all searches together, milliseconds. */
    budgetMs: z.int().positive().default(600_000),
  }),
});
export type RunOptions = z.infer<typeof runOptions>;

/** How a run ended. `reached-limit` names which of the stop limits it was (R3). */
export const runOutcome = z.strictObject({
  kind: z.enum([
    'fixed',
    'no-change',
    'nothing-found',
    'reached-limit',
    'cannot-start',
    'error',
    'cancelled',
  ]),
  /** One sentence. */
  reason: z.string(),
  /** The next command or action. */
  next: z.string(),
  limit: z.enum(['attempts', 'wall-time', 'no-progress']).nullable(),
  /** Code of the error table where the ending is an error. */
  code: z.string().nullable(),
});
export type RunOutcome = z.infer<typeof runOutcome>;

export const pausedInfo = z.strictObject({
  reason: z.string(),
  /** The one action that lets the run go on. */
  next: z.string(),
});
export type PausedInfo = z.infer<typeof pausedInfo>;

export const runView = z.strictObject({
  id: z.string(),
  /** `RUN-12` */
  key: z.string(),
  ticketId: z.string(),
  ticketKey: z.string(),
  title: z.string(),
  projectId: z.string(),
  projectName: z.string(),
  repository: z.string(),
  base: z.string(),
  state: runState,
  status: runStatus,
  attempt: z.int(),
  steps: z.int(),
  options: runOptions,
  /** Isolation that the run's foreign code really had; null before anything ran. */
  isolation: isolationRung.nullable(),
  owner: z.string().nullable(),
  /** Name of the workspace that its owner uses; null unless it is being executed. */
  workspace: z.string().nullable(),
  request: runRequest.nullable(),
  paused: pausedInfo.nullable(),
  outcome: runOutcome.nullable(),
  branch: z.string().nullable(),
  commit: z.string().nullable(),
  certificate: z.string().nullable(),
  runningMs: z.number(),
  createdAt: z.string(),
  updatedAt: z.string(),
  finishedAt: z.string().nullable(),
});
export type RunView = z.infer<typeof runView>;

export const stepView = z.strictObject({
  seq: z.int(),
  state: runState,
  attempt: z.int(),
  nextState: runState,
  reason: z.string(),
  tree: z.string().nullable(),
  startedAt: z.string(),
  finishedAt: z.string(),
  output: z.record(z.string(), z.unknown()),
});
export type StepView = z.infer<typeof stepView>;

export const runDetail = z.strictObject({
  run: runView,
  steps: z.array(stepView),
  plan: plan.nullable(),
  /** The account of the newest search: fault ranking, tried by template, near misses. */
  search: searchAccount.nullable(),
  reflections: z.array(reflection),
  findings: z.array(reviewFinding),
  /** Unified diff of the newest change; null before there is one. Bounded. */
  diff: z.string().nullable(),
  certificate: certificate.nullable(),
});
export type RunDetail = z.infer<typeof runDetail>;

export const stepLog = z.strictObject({
  seq: z.int(),
  state: runState,
  attempt: z.int(),
  /** Stored output of the step's commands: head and tail, no control characters. */
  text: z.string(),
});
export type StepLog = z.infer<typeof stepLog>;
