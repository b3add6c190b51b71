// Verbs about language models.
import type { Verbs } from './verb.ts';

export const MODEL_VERBS = {
  'model.list': {
    effect: 'read',
    summary: 'List the providers, and which model does what',
    load: async () => (await import('../models.ts')).listModels,
  },
  'model.test': {
    effect: 'spend',
    summary: 'Ask models for an answer and for a tool call, and tell what they can do',
    load: async () => (await import('../models.ts')).testModels,
  },
  'model.prices': {
    effect: 'read',
    summary: 'Show what a million tokens of each model cost, and where that is known from',
    load: async () => (await import('../models.ts')).showPrices,
  },
} as const satisfies Verbs;
