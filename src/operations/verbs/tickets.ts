// Verbs about tickets.
import type { Verbs } from './verb.ts';

export const TICKET_VERBS = {
  'ticket.list': {
    effect: 'read',
    summary: 'List tickets with their derived status',
    load: async () => (await import('../tickets.ts')).listTickets,
  },
  'ticket.show': {
    effect: 'read',
    summary: 'Show a ticket and its runs',
    load: async () => (await import('../tickets.ts')).showTicket,
  },
} as const satisfies Verbs;
