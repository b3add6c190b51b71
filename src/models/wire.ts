// Between our shapes and the provider packages': what is sent, and what one answer is put together from.
import type {
  JSONSchema7,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4Message,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { Message, TurnEnd, TurnRequest, TurnResult, Usage } from '#contracts/model.ts';
import { TurnCut } from './failure.ts';

/** A request in which nothing is left to the settings any more. */
export interface CompleteRequest extends TurnRequest {
  readonly maxOutputTokens: number;
  readonly temperature: number;
}

export function toCall(request: CompleteRequest, signal: AbortSignal): LanguageModelV4CallOptions {
  return {
    prompt: request.messages.map(toMessage),
    maxOutputTokens: request.maxOutputTokens,
    temperature: request.temperature,
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map(({ name, description, schema }) => ({
            type: 'function' as const,
            name,
            description,
            inputSchema: schema as JSONSchema7,
          })),
        }),
    ...(request.answerSchema === null
      ? {}
      : { responseFormat: { type: 'json', schema: request.answerSchema as JSONSchema7 } }),
    abortSignal: signal,
  };
}

function toMessage(message: Message): LanguageModelV4Message {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.text };
    case 'user':
      return { role: 'user', content: [{ type: 'text', text: message.text }] };
    case 'assistant':
      return {
        role: 'assistant',
        content: message.parts.map((part) => {
          if (part.type === 'text') return { type: 'text', text: part.text };
          if (part.type === 'tool-call') {
            return {
              type: 'tool-call',
              toolCallId: part.id,
              toolName: part.tool,
              input: asInput(part.input),
            };
          }
          const signature = part.signature as SharedV4ProviderMetadata | null;
          return {
            type: 'reasoning',
            text: part.text,
            ...(signature === null ? {} : { providerOptions: signature }),
          };
        }),
      };
    case 'tool':
      return {
        role: 'tool',
        content: message.results.map(({ id, tool, text, failed }) => ({
          type: 'tool-result',
          toolCallId: id,
          toolName: tool,
          output: { type: failed ? 'error-text' : 'text', value: text },
        })),
      };
  }
}

/** What a model wrote as arguments goes back as it was where it is no JSON. */
function asInput(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    return { unreadable: text };
  }
}

type Part = TurnResult['parts'][number];

/** Parts of one answer while they stream in. */
export class Assembly {
  private readonly open = new Map<string, { text: string; at: number }>();
  private readonly parts: (Part | null)[] = [];
  private finish: { usage: LanguageModelV4Usage; reason: LanguageModelV4FinishReason } | null = null;

  /** The text that the part adds to what a person sees; empty for everything else. Throws what the provider reports. */
  add(part: LanguageModelV4StreamPart): string {
    switch (part.type) {
      case 'text-start':
      case 'reasoning-start':
        this.open.set(part.id, { text: '', at: this.parts.push(null) - 1 });
        return '';
      case 'text-delta':
      case 'reasoning-delta': {
        const block = this.open.get(part.id);
        if (block) block.text += part.delta;
        return part.type === 'text-delta' ? part.delta : '';
      }
      case 'text-end':
        this.close(part.id, (text) => ({ type: 'text', text }));
        return '';
      case 'reasoning-end':
        this.close(part.id, (text) => ({ type: 'thought', text, signature: part.providerMetadata ?? null }));
        return '';
      case 'tool-call':
        this.parts.push({ type: 'tool-call', id: part.toolCallId, tool: part.toolName, input: part.input });
        return '';
      case 'finish':
        this.finish = { usage: part.usage, reason: part.finishReason };
        return '';
      case 'error':
        throw part.error;
      default:
        return '';
    }
  }

  private close(id: string, make: (text: string) => Part): void {
    const block = this.open.get(id);
    if (block === undefined) return;
    this.open.delete(id);
    this.parts[block.at] = make(block.text);
  }

  /** The whole answer. @throws TurnCut when the stream ended before its end. */
  done(): Pick<TurnResult, 'parts' | 'end' | 'usage'> {
    const { finish } = this;
    if (finish === null || finish.reason.unified === 'interrupted') {
      throw new TurnCut('cut-stream', 'the answer ended before its end was said');
    }
    if (finish.reason.unified === 'error') {
      throw new TurnCut(
        'bad-answer',
        `the model stopped with an error (${finish.reason.raw ?? 'no reason given'})`,
      );
    }
    const parts = this.parts
      .filter((part) => part !== null)
      .filter((part) => part.type !== 'text' || part.text !== '');
    return { parts, end: endOf(finish.reason, parts), usage: toUsage(finish.usage) };
  }
}

function endOf(reason: LanguageModelV4FinishReason, parts: readonly Part[]): TurnEnd {
  if (reason.unified === 'content-filter') return 'refused';
  if (parts.some((part) => part.type === 'tool-call')) return 'tool-calls';
  return reason.unified === 'length' ? 'length' : 'answered';
}

/** Each token in one bucket: providers count cached input inside the input, and thoughts inside the output. */
function toUsage({ inputTokens, outputTokens }: LanguageModelV4Usage): Usage {
  const cacheRead = inputTokens.cacheRead ?? null;
  const cacheWrite = inputTokens.cacheWrite ?? null;
  const reasoning = outputTokens.reasoning ?? null;
  const { total: input, noCache } = inputTokens;
  const { total: output, text } = outputTokens;
  return {
    input: noCache ?? (input === undefined ? null : rest(input, cacheRead, cacheWrite)),
    cacheRead,
    cacheWrite,
    output: text ?? (output === undefined ? null : rest(output, reasoning)),
    reasoning,
  };
}

function rest(total: number, ...parts: readonly (number | null)[]): number {
  return Math.max(
    0,
    parts.reduce((left: number, part) => left - (part ?? 0), total),
  );
}
