// Events of the board, of threads, handoffs and discoveries; part of the one table in `event.ts`.
import { z } from 'zod';
import { discoveryResolution, discoveryType } from './discovery.ts';
import { handoffState, threadKind, threadState } from './thread.ts';

export const COLLABORATION_EVENTS = {
  /** A new place inside a column; the column itself follows from the phase. */
  'change.ranked': z.strictObject({ column: z.string(), rank: z.string(), by: z.string() }),
  'thread.opened': z.strictObject({
    thread: z.string(),
    kind: threadKind,
    subject: z.string(),
    by: z.string(),
  }),
  'thread.closed': z.strictObject({
    thread: z.string(),
    state: threadState,
    by: z.string(),
    outcome: z.string(),
  }),
  'agent.message': z.strictObject({
    thread: z.string(),
    seq: z.int(),
    sender: z.string(),
    receiver: z.string().nullable(),
  }),
  'handoff.requested': z.strictObject({
    handoff: z.string(),
    task: z.string(),
    from: z.string(),
    to: z.string().nullable(),
    expiresAt: z.string(),
  }),
  'handoff.accepted': z.strictObject({
    handoff: z.string(),
    task: z.string(),
    from: z.string(),
    by: z.string(),
  }),
  /** Also of an offer that was withdrawn or lapsed: `state` says which. */
  'handoff.declined': z.strictObject({
    handoff: z.string(),
    task: z.string(),
    by: z.string(),
    state: handoffState,
    note: z.string(),
  }),
  'discovery.recorded': z.strictObject({
    discovery: z.string(),
    type: discoveryType,
    title: z.string(),
    sourceTask: z.string(),
    depth: z.int(),
    triage: z.string().nullable(),
  }),
  'discovery.branched': z.strictObject({
    discovery: z.string(),
    task: z.string(),
    sourceTask: z.string(),
    boosted: z.boolean(),
  }),
  'discovery.resolved': z.strictObject({
    discovery: z.string(),
    resolution: discoveryResolution,
    by: z.string(),
    note: z.string(),
  }),
} as const;
