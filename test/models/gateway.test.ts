// The gateway against a real server on loopback: every wire protocol, every way of failing, and what follows from it.
import { describe, expect, test } from 'vitest';
import { type ModelFailureCause, turnRequest } from '#contracts/model.ts';
import { modelSettings } from '#contracts/model-settings.ts';
import { createManualClock, createSystemClock } from '#foundation/clock.ts';
import { createBreakers } from '#models/breaker.ts';
import { createModels } from '#models/gateway.ts';
import type { Meter, Metered, TurnNews } from '#models/port.ts';
import { createPrices } from '#models/prices.ts';
import { createFinder, providersOf } from '#models/providers.ts';
import { type ModelServer, type Protocol, type Scripted, startModelServer } from '../support/model-server.ts';

const PROTOCOLS: readonly Protocol[] = ['openai', 'anthropic', 'google', 'openai-compatible'];
const REQUEST = turnRequest.parse({
  messages: [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'What is in a.txt?' },
  ],
  tools: [
    {
      name: 'read',
      description: 'Reads a file.',
      schema: { type: 'object', properties: { path: { type: 'string' } } },
    },
  ],
});
const TABLE = { date: '2026-01-01', source: 'a test', models: {} };

interface Made {
  readonly protocol?: Protocol;
  readonly settings?: Record<string, unknown>;
  readonly meter?: Meter;
  readonly second?: ModelServer;
}

/** A gateway whose pauses take no time: they are asked of a clock that does not wait, and are written down. */
function gatewayOn(
  server: ModelServer,
  { protocol = 'openai-compatible', settings = {}, meter, second }: Made = {},
) {
  const provider = (url: string) => ({ kind: protocol, url, key: 'sk-test-0123456789abcdef' });
  const parsed = modelSettings.parse({
    providers: {
      one: provider(server.url(protocol)),
      ...(second === undefined ? {} : { two: provider(second.url(protocol)) }),
    },
    tiers: { strong: second === undefined ? ['one/m'] : ['one/m', 'two/m'] },
    prices: { 'one/m': { input: 2, output: 10, cacheRead: 0.5 }, 'two/m': { input: 1, output: 1 } },
    ...settings,
  });
  const system = createSystemClock();
  const pauses: number[] = [];
  const clock = {
    ...system,
    sleep: async (ms: number, signal?: AbortSignal): Promise<void> => {
      // The limits on pieces wait for real, the pauses between tries do not.
      if (ms === parsed.limits.firstByteMs || ms === parsed.limits.silenceMs) return system.sleep(ms, signal);
      pauses.push(ms);
    },
  };
  const models = createModels({
    settings: parsed,
    find: createFinder(providersOf(parsed, {})),
    prices: createPrices(TABLE, parsed.prices),
    breakers: createBreakers(clock),
    clock,
    chance: () => 0.5,
    ...(meter === undefined ? {} : { meter }),
  });
  const news: TurnNews[] = [];
  const ask = () => models.turn({ role: 'coder', request: REQUEST }, { onNews: (one) => news.push(one) });
  return { models, ask, news, pauses };
}

async function withServer<T>(
  script: readonly Scripted[],
  use: (server: ModelServer) => Promise<T>,
): Promise<T> {
  await using server = await startModelServer(script);
  // Awaited here: the server is closed when this function is left.
  return await use(server);
}

