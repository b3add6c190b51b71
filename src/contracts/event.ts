// Events: immutable facts in the journal, named `entity.verb` (spec §7.3), one payload schema each.
import { z } from 'zod';
import { BUDGET_EVENTS } from './budget.ts';
import { COLLABORATION_EVENTS } from './collaboration-events.ts';
import { isolationRung } from './command.ts';
import { candidate, suspect } from './edit.ts';
import { moveKind, moveRule } from './move.ts';
import { runState, stopLimits } from './run.ts';
import { contextKind } from './workflow.ts';

const counts = z.strictObject({ passed: z.int(), failed: z.int(), skipped: z.int() });

/** Payload schemas by event type. `change` is spec §7.3's word for a ticket; `task` for a job in the queue. */
export const EVENT_PAYLOADS = {
  'project.registered': z.strictObject({
    path: z.string(),
    primary: z.string().nullable(),
    runner: z.string().nullable(),
  }),
  'change.created': z.strictObject({ key: z.string(), title: z.string() }),
  'change.moved': z.strictObject({
    from: z.string(),
    to: z.string(),
    kind: moveKind,
    by: z.string(),
    reason: z.string(),
    /** Rules that were gone around. */
    overridden: z.array(moveRule),
  }),
  'change.blocked': z.strictObject({ reason: z.string(), by: z.string() }),
  'change.unblocked': z.strictObject({ reason: z.string(), by: z.string() }),
  'change.cancelled': z.strictObject({ reason: z.string(), by: z.string() }),
  'change.edited': z.strictObject({ fields: z.array(z.string()), by: z.string() }),
  'change.depends': z.strictObject({ on: z.string(), holds: z.boolean(), by: z.string() }),
  'change.judged': z.strictObject({
    decision: z.enum(['approved', 'rejected']),
    by: z.string(),
    note: z.string(),
  }),
  'pivot.applied': z.strictObject({ to: z.string(), superseded: z.array(z.string()) }),
  'decision.recorded': z.strictObject({ item: z.string(), subject: z.string(), text: z.string() }),
  'context.recorded': z.strictObject({ item: z.string(), kind: contextKind, subject: z.string() }),
  'context.withdrawn': z.strictObject({ item: z.string(), reason: z.string(), by: z.string() }),
  'run.created': z.strictObject({
    key: z.string(),
    base: z.string(),
    limits: stopLimits,
    isolation: z.string(),
  }),
  'run.moved': z.strictObject({ from: runState, to: runState, attempt: z.int(), reason: z.string() }),
  'run.warned': z.strictObject({ attempt: z.int(), limit: z.int() }),
  'run.paused': z.strictObject({ reason: z.string(), next: z.string() }),
  'run.resumed': z.strictObject({ state: runState }),
  'task.ready': z.strictObject({ queue: z.string() }),
  'task.claimed': z.strictObject({ owner: z.string(), epoch: z.int() }),
  'task.completed': z.strictObject({ outcome: runState }),
  'workspace.prepared': z.strictObject({
    commit: z.string(),
    isolation: isolationRung,
    dependencies: z.array(z.string()),
  }),
  'tests.ran': z.strictObject({
    phase: z.string(),
    counts,
    failing: z.array(z.string()),
    durationMs: z.number(),
  }),
  'faults.located': z.strictObject({ suspects: z.array(suspect) }),
  'candidate.proposed': z.strictObject({ attempt: z.int(), candidate, tried: z.int(), plausible: z.int() }),
  'finding.reported': z.strictObject({
    severity: z.enum(['critical', 'warning', 'info']),
    rule: z.string(),
    file: z.string(),
    line: z.int(),
    message: z.string(),
  }),
  'failure.recorded': z.strictObject({
    signature: z.string(),
    errorType: z.string(),
    hypothesis: z.string(),
  }),
  'pattern.learned': z.strictObject({
    pattern: z.string(),
    before: z.string(),
    after: z.string(),
    template: z.string(),
  }),
  'pattern.retired': z.strictObject({ pattern: z.string(), why: z.string() }),
  'gate.evaluated': z.strictObject({
    /** `waiting`: for tasks or people; that is no pass. */
    verdict: z.enum(['passed', 'refused', 'waiting']),
    reasons: z.array(z.string()),
    certificate: z.string().nullable(),
    /** Absent for the certificate of a run, which belongs to no phase. */
    phase: z.string().optional(),
    commit: z.string().optional(),
    iteration: z.int().optional(),
  }),
  'approval.requested': z.strictObject({
    commit: z.string(),
    certificate: z.string().nullable(),
    approval: z.string().optional(),
    phase: z.string().optional(),
    expiresAt: z.string().optional(),
  }),
  'approval.decided': z.strictObject({
    decision: z.enum(['approved', 'rejected']),
    by: z.string(),
    note: z.string(),
    approval: z.string().optional(),
  }),
  /** Nobody decided in time: the answer is no. */
  'approval.expired': z.strictObject({ approval: z.string(), phase: z.string(), commit: z.string() }),
  ...COLLABORATION_EVENTS,
  ...BUDGET_EVENTS,
} as const;

export type EventType = keyof typeof EVENT_PAYLOADS;
export type EventPayload<T extends EventType> = z.infer<(typeof EVENT_PAYLOADS)[T]>;

/** What an event is about; any of them may be absent. */
export interface EventSubject {
  readonly projectId?: string;
  readonly ticketId?: string;
  readonly runId?: string;
}

export interface NewEvent<T extends EventType = EventType> {
  readonly type: T;
  readonly subject: EventSubject;
  readonly payload: EventPayload<T>;
}

/** An event as it stands in the journal. `seq` grows by commit order of its writer and is the resume cursor. */
export interface JournalEvent<T extends EventType = EventType> extends NewEvent<T> {
  readonly seq: number;
  readonly at: string;
  /** Version of the payload schema. */
  readonly schema: number;
}
