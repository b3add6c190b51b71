// The gateway: routing by role, retries with pauses, breakers, fallback by cause, time limits, and the meter around all.
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { chargeTo } from '#contracts/budget.ts';
import type { Capabilities, ModelFailureCause, ModelRef, TurnRequest, TurnResult } from '#contracts/model.ts';
import type { ModelSettings } from '#contracts/model-settings.ts';
import type { Chance } from '#foundation/chance.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import type { Breakers } from './breaker.ts';
import { failureOf, isPassing, type ModelFailure } from './failure.ts';
import type { Meter, Models, TurnCall, TurnEdges, TurnFailure } from './port.ts';
import { costOf, type Prices } from './prices.ts';
import type { FindModel } from './providers.ts';
import { streamTurn } from './stream.ts';
import type { CompleteRequest } from './wire.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const JITTER = 0.1;
/** Characters of a token at least, in the languages and the code that are sent; an upper estimate of tokens. */
const CHARS_A_TOKEN = 3;
const TOKENS_A_MESSAGE = 8;

/** Failures before any answer: nobody bills them. Of an answer that broke off nobody can say what it cost. */
const UNBILLED: ReadonlySet<ModelFailureCause> = new Set([
  'rate-limit',
  'overload',
  'context',
  'auth',
  'unknown-model',
  'unreachable',
  'bad-request',
]);
const NOTHING = {
  usage: { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 },
  costUsd: 0,
};

export interface GatewayParts {
  readonly settings: ModelSettings;
  readonly find: FindModel;
  readonly prices: Prices;
  readonly breakers: Breakers;
  readonly clock: Clock;
  /** For the jitter of pauses. */
  readonly chance: Chance;
  /** Absent: nothing is metered. */
  readonly meter?: Meter | undefined;
}

export function createModels(parts: GatewayParts): Models {
  const { settings, prices, breakers } = parts;
  const route = (role: string): readonly ModelRef[] => {
    const tier = settings.roles[role] ?? 'strong';
    const other = tier === 'strong' ? 'fast' : 'strong';
    return settings.tiers[tier].length > 0 ? settings.tiers[tier] : settings.tiers[other];
  };
  return {
    turn: (call, edges, signal = new AbortController().signal) =>
      new Turn(
        parts,
        { ...call, models: call.models ?? route(call.role), request: completed(call.request, settings) },
        edges,
      ).run(signal),
    count: countTokens,
    capabilities: (model) => capabilitiesOf(model, settings, prices),
    price: prices.of,
    route,
    breakers: breakers.states,
  };
}

function capabilitiesOf(model: ModelRef, settings: ModelSettings, prices: Prices): Capabilities {
  const given = settings.capabilities[model] ?? {};
  return {
    contextTokens: given.contextTokens ?? prices.contextTokens(model),
    tools: given.tools ?? true,
    answerSchema: given.answerSchema ?? true,
    parallelTools: given.parallelTools ?? true,
  };
}

/** Everything that is sent counts: tools and the schema of the answer too. */
export function countTokens(request: TurnRequest): number {
  const { messages, tools, answerSchema } = request;
  const chars = JSON.stringify([messages, tools, answerSchema]).length;
  return Math.ceil(chars / CHARS_A_TOKEN) + messages.length * TOKENS_A_MESSAGE;
}

function completed(request: TurnRequest, { parameters }: ModelSettings): CompleteRequest {
  return {
    ...request,
    maxOutputTokens: request.maxOutputTokens ?? parameters.maxOutputTokens,
    temperature: request.temperature ?? parameters.temperature,
  };
}

interface Routed extends TurnCall {
  readonly request: CompleteRequest;
  readonly models: readonly ModelRef[];
}

/** One turn, from the first model to an answer or to the last failure. */
class Turn {
  private readonly parts: GatewayParts;
  private readonly call: Routed;
  private readonly edges: TurnEdges;
  private readonly tried: ModelFailure[] = [];

  constructor(parts: GatewayParts, call: Routed, edges: TurnEdges) {
    this.parts = parts;
    this.call = call;
    this.edges = edges;
  }

  async run(signal: AbortSignal): Promise<Result<TurnResult, TurnFailure>> {
    const { models, role } = this.call;
    if (models.length === 0) {
      throw new AppError('MODEL_UNAVAILABLE', {
        message: `no model is configured for the role ${role}`,
        next: 'name one in models.yaml under tiers, then cambium model test',
      });
    }
    for (const [place, model] of models.entries()) {
      const result = await this.ask(model, signal);
      if (result.ok) return result;
      this.tried.push(result.error);
      const to = models[place + 1];
      const { cause } = result.error;
      if (to === undefined || this.parts.settings.fallback[cause] === 'stop') break;
      this.edges.onNews?.({ type: 'fallback', cause, to });
    }
    const last = this.tried.at(-1) as ModelFailure;
    return err({ ...last, tried: this.tried });
  }

