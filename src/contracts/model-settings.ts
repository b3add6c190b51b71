// The shape of models.yaml: which providers there are, which model does what, and what follows when one does not answer.
import { z } from 'zod';
import { capabilities, modelFailureCause, modelRef, price } from './model.ts';

export const PROVIDER_KINDS = ['openai', 'anthropic', 'google', 'openai-compatible'] as const;

const providerSettings = z.strictObject({
  kind: z.enum(PROVIDER_KINDS).describe('Wire protocol that it speaks'),
  url: z
    .url()
    .nullable()
    .default(null)
    .describe('Base of its addresses, ending in /v1 for most; null is the provider itself'),
  key: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('The key, or a reference in braces to a variable of the environment'),
});
export type ProviderSettings = z.infer<typeof providerSettings>;

const step = z.enum(['next', 'stop']);

export const modelSettings = z.strictObject({
  providers: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), providerSettings).default({}),
  /** Models in the order in which they are asked. */
  tiers: z
    .strictObject({
      strong: z.array(modelRef).default([]),
      fast: z.array(modelRef).default([]),
    })
    .prefault({}),
  /** Tier of each role; others take `strong`. */
  roles: z.record(z.string(), z.enum(['strong', 'fast'])).default({}),
  parameters: z
    .strictObject({
      temperature: z.number().min(0).max(2).default(0.2),
      maxOutputTokens: z.int().positive().max(1_000_000).default(4096),
    })
    .prefault({}),
  /** What follows a failure of each cause when its retries are used up: the next model of the tier, or the end. */
  fallback: z
    .partialRecord(modelFailureCause, step)
    .default({})
    .transform((given) => ({ ...DEFAULT_FALLBACK, ...given })),
  prices: z.partialRecord(modelRef, price).default({}),
  allowUnpriced: z
    .boolean()
    .default(false)
    .describe('Call models without a known price although a budget limits money'),
  capabilities: z.partialRecord(modelRef, capabilities.partial()).default({}),
  limits: z
    .strictObject({
      firstByteMs: z
        .int()
        .positive()
        .default(60_000)
        .describe('Longest wait for the first piece of an answer'),
      silenceMs: z.int().positive().default(60_000).describe('Longest wait between two pieces'),
      retries: z.int().min(0).max(10).default(3).describe('Tries after the first, for each model'),
    })
    .prefault({}),
});
export type ModelSettings = z.output<typeof modelSettings>;

/** A refusal or a request that is wrong would be the same elsewhere; a wrong key must be seen and not worked around. */
const DEFAULT_FALLBACK: Record<z.infer<typeof modelFailureCause>, z.infer<typeof step>> = {
  'rate-limit': 'next',
  overload: 'next',
  context: 'next',
  refusal: 'stop',
  auth: 'stop',
  'unknown-model': 'stop',
  unreachable: 'next',
  'timed-out': 'next',
  'cut-stream': 'next',
  'bad-request': 'stop',
  'bad-answer': 'next',
};