describe.each(PROTOCOLS)('the wire protocol %s', (protocol) => {
  test('an answer streams in and is whole, with its tokens in buckets and its price', async () => {
    await withServer([{ text: 'a fish', usage: { input: 100, cached: 40, output: 20 } }], async (server) => {
      const { ask, news } = gatewayOn(server, { protocol });
      const answer = await ask();
      expect(answer).toMatchObject({
        ok: true,
        value: {
          model: 'one/m',
          parts: [{ type: 'text', text: 'a fish' }],
          end: 'answered',
          usage: { input: 60, cacheRead: 40, output: 20 },
        },
      });
      // 60 fresh at 2, 40 cached at 0.5, 20 out at 10, for a million.
      expect(answer.ok && answer.value.costUsd).toBeCloseTo((60 * 2 + 40 * 0.5 + 20 * 10) / 1e6, 12);
      const texts = news.flatMap((one) => (one.type === 'text' ? [one.text] : []));
      expect(texts.length).toBeGreaterThan(1);
      expect(texts.join('')).toBe('a fish');
      expect(server.asked[0]?.key).toContain('sk-test-0123456789abcdef');
    });
  });

  test('a call of a tool comes back as it was written, and its result is sent with the next turn', async () => {
    const script = [{ text: 'I look.', call: { tool: 'read', input: '{"path":"a.txt"}' } }, { text: 'fish' }];
    await withServer(script, async (server) => {
      const { models, ask } = gatewayOn(server, { protocol });
      const first = await ask();
      if (!first.ok) throw new Error(first.error.reason);
      expect(first.value.end).toBe('tool-calls');
      const call = first.value.parts.find((part) => part.type === 'tool-call');
      expect(call).toMatchObject({ tool: 'read', input: '{"path":"a.txt"}' });
      const messages = [
        ...REQUEST.messages,
        { role: 'assistant' as const, parts: first.value.parts },
        {
          role: 'tool' as const,
          results: [
            {
              type: 'tool-result' as const,
              id: call?.id ?? '',
              tool: 'read',
              text: 'blue fish',
              failed: false,
            },
          ],
        },
      ];
      const second = await models.turn({ role: 'coder', request: { ...REQUEST, messages } }, {});
      expect(second).toMatchObject({
        ok: true,
        value: { parts: [{ type: 'text', text: 'fish' }], end: 'answered' },
      });
      expect(JSON.stringify(server.asked[1]?.body)).toContain('blue fish');
    });
  });

  test('an answer that breaks off is asked for again, and nothing of it is left', async () => {
    await withServer([{ text: 'half of it', cutAfter: 1 }, { text: 'whole' }], async (server) => {
      const { ask, news } = gatewayOn(server, { protocol });
      expect(await ask()).toMatchObject({ ok: true, value: { parts: [{ type: 'text', text: 'whole' }] } });
      expect(news.map((one) => one.type).filter((type) => type !== 'text')).toEqual([
        'asked',
        'retry',
        'asked',
      ]);
      expect(server.asked).toHaveLength(2);
    });
  });

  test('one that is cut for length, and one that is withheld, are told apart', async () => {
    await withServer(
      [
        { text: 'so far', end: 'length' },
        { text: '', end: 'refused' },
      ],
      async (server) => {
        const { ask } = gatewayOn(server, { protocol });
        expect(await ask()).toMatchObject({ ok: true, value: { end: 'length' } });
        expect(await ask()).toMatchObject({ ok: false, error: { cause: 'refusal' } });
      },
    );
  });
});

