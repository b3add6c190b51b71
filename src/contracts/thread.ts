// Threads between agents, their messages, and handoffs of a task from one agent to another (O20, O21).
import { z } from 'zod';

const agent = z.string().min(1).max(200);

export const threadKind = z.enum(['handoff', 'review', 'consultation']);
export type ThreadKind = z.infer<typeof threadKind>;
export const threadState = z.enum(['active', 'resolved', 'abandoned']);
export type ThreadState = z.infer<typeof threadState>;

export const thread = z.strictObject({
  id: z.string(),
  /** `THR-4` */
  key: z.string(),
  kind: threadKind,
  state: threadState,
  subject: z.string(),
  projectId: z.string().nullable(),
  ticketId: z.string().nullable(),
  taskId: z.string().nullable(),
  openedBy: z.string(),
  openedAt: z.string(),
  /** Without another message by then it counts as abandoned. */
  idleUntil: z.string(),
  closedBy: z.string().nullable(),
  closedAt: z.string().nullable(),
  outcome: z.string().nullable(),
  participants: z.array(z.string()),
});
export type Thread = z.infer<typeof thread>;

export const message = z.strictObject({
  threadId: z.string(),
  seq: z.int(),
  sender: z.string(),
  /** Null for everybody in the thread. */
  receiver: z.string().nullable(),
  body: z.string(),
  sentAt: z.string(),
});
export type Message = z.infer<typeof message>;

/** What the next agent needs to know about a task that it takes over. */
export const handoffPackage = z.strictObject({
  summary: z.string().min(1).max(10_000),
  decisions: z.array(z.string().max(2_000)).max(100).default([]),
  questions: z.array(z.string().max(2_000)).max(100).default([]),
  files: z.array(z.string().max(1_000)).max(500).default([]),
});
export type HandoffPackage = z.infer<typeof handoffPackage>;

export const handoffState = z.enum(['offered', 'accepted', 'declined', 'withdrawn', 'timed-out']);
export type HandoffState = z.infer<typeof handoffState>;

export const newHandoff = z.strictObject({
  taskId: z.string().min(1),
  from: agent,
  /** Null: whoever accepts first. */
  to: agent.nullable(),
  reason: z.string().min(1).max(2_000),
  package: handoffPackage,
  /** Seconds until the offer lapses and the task stays where it is. */
  timeoutSeconds: z.int().min(1).max(604_800).default(3_600),
});
export type NewHandoff = z.input<typeof newHandoff>;

export const handoff = z.strictObject({
  id: z.string(),
  /** `HOF-2` */
  key: z.string(),
  threadId: z.string(),
  taskId: z.string(),
  projectId: z.string().nullable(),
  ticketId: z.string().nullable(),
  from: z.string(),
  to: z.string().nullable(),
  reason: z.string(),
  package: handoffPackage,
  state: handoffState,
  offeredAt: z.string(),
  expiresAt: z.string(),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable(),
  note: z.string().nullable(),
});
export type Handoff = z.infer<typeof handoff>;
