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
} as const satisfies Verbs;
