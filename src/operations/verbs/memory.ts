// Verbs about what was learned.
import type { Verbs } from './verb.ts';

export const MEMORY_VERBS = {
  'memory.patterns': {
    effect: 'read',
    summary: 'List the learned patterns, best proven first, with what became of them',
    load: async () => (await import('../patterns.ts')).listPatterns,
  },
  'memory.pattern': {
    effect: 'read',
    summary: 'Show a learned pattern with its evidence: runs, tickets, commits, certificates',
    load: async () => (await import('../patterns.ts')).showPattern,
  },
  'memory.retire': {
    effect: 'write',
    summary: 'Take a learned pattern out of use; its evidence stays',
    load: async () => (await import('../patterns.ts')).retirePattern,
  },
} as const satisfies Verbs;