  /** One model with its retries. */
  private async ask(model: ModelRef, signal: AbortSignal): Promise<Result<TurnResult, ModelFailure>> {
    const found = await this.parts.find(model);
    if (!found.ok) return found;
    const { breakers, clock, settings } = this.parts;
    const retries = this.call.retries ?? settings.limits.retries;
    let last: ModelFailure | null = null;
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      if (!breakers.allows(model)) return err(last ?? this.resting(model));
      this.edges.onNews?.({ type: 'asked', model, attempt });
      const result = await this.once(model, found.value, signal).catch((error: unknown) => {
        breakers.abandoned(model);
        throw error;
      });
      if (result.ok) {
        breakers.succeeded(model);
        return result;
      }
      const { cause, retryAfterMs } = result.error;
      last = result.error;
      breakers.failed(model, cause);
      if (!isPassing(cause) || attempt > retries) return result;
      const afterMs = retryAfterMs ?? this.pauseMs(attempt);
      // A provider that wants more patience than we have is as good as down: the next model is asked at once.
      if (afterMs > LONGEST_PAUSE_MS) return result;
      this.edges.onNews?.({ type: 'retry', cause, afterMs });
      await clock.sleep(afterMs, signal);
    }
  }

  private pauseMs(attempt: number): number {
    const plain = Math.min(LONGEST_PAUSE_MS / (1 + JITTER), FIRST_PAUSE_MS * 2 ** (attempt - 1));
    return Math.round(plain * (1 + JITTER * (2 * this.parts.chance() - 1)));
  }

  private async once(
    model: ModelRef,
    language: LanguageModelV4,
    signal: AbortSignal,
  ): Promise<Result<TurnResult, ModelFailure>> {
    const { clock, settings, prices } = this.parts;
    const settle = await this.reserve(model);
    let spent: Parameters<typeof settle>[0] = { usage: null, costUsd: null };
    try {
      const { request } = this.call;
      const onText = (text: string) => this.edges.onNews?.({ type: 'text', text });
      const answer = await streamTurn(language, request, { clock, limits: settings.limits, onText, signal });
      const costUsd = answer.reportedUsd ?? costOf(prices.of(model), answer.usage);
      spent = { usage: answer.usage, costUsd };
      if (answer.end === 'refused') return err(this.refused(model));
      const { parts, end, usage } = answer;
      return ok({ model, parts, end, usage, costUsd });
    } catch (error) {
      signal.throwIfAborted();
      const failed = failureOf(model, error, clock.now());
      if (UNBILLED.has(failed.cause)) spent = NOTHING;
      return err(failed);
    } finally {
      await settle(spent);
    }
  }

  private async reserve(model: ModelRef) {
    const { meter, prices } = this.parts;
    if (meter === undefined) return async () => undefined;
    const { request, role } = this.call;
    const whose = {
      chargeTo: chargeTo.parse(this.call.chargeTo ?? {}),
      urgency: this.call.urgency ?? 'running',
    } as const;
    const inputTokens = countTokens(request);
    const { maxOutputTokens } = request;
    const permit = await meter.reserve({
      role,
      model,
      ...whose,
      inputTokens,
      maxOutputTokens,
      price: prices.of(model),
    });
    if (permit.ok) return permit.value;
    throw new AppError('BUDGET_EXCEEDED', { message: permit.error.reason, next: permit.error.next });
  }

  private resting(model: ModelRef): ModelFailure {
    const state = this.parts.breakers.states().find((one) => one.model === model);
    const until = state?.nextProbeAt === null || state === undefined ? 'soon' : `at ${state.nextProbeAt}`;
    return {
      model,
      cause: state?.lastCause ?? 'overload',
      reason: `it failed ${state?.failures ?? 0} times lately and is left alone; it is asked again ${until}`,
      next: 'wait, or add a further model to the tier in models.yaml',
      retryAfterMs: null,
    };
  }

  private refused(model: ModelRef): ModelFailure {
    const next = 'say the task in other words, or choose another model';
    return { model, cause: 'refusal', reason: 'the provider withheld the answer', next, retryAfterMs: null };
  }
}
