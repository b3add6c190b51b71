// Agents: registered executors of tasks, with what they can do, how they are, and how well they did.
import { z } from 'zod';

export const agentState = z.enum([
  'spawning',
  'idle',
  'running',
  'degraded',
  'failed',
  'quarantined',
  'terminated',
]);

/** By heartbeats that did not come: one is late, two degraded, three unresponsive. */
export const agentHealth = z.enum(['healthy', 'late', 'degraded', 'unresponsive']);

/** Whether it takes new tasks: a paused one waits, a draining one finishes what it has and stops. */
export const agentIntake = z.enum(['open', 'paused', 'draining']);
export type AgentIntake = z.infer<typeof agentIntake>;

const word = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,49}$/i, 'letters, digits, dots and dashes');

export const newAgent = z.strictObject({
  type: word,
  phase: word.default('any'),
  capabilities: z.array(word).max(50).default([]),
  /** Tasks at once. */
  capacity: z.int().min(1).max(1_000).default(1),
  tags: z.array(word).max(50).default([]),
  version: z.string().max(50),
  /** The process, as in the leases of its tasks. */
  owner: z.string().min(1).max(300),
  publicKey: z.string().min(1).max(500),
  metadata: z.record(z.string(), z.json()).default({}),
});
export type NewAgent = z.input<typeof newAgent>;

/** What an agent says of itself with each heartbeat. */
export const agentReport = z.strictObject({
  running: z.int().min(0),
  /** Mean time of a task since the last heartbeat, milliseconds; null without one. */
  latencyMs: z.number().min(0).nullable().default(null),
  /** Share of the tasks since the last heartbeat that failed. */
  errorShare: z.number().min(0).max(1).default(0),
  /** Share of its memory and processor in use, the larger of the two. */
  resources: z.number().min(0).max(1).default(0),
  /** Share of its slots that are taken. */
  load: z.number().min(0).max(1).default(0),
});
export type AgentReport = z.input<typeof agentReport>;

/** Why an agent looks odd: the parts of the score, each from 0 to 1, and their weighted sum (O18). */
export const anomaly = z.strictObject({
  score: z.number(),
  parts: z.strictObject({
    latency: z.number(),
    errors: z.number(),
    resources: z.number(),
    queue: z.number(),
  }),
  text: z.string(),
});
export type Anomaly = z.infer<typeof anomaly>;

export const agentView = z.strictObject({
  id: z.string(),
  /** `worker-any-003` */
  name: z.string(),
  type: z.string(),
  phase: z.string(),
  state: agentState,
  health: agentHealth,
  intake: agentIntake,
  reason: z.string().nullable(),
  capabilities: z.array(z.string()),
  capacity: z.int(),
  /** Tasks in its hands. */
  running: z.int(),
  tags: z.array(z.string()),
  version: z.string(),
  owner: z.string(),
  heartbeatAt: z.string(),
  leaseUntil: z.string(),
  anomaly: anomaly.nullable(),
  restarts: z.int(),
  outcomes: z.array(
    z.strictObject({
      capability: z.string(),
      succeeded: z.int(),
      failed: z.int(),
      costUsd: z.number(),
    }),
  ),
});
export type AgentView = z.infer<typeof agentView>;
