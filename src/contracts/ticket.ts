// A ticket: wanted work on a project, and where it stands. Its status and its board column are derived, never stored.
import { z } from 'zod';

/** Derived from phase, newest run and the marks that lie over them, in one place (`run-status.ts` of workflows). */
export const ticketStatus = z.enum([
  'open',
  'active',
  'waiting-human',
  'blocked',
  'done',
  'failed',
  'cancelled',
  'rejected',
]);
export type TicketStatus = z.infer<typeof ticketStatus>;

export const priority = z.enum(['low', 'medium', 'high', 'critical']);
export type Priority = z.infer<typeof priority>;
export const ticketKind = z.enum(['bug', 'feature', 'change', 'chore', 'spike', 'security']);
export type TicketKind = z.infer<typeof ticketKind>;
/** How much harm a mistake would do; decides where people are asked (M18). */
export const risk = z.enum(['low', 'medium', 'high']);
export type Risk = z.infer<typeof risk>;

/** What a person may set on a ticket, at the beginning and later. */
export const ticketFields = z.strictObject({
  title: z.string().trim().min(1).max(200),
  description: z.string().max(20_000),
  priority,
  kind: ticketKind,
  risk,
  labels: z
    .array(
      z
        .string()
        .regex(/^[\p{L}\p{N}][\p{L}\p{N}._:/-]{0,49}$/u, 'a label is a word of at most 50 characters'),
    )
    .max(20),
  /** ISO 8601. */
  deadline: z.iso.datetime({ offset: true }).nullable(),
  parentId: z.string().nullable(),
  /** Effort expected, minutes. */
  estimateMinutes: z.int().min(1).max(1_000_000).nullable(),
});
export type TicketFields = z.infer<typeof ticketFields>;

/** Lies over the phase: the ticket stays where it is and goes nowhere until it is taken off (O6). */
export const blockedMark = z.strictObject({ reason: z.string(), by: z.string(), since: z.string() });
export const cancelledMark = z.strictObject({ reason: z.string(), by: z.string(), at: z.string() });

/** Whether the ticket may be worked on at all (O65). Pending beyond its deadline means no. */
export const ticketApproval = z.strictObject({
  state: z.enum(['pending', 'approved', 'rejected']),
  deadline: z.string(),
  /** Who decided; null while pending. */
  by: z.string().nullable(),
  note: z.string(),
  /** When it was decided; null while pending. */
  at: z.string().nullable(),
});
export type TicketApproval = z.infer<typeof ticketApproval>;

export const ticket = ticketFields.extend({
  id: z.string(),
  number: z.int().positive(),
  /** `TKT-38` */
  key: z.string(),
  projectId: z.string(),
  deadline: z.string().nullable(),
  /** Digest of the workflow version that it keeps to its end; null where it has none. */
  workflow: z.string().nullable(),
  phase: z.string().nullable(),
  phaseSince: z.string().nullable(),
  /** Order inside its board column, by the bytes of the text (`src/projects/rank.ts`). */
  rank: z.string(),
  blocked: blockedMark.nullable(),
  cancelled: cancelledMark.nullable(),
  /** Null where nobody has to approve. */
  approval: ticketApproval.nullable(),
  /** Grows with every write. */
  version: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type Ticket = z.infer<typeof ticket>;
