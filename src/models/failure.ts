// Why a model did not answer: anything that a provider can throw, as one cause with words and what to do next.
import { APICallError } from '@ai-sdk/provider';
import type { ModelFailureCause, ModelRef } from '#contracts/model.ts';
import { errorMessage } from '#foundation/errors.ts';
import { clip, plainText } from '#foundation/text.ts';

const REASON_CHARS = 400;
const MOST_RETRY_AFTER_MS = 600_000;

export interface ModelFailure {
  readonly model: ModelRef;
  readonly cause: ModelFailureCause;
  /** What the provider said, in one line. */
  readonly reason: string;
  /** What a person can do about it. */
  readonly next: string;
  /** The provider's own word on when to ask again, milliseconds; null without one. */
  readonly retryAfterMs: number | null;
}

/** Thrown inside the room when a limit of ours was reached; carries its cause. */
export class TurnCut extends Error {
  readonly failure: ModelFailureCause;
  constructor(failure: ModelFailureCause, message: string) {
    super(message);
    this.name = 'TurnCut';
    this.failure = failure;
  }
}

/** Worth asking again after a pause; the others would end the same way. */
export function isPassing(cause: ModelFailureCause): boolean {
  return PASSING.has(cause);
}

const PASSING: ReadonlySet<ModelFailureCause> = new Set([
  'rate-limit',
  'overload',
  'unreachable',
  'timed-out',
  'cut-stream',
  'bad-answer',
]);

const NEXT: Readonly<Record<ModelFailureCause, (model: ModelRef) => string>> = {
  'rate-limit': () => 'wait, or add a further model to the tier in models.yaml',
  overload: () => 'wait, or add a further model to the tier in models.yaml',
  context: () => 'choose a model with a larger context, or let less be sent',
  refusal: () => 'say the task in other words, or choose another model',
  auth: (model) => `check the key of ${providerOf(model)} in models.yaml or in the environment`,
  'unknown-model': (model) => `check the name: cambium model test ${model}`,
  unreachable: (model) => `check that the server of ${providerOf(model)} runs and that its url is right`,
  'timed-out': () => 'try again, or raise limits.firstByteMs and limits.silenceMs in models.yaml',
  'cut-stream': () => 'try again',
  'bad-request': () => 'report what the provider said',
  'bad-answer': () => 'try again, or choose another model',
};

function providerOf(model: ModelRef): string {
  return model.slice(0, model.indexOf('/'));
}

export function failureOf(model: ModelRef, error: unknown, now: Date): ModelFailure {
  const cause = causeOf(error);
  const said = clip(plainText(reasonOf(error)).replace(/\s+/g, ' ').trim(), REASON_CHARS).text;
  return {
    model,
    cause,
    reason: said === '' ? cause : said,
    next: NEXT[cause](model),
    retryAfterMs: retryAfter(error, now),
  };
}

function causeOf(error: unknown): ModelFailureCause {
  if (error instanceof TurnCut) return error.failure;
  if (APICallError.isInstance(error)) {
    const text = `${error.responseBody ?? ''} ${error.message}`.toLowerCase();
    if (error.statusCode === undefined) return 'unreachable';
    // A good status and then no good body: it broke off, or it was written wrongly.
    if (error.statusCode < 400) return UNREADABLE.test(nameOf(error.cause)) ? 'bad-answer' : 'cut-stream';
    return causeOfStatus(error.statusCode, text);
  }
  const name = nameOf(error);
  if (UNREADABLE.test(name)) return 'bad-answer';
  if (/LoadAPIKey/.test(name)) return 'auth';
  if (/UnsupportedFunctionality|InvalidPrompt|InvalidArgument/.test(name)) return 'bad-request';
  return /terminated|socket|aborted|network|ECONN|closed/i.test(errorMessage(error))
    ? 'cut-stream'
    : 'bad-answer';
}

const UNREADABLE = /TypeValidation|JSONParse|InvalidResponse|EmptyResponse|NoContent/;

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function causeOfStatus(status: number, text: string): ModelFailureCause {
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'unknown-model';
  if (status === 408) return 'timed-out';
  // A spent quota is told as a rate limit, and no pause helps against it.
  if (status === 429) return /insufficient_quota|billing|credit/.test(text) ? 'auth' : 'rate-limit';
  if (status === 413 || TOO_LONG.test(text)) return 'context';
  if (/model.{0,40}(not found|does not exist|not exist)|unknown model/.test(text)) return 'unknown-model';
  return status >= 500 ? 'overload' : 'bad-request';
}

const TOO_LONG =
  /context.{0,3}(length|window)|maximum context|too many tokens|prompt is too long|input.{0,20}too long|exceeds.{0,40}token/;

function reasonOf(error: unknown): string {
  if (!APICallError.isInstance(error)) return errorMessage(error);
  const good = error.statusCode === undefined || error.statusCode < 400;
  const cause = good && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${good ? '' : `status ${error.statusCode}: `}${error.message}${cause}`;
}

/** `retry-after-ms`, or `Retry-After` in seconds or as a date. */
function retryAfter(error: unknown, now: Date): number | null {
  if (!APICallError.isInstance(error)) return null;
  const headers = error.responseHeaders ?? {};
  const exact = Number(headers['retry-after-ms'] ?? Number.NaN);
  const given = headers['retry-after'];
  const seconds = given === undefined || given.trim() === '' ? Number.NaN : Number(given);
  const until = given === undefined ? Number.NaN : Date.parse(given) - now.getTime();
  const [ms] = [exact, seconds * 1000, until].filter((one) => Number.isFinite(one) && one >= 0);
  return ms === undefined ? null : Math.min(ms, MOST_RETRY_AFTER_MS);
}
