// Verbs about the board, and about how agents work together.
import type { Verbs } from './verb.ts';

export const BOARD_VERBS = {
  'board.show': {
    effect: 'read',
    summary: 'Show tickets in the columns of the board',
    load: async () => (await import('../board.ts')).showBoard,
  },
  'board.move': {
    effect: 'write',
    summary: 'Ask for a move of a ticket to a column, or to a place in its column',
    load: async () => (await import('../board.ts')).moveTicketOnBoard,
  },
  'board.stats': {
    effect: 'read',
    summary: 'Show cycle time, throughput, age and columns that hold too many',
    load: async () => (await import('../board.ts')).boardStatistics,
  },
  stuck: {
    effect: 'read',
    summary: 'List tickets without progress, with the cause and what to do',
    load: async () => (await import('../board.ts')).stuckTickets,
  },
  'thread.list': {
    effect: 'read',
    summary: 'List threads between agents',
    load: async () => (await import('../collaboration.ts')).listThreads,
  },
  'thread.show': {
    effect: 'read',
    summary: 'Show the messages of a thread',
    load: async () => (await import('../collaboration.ts')).showThread,
  },
  'thread.post': {
    effect: 'write',
    summary: 'Say something in a thread, or open one',
    load: async () => (await import('../collaboration.ts')).postMessage,
  },
  'handoff.list': {
    effect: 'read',
    summary: 'List handoffs of tasks between agents',
    load: async () => (await import('../collaboration.ts')).listHandoffs,
  },
  'handoff.offer': {
    effect: 'write',
    summary: 'Offer a task with what is known about it to another agent',
    load: async () => (await import('../collaboration.ts')).offerHandoff,
  },
  'handoff.accept': {
    effect: 'write',
    summary: 'Take over a task that is on offer, with its locks',
    load: async () => (await import('../collaboration.ts')).acceptHandoff,
  },
  'handoff.decline': {
    effect: 'write',
    summary: 'Decline a handoff, or withdraw it',
    load: async () => (await import('../collaboration.ts')).declineHandoff,
  },
  'discovery.list': {
    effect: 'read',
    summary: 'List what agents found while they worked on something else',
    load: async () => (await import('../collaboration.ts')).listDiscoveries,
  },
  'discovery.record': {
    effect: 'write',
    summary: 'Record what was found and make a task of it',
    load: async () => (await import('../collaboration.ts')).recordDiscovery,
  },
  'discovery.resolve': {
    effect: 'write',
    summary: 'Approve a discovery that waits, or end one',
    load: async () => (await import('../collaboration.ts')).resolveDiscovery,
  },
} as const satisfies Verbs;
