// A model server on loopback that says what a test scripted, in each provider's own wire protocol, whole or broken.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Protocol = 'openai' | 'anthropic' | 'google' | 'openai-compatible';

/** One answer. `cutAfter` ends the connection after that many pieces; `hang` says nothing more from there on. */
export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly text?: string;
  readonly call?: { readonly tool: string; readonly input: string };
  readonly usage?: {
    readonly input: number;
    readonly cached: number;
    readonly output: number;
    readonly cost?: number;
  };
  readonly end?: 'length' | 'refused';
  readonly cutAfter?: number;
  readonly hang?: boolean;
}

export interface ModelServer extends AsyncDisposable {
  /** Base address for a provider that speaks this protocol. */
  url(protocol: Protocol): string;
  /** Bodies of the requests so far, in order. */
  readonly asked: { readonly path: string; readonly body: Record<string, unknown>; readonly key: string }[];
}

/** Gives the scripted answers in order; one request more than that is an error of status 599. */
export async function startModelServer(script: readonly Scripted[]): Promise<ModelServer> {
  const left = [...script];
  const asked: ModelServer['asked'] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { authorization, 'x-api-key': own, 'x-goog-api-key': google } = request.headers;
      asked.push({ path: request.url ?? '', body, key: String(authorization ?? own ?? google ?? '') });
      answer(
        response,
        left.shift() ?? { status: 599, body: { error: { message: 'the script is over' } } },
        request.url ?? '',
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    url: (protocol) => `http://127.0.0.1:${port}/${protocol === 'google' ? 'v1beta' : 'v1'}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function answer(response: ServerResponse, scripted: Scripted, path: string): void {
  if (scripted.status !== undefined) {
    response.writeHead(scripted.status, { 'content-type': 'application/json', ...scripted.headers });
    response.end(JSON.stringify(scripted.body ?? { error: { message: 'no' } }));
    return;
  }
  const pieces = piecesOf(scripted, path);
  response.writeHead(200, { 'content-type': 'text/event-stream', ...scripted.headers });
  response.flushHeaders();
  const sent = pieces.slice(0, scripted.cutAfter ?? pieces.length);
  for (const piece of sent) response.write(piece);
  if (scripted.hang) return;
  if (scripted.cutAfter !== undefined) response.socket?.end();
  else response.end();
}

function piecesOf(scripted: Scripted, path: string): string[] {
  if (path.endsWith('/chat/completions')) return compatible(scripted);
  if (path.endsWith('/responses')) return responses(scripted);
  if (path.endsWith('/messages')) return messages(scripted);
  return google(scripted);
}

const USAGE = { input: 10, cached: 0, output: 5 };

function event(data: unknown, type?: string): string {
  return `${type === undefined ? '' : `event: ${type}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

function compatible({ text, call, usage = USAGE, end }: Scripted): string[] {
  const chunk = (delta: object, finish: string | null = null): string =>
    event({
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
  const finish =
    end === 'length' ? 'length' : end === 'refused' ? 'content_filter' : call ? 'tool_calls' : 'stop';
  const counts = {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached },
    ...(usage.cost === undefined ? {} : { cost: usage.cost }),
  };
  return [
    ...(text === undefined ? [] : halves(text).map((part) => chunk({ role: 'assistant', content: part }))),
    ...(call === undefined
      ? []
      : halves(call.input).map((part, index) =>
          chunk({
            tool_calls: [
              index === 0
                ? { index: 0, id: 'call_1', type: 'function', function: { name: call.tool, arguments: part } }
                : { index: 0, function: { arguments: part } },
            ],
          }),
        )),
    chunk({}, finish),
    event({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: counts }),
    event('[DONE]'),
  ];
}

function responses({ text, call, usage = USAGE, end }: Scripted): string[] {
  const counts = {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: 0 },
  };
  const base = { id: 'r1', object: 'response', created_at: 1, model: 'm', output: [] };
  const pieces: { readonly type: string }[] = [
    { type: 'response.created', response: base } as { type: string },
  ];
  if (text !== undefined) {
    const place = { output_index: 0, item_id: 'm1', content_index: 0 };
    pieces.push({
      type: 'response.output_item.added',
      output_index: 0,
      item: { type: 'message', id: 'm1' },
    } as { type: string });
    for (const delta of halves(text))
      pieces.push({ type: 'response.output_text.delta', ...place, delta } as { type: string });
    pieces.push({
      type: 'response.output_item.done',
      output_index: 0,
      item: { type: 'message', id: 'm1' },
    } as { type: string });
  }
  if (call !== undefined) {
    const item = { type: 'function_call', id: 'f1', call_id: 'call_1', name: call.tool };
    pieces.push({ type: 'response.output_item.added', output_index: 1, item: { ...item, arguments: '' } } as {
      type: string;
    });
    for (const delta of halves(call.input))
      pieces.push({
        type: 'response.function_call_arguments.delta',
        item_id: 'f1',
        output_index: 1,
        delta,
      } as { type: string });
    pieces.push({
      type: 'response.output_item.done',
      output_index: 1,
      item: { ...item, arguments: call.input, status: 'completed' },
    } as { type: string });
  }
  const incomplete =
    end === undefined ? null : { reason: end === 'length' ? 'max_output_tokens' : 'content_filter' };
  const type = incomplete === null ? 'response.completed' : 'response.incomplete';
  pieces.push({ type, response: { ...base, incomplete_details: incomplete, usage: counts } } as {
    type: string;
  });
  return pieces.map((piece) => event(piece, piece.type));
}

function messages({ text, call, usage = USAGE, end }: Scripted): string[] {
  const counts = {
    input_tokens: usage.input - usage.cached,
    cache_read_input_tokens: usage.cached,
    cache_creation_input_tokens: 0,
  };
  const pieces: { readonly type: string }[] = [];
  const add = (piece: { readonly type: string; readonly [key: string]: unknown }): void =>
    void pieces.push(piece);
  add({
    type: 'message_start',
    message: {
      id: 'm1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...counts, output_tokens: 0 },
    },
  });
  let index = 0;
  if (text !== undefined) {
    add({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } });
    for (const part of halves(text))
      add({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: part } });
    add({ type: 'content_block_stop', index });
    index += 1;
  }
  if (call !== undefined) {
    add({
      type: 'content_block_start',
      index,
      content_block: { type: 'tool_use', id: 'call_1', name: call.tool, input: {} },
    });
    for (const part of halves(call.input))
      add({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: part } });
    add({ type: 'content_block_stop', index });
  }
  const reason =
    end === 'length' ? 'max_tokens' : end === 'refused' ? 'refusal' : call ? 'tool_use' : 'end_turn';
  add({
    type: 'message_delta',
    delta: { stop_reason: reason, stop_sequence: null },
    usage: { output_tokens: usage.output },
  });
  add({ type: 'message_stop' });
  return pieces.map((piece) => event(piece, piece.type));
}

function google({ text, call, usage = USAGE, end }: Scripted): string[] {
  const counts = {
    promptTokenCount: usage.input,
    cachedContentTokenCount: usage.cached,
    candidatesTokenCount: usage.output,
    totalTokenCount: usage.input + usage.output,
  };
  const piece = (parts: readonly object[], finish?: string): string =>
    event({
      candidates: [
        {
          content: { role: 'model', parts },
          index: 0,
          ...(finish === undefined ? {} : { finishReason: finish }),
        },
      ],
      ...(finish === undefined ? {} : { usageMetadata: counts }),
    });
  const calls =
    call === undefined ? [] : [{ functionCall: { name: call.tool, args: JSON.parse(call.input) } }];
  const finish = end === 'length' ? 'MAX_TOKENS' : end === 'refused' ? 'SAFETY' : 'STOP';
  return [
    ...(text === undefined ? [] : halves(text).map((part) => piece([{ text: part }]))),
    piece(calls, finish),
  ];
}
