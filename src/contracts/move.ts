// A move: a ticket goes from one phase to another. Who asks, what stands against it, and the record that stays (O3, O4).
import { z } from 'zod';

/** What somebody may do, by rank (O34): worker, watchdog, monitor, guardian, system. */
export const AUTHORITY = { worker: 1, watchdog: 2, monitor: 3, guardian: 4, system: 5 } as const;

/** Who asks. The authority is what the door found out about the caller, never what the caller says. */
export const actor = z.strictObject({
  kind: z.enum(['person', 'agent', 'system']),
  name: z.string().min(1).max(200),
  authority: z.int().min(AUTHORITY.worker).max(AUTHORITY.system),
});
export type Actor = z.infer<typeof actor>;

/**
 * advance: on, by the rules. regress: a step back that the workflow allows; no gate is asked. fast-track: on, around
 * gate and conditions. pivot: back to a named phase, whatever the table says; what was made since is superseded.
 * force: anywhere. The last three need authority and leave their record.
 */
export const moveKind = z.enum(['advance', 'regress', 'fast-track', 'pivot', 'force']);
export type MoveKind = z.infer<typeof moveKind>;

export const moveRule = z.enum([
  'standing',
  'cancelled',
  'authority',
  'reason',
  'blocked',
  'approval',
  'table',
  'direction',
  'exit',
  'entry',
  'gate',
  'wip',
]);
export type MoveRule = z.infer<typeof moveRule>;

/** One thing that stands against a move. */
export const objection = z.strictObject({
  rule: moveRule,
  /** One sentence for people. */
  reason: z.string(),
  /** The command or action that would take it away. */
  next: z.string(),
});
export type Objection = z.infer<typeof objection>;

/** One row of a ticket's phase history; written with the move, never changed. */
export const moveRecord = z.strictObject({
  /** From 1, without gaps, for each ticket. */
  seq: z.int().positive(),
  /** Null where the ticket was opened. */
  from: z.string().nullable(),
  to: z.string(),
  kind: z.union([z.literal('opened'), moveKind]),
  reason: z.string(),
  actor,
  /** What was gone around: empty for a move by the rules. */
  overridden: z.array(objection),
  /** Digests or paths that the move rests on. */
  artefacts: z.array(z.string()),
  at: z.string(),
});
export type MoveRecord = z.infer<typeof moveRecord>;
