// The operations `ticket.list` and `ticket.show`: tickets with a status derived from their newest run.
import { z } from 'zod';
import { ticketView } from '#workflows/run-views.ts';
import { defineOperation } from './operation.ts';

export const listTickets = defineOperation({
  input: z.strictObject({ limit: z.int().min(1).max(200).default(50) }),
  output: z.strictObject({ tickets: z.array(ticketView) }),
  handle: async (context, { limit }) => ({ tickets: await (await context.engine()).tickets({ limit }) }),
});

export const showTicket = defineOperation({
  input: z.strictObject({ ticket: z.string().min(1) }),
  output: ticketView,
  handle: async (context, { ticket }) => (await context.engine()).ticket(ticket),
});
