// What is said to a language model and what comes back, in shapes of our own: no provider's words cross a room.
import { z } from 'zod';

/** `provider/model`, as people write it; the model's name may hold further slashes. */
export const modelRef = z
  .string()
  .regex(/^[a-z][a-z0-9-]*\/\S+$/, 'write a model as provider/name, such as anthropic/claude-sonnet-4-5');
export type ModelRef = z.infer<typeof modelRef>;

export const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });
/** A model's thoughts; `signature` is opaque and goes back to the provider unchanged. */
export const thoughtPart = z.strictObject({
  type: z.literal('thought'),
  text: z.string(),
  signature: z.record(z.string(), z.unknown()).nullable(),
});
export const toolCallPart = z.strictObject({
  type: z.literal('tool-call'),
  id: z.string(),
  tool: z.string(),
  /** The arguments as the model wrote them: JSON that may be wrong. */
  input: z.string(),
});

export const toolResultPart = z.strictObject({
  type: z.literal('tool-result'),
  id: z.string(),
  tool: z.string(),
  text: z.string(),
  failed: z.boolean(),
});

export const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), text: z.string() }),
  z.strictObject({ role: z.literal('user'), text: z.string() }),
  z.strictObject({
    role: z.literal('assistant'),
    parts: z.array(z.discriminatedUnion('type', [textPart, thoughtPart, toolCallPart])),
  }),
  z.strictObject({ role: z.literal('tool'), results: z.array(toolResultPart) }),
]);
export type Message = z.infer<typeof message>;

export const toolSpec = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  description: z.string(),
  /** JSON Schema of the arguments. */
  schema: z.record(z.string(), z.unknown()),
});

/** One exchange: what is sent. Everything that a replay compares is in here. */
export const turnRequest = z.strictObject({
  messages: z.array(message).min(1),
  tools: z.array(toolSpec).default([]),
  /** JSON Schema that the answer must have; null for text. */
  answerSchema: z.record(z.string(), z.unknown()).nullable().default(null),
  /** As configured when null. */
  maxOutputTokens: z.int().positive().nullable().default(null),
  /** As configured when null. */
  temperature: z.number().min(0).max(2).nullable().default(null),
});
export type TurnRequest = z.infer<typeof turnRequest>;

/** Tokens by the five prices there are; null where the provider did not say. `input` counts neither cache bucket. */
export const usage = z.strictObject({
  input: z.int().nonnegative().nullable(),
  cacheRead: z.int().nonnegative().nullable(),
  cacheWrite: z.int().nonnegative().nullable(),
  /** Without `reasoning`. */
  output: z.int().nonnegative().nullable(),
  reasoning: z.int().nonnegative().nullable(),
});
export type Usage = z.infer<typeof usage>;

export const turnEnd = z.enum(['answered', 'tool-calls', 'length', 'refused']);
export type TurnEnd = z.infer<typeof turnEnd>;

export const turnResult = z.strictObject({
  model: modelRef,
  parts: z.array(z.discriminatedUnion('type', [textPart, thoughtPart, toolCallPart])),
  end: turnEnd,
  usage,
  /** US dollars; null when the price is unknown, which is not nothing. */
  costUsd: z.number().nonnegative().nullable(),
});
export type TurnResult = z.infer<typeof turnResult>;

/** Why a model did not answer, in the kinds that a fallback or a retry is decided by. */
export const modelFailureCause = z.enum([
  'rate-limit',
  'overload',
  'context',
  'refusal',
  'auth',
  'unknown-model',
  'unreachable',
  'timed-out',
  'cut-stream',
  'bad-request',
  'bad-answer',
]);
export type ModelFailureCause = z.infer<typeof modelFailureCause>;

export const capabilities = z.strictObject({
  /** Tokens of input and output together; null when unknown. */
  contextTokens: z.int().positive().nullable(),
  tools: z.boolean(),
  answerSchema: z.boolean(),
  parallelTools: z.boolean(),
});
export type Capabilities = z.infer<typeof capabilities>;

/** US dollars for a million tokens of each bucket; null where it is not known. */
export const price = z.strictObject({
  input: z.number().nonnegative(),
  output: z.number().nonnegative(),
  cacheRead: z.number().nonnegative().nullable().default(null),
  cacheWrite: z.number().nonnegative().nullable().default(null),
  /** As output when absent, which is how providers bill it unless they say otherwise. */
  reasoning: z.number().nonnegative().nullable().default(null),
});
export type Price = z.infer<typeof price>;