describe('what a failure means', () => {
  const CASES: readonly (readonly [Scripted, ModelFailureCause, number])[] = [
    [{ status: 401, body: { error: { message: 'bad key' } } }, 'auth', 1],
    [{ status: 404, body: { error: { message: 'no such model' } } }, 'unknown-model', 1],
    [
      { status: 400, body: { error: { message: "This model's maximum context length is 8192 tokens" } } },
      'context',
      1,
    ],
    [{ status: 400, body: { error: { message: 'temperature is not supported' } } }, 'bad-request', 1],
    [
      { status: 429, body: { error: { code: 'insufficient_quota', message: 'check your billing' } } },
      'auth',
      1,
    ],
    [{ status: 429, body: { error: { message: 'slow down' } } }, 'rate-limit', 3],
    [{ status: 500, body: { error: { message: 'oops' } } }, 'overload', 3],
    [{ status: 529, body: { error: { message: 'overloaded' } } }, 'overload', 3],
  ];
  test.each(CASES)('%o is %s and is asked %i times', async (scripted, cause, times) => {
    await withServer(
      Array.from({ length: 3 }, () => scripted),
      async (server) => {
        const { ask } = gatewayOn(server, { settings: { limits: { retries: 2 } } });
        const answer = await ask();
        expect(answer).toMatchObject({ ok: false, error: { cause, model: 'one/m' } });
        expect(!answer.ok && answer.error.next).not.toBe('');
        expect(server.asked).toHaveLength(times);
      },
    );
  });

  test('a server that is not there is unreachable, with its address', async () => {
    const server = await startModelServer([]);
    const { ask } = gatewayOn(server, { settings: { limits: { retries: 0 } } });
    await server[Symbol.asyncDispose]();
    expect(await ask()).toMatchObject({
      ok: false,
      error: { cause: 'unreachable', reason: expect.stringContaining('127.0.0.1') },
    });
  });

  test.each([
    ['the first piece', { firstByteMs: 50, silenceMs: 60_000 }, 0],
    ['a further piece', { firstByteMs: 60_000, silenceMs: 50 }, 1],
  ])('%s that does not come ends the try', async (what, limits, cutAfter) => {
    await withServer([{ text: 'half', cutAfter, hang: true }], async (server) => {
      const { ask } = gatewayOn(server, { settings: { limits: { ...limits, retries: 0 } } });
      const reason = `${what} did not come within 50 ms`;
      expect(await ask()).toMatchObject({ ok: false, error: { cause: 'timed-out', reason } });
    });
  });

  test('T66: the provider says when to ask again; without its word pauses double', async () => {
    const script = [
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 500 },
      { status: 500 },
      { text: 'at last' },
    ];
    await withServer(script, async (server) => {
      const { ask, pauses } = gatewayOn(server, { settings: { limits: { retries: 3 } } });
      // Three failures in the window open the breaker; the turn that saw them ends with the last one.
      expect(await ask()).toMatchObject({ ok: false, error: { cause: 'overload' } });
      expect(pauses).toEqual([7_000, 2_000, 4_000]);
    });
  });

  test('an interrupt ends the turn at once and is no failure of the model', async () => {
    await withServer([{ text: 'x', cutAfter: 0, hang: true }], async (server) => {
      const { models } = gatewayOn(server);
      const stop = new AbortController();
      const turn = models.turn({ role: 'coder', request: REQUEST }, {}, stop.signal);
      stop.abort(new Error('enough'));
      await expect(turn).rejects.toThrow('enough');
      expect(models.breakers().every((one) => one.failures === 0)).toBe(true);
    });
  });
});

test('what a request leaves open is sent as configured', async () => {
  await withServer([{ text: 'a' }, { text: 'b' }], async (server) => {
    const { models } = gatewayOn(server, {
      settings: { parameters: { temperature: 0.7, maxOutputTokens: 99 } },
    });
    await models.turn({ role: 'coder', request: REQUEST }, {});
    await models.turn({ role: 'coder', request: { ...REQUEST, temperature: 0, maxOutputTokens: 7 } }, {});
    expect(server.asked.map(({ body }) => [body['temperature'], body['max_tokens']])).toEqual([
      [0.7, 99],
      [0, 7],
    ]);
  });
});

describe('fallback by cause', () => {
  test.each([
    ['rate-limit', { status: 429 }, true],
    ['context', { status: 413 }, true],
    ['auth', { status: 401 }, false],
  ] as const)('after %s', async (cause, scripted, goesOn) => {
    await using second = await startModelServer([{ text: 'the other' }]);
    await withServer([scripted], async (server) => {
      const { ask, news } = gatewayOn(server, { second, settings: { limits: { retries: 0 } } });
      const answer = await ask();
      expect(answer.ok).toBe(goesOn);
      if (goesOn) expect(news).toContainEqual({ type: 'fallback', cause, to: 'two/m' });
      if (!answer.ok) expect(answer.error.tried.map((one) => one.cause)).toEqual([cause]);
    });
  });

  test('a user may decide otherwise', async () => {
    await using second = await startModelServer([{ text: 'the other' }]);
    await withServer([{ status: 401 }], async (server) => {
      const { ask } = gatewayOn(server, { second, settings: { fallback: { auth: 'next' } } });
      expect(await ask()).toMatchObject({
        ok: true,
        value: { model: 'two/m', parts: [{ text: 'the other' }] },
      });
    });
  });
});

