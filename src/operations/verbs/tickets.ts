// Verbs about tickets.
import type { Verbs } from './verb.ts';

export const TICKET_VERBS = {
  'ticket.create': {
    effect: 'write',
    summary: 'Open a ticket in a workflow',
    load: async () => (await import('../tickets.ts')).createTicket,
  },
  'ticket.list': {
    effect: 'read',
    summary: 'List tickets with their derived status',
    load: async () => (await import('../tickets.ts')).listTickets,
  },
  'ticket.show': {
    effect: 'read',
    summary: 'Show a ticket: where it stands, how it came there, what it waits for, its runs',
    load: async () => (await import('../tickets.ts')).showTicket,
  },
  'ticket.move': {
    effect: 'write',
    summary: 'Ask for a move of tickets to another phase',
    load: async () => (await import('../ticket-changes.ts')).moveTickets,
  },
  'ticket.edit': {
    effect: 'write',
    summary: 'Change what tickets say of themselves',
    load: async () => (await import('../ticket-changes.ts')).editTickets,
  },
  'ticket.block': {
    effect: 'write',
    summary: 'Hold tickets where they stand, with a reason',
    load: async () => (await import('../ticket-changes.ts')).blockTickets,
  },
  'ticket.unblock': {
    effect: 'write',
    summary: 'Let held tickets go on',
    load: async () => (await import('../ticket-changes.ts')).unblockTickets,
  },
  'ticket.cancel': {
    effect: 'write',
    summary: 'End tickets without doing them',
    load: async () => (await import('../ticket-changes.ts')).cancelTickets,
  },
  'ticket.decide': {
    effect: 'write',
    summary: 'Approve or reject tickets that wait for a person',
    load: async () => (await import('../ticket-changes.ts')).decideTicket,
  },
  'ticket.depend': {
    effect: 'write',
    summary: 'Let a ticket wait for another one',
    load: async () => (await import('../ticket-changes.ts')).dependTicket,
  },
  'ticket.context': {
    effect: 'read',
    summary: 'Show what a ticket knows, packed for a step',
    load: async () => (await import('../ticket-context.ts')).showContext,
  },
  'ticket.context.add': {
    effect: 'write',
    summary: 'Add to what a ticket knows',
    load: async () => (await import('../ticket-context.ts')).addContext,
  },
  'ticket.context.withdraw': {
    effect: 'write',
    summary: 'Say that something a ticket knows no longer holds',
    load: async () => (await import('../ticket-context.ts')).withdrawContext,
  },
} as const satisfies Verbs;
