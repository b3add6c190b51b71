// A ticket: wanted work on a project. Its status is derived from its newest run, never stored beside it.
import { z } from 'zod';

export const ticketStatus = z.enum(['open', 'building', 'waiting-human', 'done', 'failed', 'cancelled']);
export type TicketStatus = z.infer<typeof ticketStatus>;

export const ticket = z.strictObject({
  id: z.string(),
  number: z.int().positive(),
  /** `TKT-38` */
  key: z.string(),
  projectId: z.string(),
  title: z.string(),
  description: z.string(),
  createdAt: z.string(),
});
export type Ticket = z.infer<typeof ticket>;