describe('T65: breakers', () => {
  test('three failures open one, time half-opens it, two successes close it, one failure opens it again', () => {
    const clock = createManualClock();
    const breakers = createBreakers(clock);
    const state = () => breakers.states()[0]?.state;
    for (let i = 0; i < 3; i += 1) {
      expect(breakers.allows('one/m')).toBe(true);
      breakers.failed('one/m', 'overload');
    }
    expect([state(), breakers.allows('one/m')]).toEqual(['open', false]);
    clock.advance(30_000);
    expect([state(), breakers.allows('one/m')]).toEqual(['half-open', true]);
    breakers.failed('one/m', 'timed-out');
    expect(state()).toBe('open');
    clock.advance(30_000);
    for (let i = 0; i < 2; i += 1) {
      expect(breakers.allows('one/m')).toBe(true);
      breakers.succeeded('one/m');
    }
    expect(state()).toBe('closed');
  });

  test('failures that are spread over time, or that are no fault of the model, open none', () => {
    const clock = createManualClock();
    const breakers = createBreakers(clock);
    for (let i = 0; i < 10; i += 1) {
      breakers.failed('one/m', 'overload');
      clock.advance(61_000);
      breakers.failed('two/m', 'auth');
    }
    expect(breakers.states().map(({ state }) => state)).toEqual(['closed', 'closed']);
  });

  test('at most three probes are under way, and one that is given up makes room', () => {
    const clock = createManualClock();
    const breakers = createBreakers(clock);
    for (let i = 0; i < 3; i += 1) breakers.failed('one/m', 'overload');
    clock.advance(30_000);
    expect([1, 2, 3, 4].map(() => breakers.allows('one/m'))).toEqual([true, true, true, false]);
    breakers.abandoned('one/m');
    expect(breakers.allows('one/m')).toBe(true);
  });
});

describe('the meter', () => {
  test('every try is reserved before and settled after: a refused one at nothing, one that broke off at nobody knows what', async () => {
    const log: unknown[] = [];
    const meter: Meter = {
      reserve: async (call: Metered) => {
        log.push(['reserve', call.model, call.maxOutputTokens]);
        return { ok: true, value: async ({ costUsd }) => void log.push(['settle', costUsd]) };
      },
    };
    await withServer(
      [
        { status: 500 },
        { text: 'half', cutAfter: 1 },
        { text: 'ok', usage: { input: 10, cached: 0, output: 1 } },
      ],
      async (server) => {
        await gatewayOn(server, { meter }).ask();
      },
    );
    expect(log).toEqual([
      ['reserve', 'one/m', 4096],
      ['settle', 0],
      ['reserve', 'one/m', 4096],
      ['settle', null],
      ['reserve', 'one/m', 4096],
      ['settle', (10 * 2 + 1 * 10) / 1e6],
    ]);
  });

  test('a call that it refuses is not made', async () => {
    const meter: Meter = {
      reserve: async () => ({ ok: false, error: { reason: 'the day is spent', next: 'raise it' } }),
    };
    await withServer([{ text: 'never' }], async (server) => {
      const { ask } = gatewayOn(server, { meter });
      await expect(ask()).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED', next: 'raise it' });
      expect(server.asked).toEqual([]);
    });
  });

  test('an unknown price is no price, and what the provider reports comes first', async () => {
    const usage = { input: 10, cached: 0, output: 1, cost: 0.25 };
    await withServer([{ text: 'a' }, { text: 'b', usage }], async (server) => {
      const { ask } = gatewayOn(server, { settings: { prices: {} } });
      expect(await ask()).toMatchObject({ ok: true, value: { costUsd: null } });
      expect(await ask()).toMatchObject({ ok: true, value: { costUsd: 0.25 } });
    });
  });
});
