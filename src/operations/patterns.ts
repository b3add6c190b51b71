// The operations on what was learned: list the patterns, show one with its evidence, take one out of use.
import { z } from 'zod';
import { patternEvidenceView, patternView } from '#memory/pattern-reads.ts';
import { defineOperation } from './operation.ts';

const ref = z.string().min(1).describe('Such as PTN-3');

export const listPatterns = defineOperation({
  input: z.strictObject({ limit: z.int().min(1).max(500).default(100) }),
  output: z.strictObject({
    /** Whether runs learn and use what was learned; see the setting `learning.enabled`. */
    enabled: z.boolean(),
    patterns: z.array(patternView),
  }),
  handle: async (context, { limit }) => ({
    enabled: context.settings.learning.enabled,
    patterns: await (await context.patterns()).list({ limit }),
  }),
});

export const showPattern = defineOperation({
  input: z.strictObject({ pattern: ref }),
  output: z.strictObject({ pattern: patternView, evidence: z.array(patternEvidenceView) }),
  handle: async (context, { pattern }) => {
    const shown = await (await context.patterns()).show(pattern);
    return { pattern: shown.pattern, evidence: [...shown.evidence] };
  },
});

export const retirePattern = defineOperation({
  input: z.strictObject({ pattern: ref, why: z.string().max(300).default('') }),
  output: z.strictObject({ pattern: patternView }),
  handle: async (context, { pattern, why }) => ({
    pattern: await (await context.patterns()).retire(pattern, why),
  }),
});
