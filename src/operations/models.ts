// The operations `model.list`, `model.test` and `model.prices`: which models there are, and whether they answer.
import { z } from 'zod';
import {
  type ModelRef,
  modelFailureCause,
  modelRef,
  price,
  type TurnRequest,
  turnRequest,
  usage,
} from '#contracts/model.ts';
import { PROVIDER_KINDS } from '#contracts/model-settings.ts';
import { AppError } from '#foundation/errors.ts';
import type { Models } from '#models/port.ts';
import { recordTraffic, replayTraffic } from '#models/recording.ts';
import type { ModelDesk, OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';

const TEST_OUTPUT_TOKENS = 1_024;
const LISTED_PRICES = 500;

const breaker = z.enum(['closed', 'open', 'half-open']);

export const listModels = defineOperation({
  input: z.strictObject({}),
  output: z.strictObject({
    /** The settings file, whether it is there or not. */
    file: z.string(),
    providers: z.array(
      z.strictObject({
        name: z.string(),
        kind: z.enum(PROVIDER_KINDS),
        url: z.string().nullable(),
        key: z.enum(['set', 'missing', 'not-needed']),
      }),
    ),
    models: z.array(
      z.strictObject({
        model: modelRef,
        tier: z.enum(['strong', 'fast']),
        price: price.nullable(),
        contextTokens: z.int().nullable(),
        breaker,
      }),
    ),
    roles: z.record(z.string(), z.enum(['strong', 'fast'])),
  }),
  handle: async (context) => {
    const { models, settings, providers, file } = await context.models();
    const states = new Map(models.breakers().map((one) => [one.model, one.state]));
    const described = (['strong', 'fast'] as const).flatMap((tier) =>
      settings.tiers[tier].map((model) => ({
        model,
        tier,
        price: models.price(model),
        contextTokens: models.capabilities(model).contextTokens,
        breaker: states.get(model) ?? ('closed' as const),
      })),
    );
    return {
      file,
      providers: [...providers].map(([name, { kind, url, key, keyNeeded }]) => ({
        name,
        kind,
        url,
        key: key !== null ? ('set' as const) : keyNeeded ? ('missing' as const) : ('not-needed' as const),
      })),
      models: described,
      roles: settings.roles,
    };
  },
});

const probe = z.strictObject({
  /** What came of it. */
  outcome: z.enum(['works', 'fails', 'not-asked']),
  /** In words: the answer, or why there was none. */
  said: z.string(),
  cause: modelFailureCause.nullable(),
  next: z.string().nullable(),
});
type Probe = z.infer<typeof probe>;

const tested = z.strictObject({
  model: modelRef,
  text: probe,
  tools: probe,
  /** From asking to the first piece of text and to the end, milliseconds; null without an answer, and in a replay. */
  firstTextMs: z.number().nullable(),
  totalMs: z.number().nullable(),
  usage: usage.nullable(),
  costUsd: z.number().nullable(),
});

export const testModels = defineOperation({
  input: z.strictObject({
    /** Those of the tiers when empty. */
    models: z.array(z.string()).default([]),
    record: z.string().min(1).nullable().default(null),
    replay: z.string().min(1).nullable().default(null),
  }),
  output: z.strictObject({ tested: z.array(tested) }),
  handle: async (context, input, edges) => {
    const desk = await context.models();
    const asked = input.models.map(readRef);
    const { strong, fast } = desk.settings.tiers;
    const refs = asked.length > 0 ? asked : [...new Set([...strong, ...fast])];
    if (refs.length === 0) {
      throw new AppError('USAGE', {
        message: `no model is configured in ${desk.file}`,
        next: 'name one: cambium model test ollama/qwen3-coder; or put it under tiers in that file',
      });
    }
    using traffic = trafficOf(desk, input);
    const rows: z.infer<typeof tested>[] = [];
    for (const model of refs)
      rows.push(await testModel(context, traffic.models, { model, signal: edges.signal }));
    return { tested: rows };
  },
});

function readRef(text: string): ModelRef {
  const read = modelRef.safeParse(text);
  if (read.success) return read.data;
  throw new AppError('USAGE', {
    message: `${text} names no model`,
    next: 'write provider/name, such as anthropic/claude-sonnet-4-5; cambium model list shows the providers',
  });
}

/** The models of the desk, recorded or replaced by a recording where that is asked for. */
function trafficOf(
  desk: ModelDesk,
  { record, replay }: { readonly record: string | null; readonly replay: string | null },
): Disposable & { readonly models: Models } {
  if (record !== null && replay !== null) {
    throw new AppError('USAGE', {
      message: '--record and --replay exclude each other',
      next: 'leave one of them out',
    });
  }
  if (record !== null) return recordTraffic(desk.models, record, desk.redact);
  const models = replay === null ? desk.models : replayTraffic(desk.models, replay, desk.redact).models;
  return { models, [Symbol.dispose]: () => undefined };
}

const TEXT_PROBE: TurnRequest = turnRequest.parse({
  messages: [{ role: 'user', text: 'Answer with the one word: ready' }],
  maxOutputTokens: TEST_OUTPUT_TOKENS,
});
const TOOL_PROBE: TurnRequest = turnRequest.parse({
  messages: [
    { role: 'user', text: 'Use the tool `read_file` to read the file `notes.txt`. Do nothing else.' },
  ],
  tools: [
    {
      name: 'read_file',
      description: 'Reads a file.',
      schema: {
        type: 'object',
        properties: { path: { type: 'string' } },
        required: ['path'],
        additionalProperties: false,
      },
    },
  ],
  maxOutputTokens: TEST_OUTPUT_TOKENS,
});

async function testModel(
  { clock }: OperationContext,
  models: Models,
  { model, signal }: { readonly model: ModelRef; readonly signal: AbortSignal },
): Promise<z.infer<typeof tested>> {
  const beganMs = clock.monotonicMs();
  let firstTextMs: number | null = null;
  const onNews = ({ type }: { readonly type: string }): void => {
    if (type === 'text') firstTextMs ??= Math.round(clock.monotonicMs() - beganMs);
  };
  const call = { role: 'test', models: [model], retries: 0 };
  const text = await models.turn({ ...call, request: TEXT_PROBE }, { onNews }, signal);
  if (!text.ok) {
    const { cause, reason, next } = text.error;
    const failed: Probe = { outcome: 'fails', said: reason, cause, next };
    const none: Probe = { outcome: 'not-asked', said: 'it does not answer at all', cause: null, next: null };
    return { model, text: failed, tools: none, firstTextMs: null, totalMs: null, usage: null, costUsd: null };
  }
  const totalMs = Math.round(clock.monotonicMs() - beganMs);
  const said = text.value.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ');
  const tools = await models.turn({ ...call, request: TOOL_PROBE }, {}, signal);
  return {
    model,
    text: said.trim() === '' ? fails('it answered without a word') : works(said.trim().slice(0, 80)),
    tools: tools.ok
      ? toolProbe(tools.value.parts)
      : { ...fails(tools.error.reason), cause: tools.error.cause, next: tools.error.next },
    firstTextMs,
    totalMs,
    usage: text.value.usage,
    costUsd: tools.ok ? sumOf(text.value.costUsd, tools.value.costUsd) : text.value.costUsd,
  };
}

function works(said: string): Probe {
  return { outcome: 'works', said, cause: null, next: null };
}

function fails(said: string): Probe {
  return { outcome: 'fails', said, cause: null, next: null };
}

const toolInput = z.object({ path: z.string() });

function toolProbe(parts: readonly { readonly type: string }[]): Probe {
  const call = parts.find(
    (part): part is { type: 'tool-call'; tool: string; input: string } => part.type === 'tool-call',
  );
  if (call === undefined) return fails('it answered in words and did not call the tool');
  const written = toolInput.safeParse(parsed(call.input));
  if (call.tool !== 'read_file') return fails(`it called ${call.tool}, which it was not given`);
  return written.success
    ? works(`read_file(${written.data.path})`)
    : fails(`its arguments do not fit: ${call.input.slice(0, 60)}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sumOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

export const showPrices = defineOperation({
  input: z.strictObject({ filter: z.string().nullable().default(null) }),
  output: z.strictObject({
    date: z.string(),
    source: z.string(),
    prices: z.array(z.strictObject({ model: z.string(), price, origin: z.enum(['models.yaml', 'table']) })),
  }),
  handle: async (context, { filter }) => {
    const { prices } = await context.models();
    const rows = prices.known().flatMap((model) => {
      const found = prices.of(model);
      const origin = prices.origin(model);
      if (found === null || origin === 'unknown') return [];
      if (filter !== null && !model.includes(filter)) return [];
      const { input, output, cacheRead, cacheWrite, reasoning } = found;
      return [{ model, price: { input, output, cacheRead, cacheWrite, reasoning }, origin }];
    });
    return { date: prices.date, source: prices.source, prices: rows.slice(0, LISTED_PRICES) };
  },
});
