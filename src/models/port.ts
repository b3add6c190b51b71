// The one door to language models: five methods, and what a caller can watch and meter.
import type { ChargeTo, Urgency } from '#contracts/budget.ts';
import type {
  Capabilities,
  ModelFailureCause,
  ModelRef,
  Price,
  TurnRequest,
  TurnResult,
  Usage,
} from '#contracts/model.ts';
import type { Result } from '#foundation/result.ts';
import type { BreakerState } from './breaker.ts';
import type { ModelFailure } from './failure.ts';

export interface TurnCall {
  /** Who asks; decides the tier. */
  readonly role: string;
  readonly request: TurnRequest;
  /** These models in this order, whatever the tier says. */
  readonly models?: readonly ModelRef[] | undefined;
  /** Whom it is charged to; nobody in particular when absent. */
  readonly chargeTo?: ChargeTo | undefined;
  /** `running` when absent. */
  readonly urgency?: Urgency | undefined;
  /** Tries after the first, for each model; as configured when absent. */
  readonly retries?: number | undefined;
}

/** What happens on the way to an answer. A `retry` or `fallback` takes back every text before it. */
export type TurnNews =
  | { readonly type: 'asked'; readonly model: ModelRef; readonly attempt: number }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'retry'; readonly cause: ModelFailureCause; readonly afterMs: number }
  | { readonly type: 'fallback'; readonly cause: ModelFailureCause; readonly to: ModelRef };

/** Every model that was asked, and why each did not answer; the last one decides. */
export interface TurnFailure extends ModelFailure {
  readonly tried: readonly ModelFailure[];
}

export interface TurnEdges {
  /** Must not throw. */
  readonly onNews?: ((news: TurnNews) => void) | undefined;
}

export interface Models {
  /** One exchange. It has no effect but its cost: a try that was cut leaves nothing behind. */
  turn(call: TurnCall, edges: TurnEdges, signal?: AbortSignal): Promise<Result<TurnResult, TurnFailure>>;
  /** Upper estimate of the tokens that a request takes in; no provider is asked. */
  count(request: TurnRequest): number;
  capabilities(model: ModelRef): Capabilities;
  /** Null when it is unknown. */
  price(model: ModelRef): Price | null;
  /** Models of a role, in the order in which they are asked. */
  route(role: string): readonly ModelRef[];
  breakers(): BreakerState[];
}

/** Money, kept by another room. A call that it refuses is not made. */
export interface Meter {
  /** Before every try, the retried ones too. */
  reserve(call: Metered): Promise<Result<Settle, { readonly reason: string; readonly next: string }>>;
}

export interface Metered {
  readonly role: string;
  readonly chargeTo: ChargeTo;
  readonly urgency: Urgency;
  readonly model: ModelRef;
  /** Upper estimate, tokens. */
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  readonly price: Price | null;
}

/** After every try, whatever became of it. `usage` is null when the provider did not get to say: it may have billed. */
export type Settle = (spent: {
  readonly usage: Usage | null;
  readonly costUsd: number | null;
}) => Promise<void>;
