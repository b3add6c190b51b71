// Locks: named, fenced claims on resources, as they are shown.
import { z } from 'zod';

export const lockMode = z.enum(['exclusive', 'shared']);
export type LockMode = z.infer<typeof lockMode>;

export const lockView = z.strictObject({
  resource: z.string(),
  mode: lockMode,
  holder: z.string(),
  taskId: z.string().nullable(),
  token: z.int(),
  acquiredAt: z.string(),
  until: z.string(),
  /** Whoever asks next gets it. */
  expired: z.boolean(),
  /** Holders that wait for it, longest first. */
  waiting: z.array(z.string()),
});
export type LockView = z.infer<typeof lockView>;
