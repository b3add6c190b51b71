// Stuck work: tickets without progress, why, and what to do about it (O64).
import { z } from 'zod';

export const STUCK_CAUSES = [
  'blocked',
  'waiting-human',
  'waiting-dependency',
  'dead-worker',
  'repeated-failure',
  'doom-loop',
  'waiting-lock',
  'no-capable-agent',
  'no-worker',
  'back-off',
  'column-full',
  'scope-creep',
  'working',
  'idle',
] as const;
export const stuckCause = z.enum(STUCK_CAUSES);

export const diagnosis = z.strictObject({
  cause: stuckCause,
  /** The fact it follows from, in one sentence. */
  evidence: z.string(),
  /** A command or an action. */
  action: z.string(),
});
export type Diagnosis = z.infer<typeof diagnosis>;

export const stuckTicket = z.strictObject({
  id: z.string(),
  key: z.string(),
  title: z.string(),
  projectName: z.string(),
  phase: z.string().nullable(),
  /** The newest event of the ticket. */
  lastProgress: z.string(),
  /** Without progress for this long, milliseconds. */
  silentMs: z.number(),
  /** The likeliest first; never empty. */
  diagnoses: z.array(diagnosis).min(1),
});
export type StuckTicket = z.infer<typeof stuckTicket>;
