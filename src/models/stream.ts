// One call of a provider, read piece by piece under two time limits: for the first piece, and between any two.
import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { TurnResult } from '#contracts/model.ts';
import type { Clock } from '#foundation/clock.ts';
import { TurnCut } from './failure.ts';
import { Assembly, type CompleteRequest, toCall } from './wire.ts';

export interface StreamEdges {
  readonly clock: Clock;
  readonly limits: { readonly firstByteMs: number; readonly silenceMs: number };
  readonly onText: (text: string) => void;
  readonly signal: AbortSignal;
}

export type Answer = Pick<TurnResult, 'parts' | 'end' | 'usage'> & {
  /** What the provider itself says that it cost, US dollars; null for most. */
  readonly reportedUsd: number | null;
};

/** @throws whatever the provider throws, TurnCut for our own limits and for a stream that broke off. */
export async function streamTurn(
  model: LanguageModelV4,
  request: CompleteRequest,
  { clock, limits, onText, signal }: StreamEdges,
): Promise<Answer> {
  const ending = new AbortController();
  const within = AbortSignal.any([signal, ending.signal]);
  const timely = async <T>(work: PromiseLike<T>, limitMs: number, what: string): Promise<T> => {
    const over = new AbortController();
    const late = clock.sleep(limitMs, over.signal).then(
      () => {
        throw new TurnCut('timed-out', `${what} did not come within ${limitMs} ms`);
      },
      () => new Promise<never>(() => undefined),
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      over.abort();
    }
  };
  let reportedUsd: number | null = null;
  try {
    const { stream } = await timely(
      model.doStream(toCall(request, within)),
      limits.firstByteMs,
      'the first piece',
    );
    const reader = stream.getReader();
    const assembly = new Assembly();
    for (let first = true; ; ) {
      const [limitMs, what] = first
        ? [limits.firstByteMs, 'the first piece']
        : [limits.silenceMs, 'a further piece'];
      const piece = await timely(reader.read(), limitMs, what as string);
      if (piece.done) break;
      // What a package makes up before the provider has said anything is no first piece.
      if (piece.value.type !== 'stream-start') first = false;
      reportedUsd = costIn(piece.value) ?? reportedUsd;
      const text = assembly.add(piece.value);
      if (text !== '') onText(text);
    }
    return { ...assembly.done(), reportedUsd };
  } finally {
    ending.abort();
  }
}

/** OpenRouter and others of its kind put `cost`, in US dollars, beside the usage. */
function costIn(part: LanguageModelV4StreamPart): number | null {
  if (part.type !== 'finish') return null;
  const cost = part.usage.raw?.['cost'];
  return typeof cost === 'number' && Number.isFinite(cost) && cost >= 0 ? cost : null;
}
