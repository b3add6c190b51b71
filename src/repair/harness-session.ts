// One warm test process: started in the sandbox, spoken to in JSON lines, replaced when it dies.
import { fileURLToPath } from 'node:url';
import type { LanguageFamily } from '#contracts/project.ts';
import type { Clock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import type { Sandbox, SandboxProcess, WorkspacePlace } from '#sandbox/runner.ts';
import type {
  HarnessMessage,
  HarnessReply,
  Observed,
  ObserveMessage,
  RecordMessage,
  RecordReply,
  StartMessage,
  SurveyMessage,
  SurveyReply,
  TryMessage,
  TryReply,
} from './harness/protocol.ts';
import { REPAIR_LANGUAGES } from './languages.ts';

export interface SessionParts {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly workspace: WorkspacePlace;
  /** Directory of the package inside the tree, where tests are run. */
  readonly directory: string;
  readonly family: LanguageFamily;
  readonly start: Omit<StartMessage, 'op' | 'token' | 'directory'>;
  /** Life of the process at most, milliseconds. */
  readonly wallMs: number;
}

export interface HarnessSession {
  /** Starts the process without waiting for it. */
  warmUp(signal?: AbortSignal): void;
  /** Null when the process could not answer. */
  survey(message: Omit<SurveyMessage, 'op' | 'id'>, signal?: AbortSignal): Promise<SurveyReply | null>;
  /** An answer for every candidate, in order; fewer only after the signal. */
  tryAll(message: Omit<TryMessage, 'op'>, signal?: AbortSignal): Promise<TryReply[]>;
  /** Null when the process could not answer. */
  record(message: Omit<RecordMessage, 'op' | 'id'>, signal?: AbortSignal): Promise<RecordReply | null>;
  /** What each call did, in order; fewer when the process ended or the signal came. */
  observe(message: Omit<ObserveMessage, 'op' | 'id'>, signal?: AbortSignal): Promise<Observed[]>;
  close(): Promise<void>;
}

/**
 * The protocol moves to descriptors 3 and 4 before anything is loaded, and the standard ones lead nowhere: neither what
 * code under test prints, nor what it closes, is mistaken for an answer.
 */
const PRIVATE_CHANNEL = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null';

/** Silence beyond a candidate's own time-out after which the process itself is taken for stuck. */
const GRACE_MS = 8_000;
/** Inside, time-outs count processor time: on a busy machine the clock runs ahead of it. */
const CLOCK_FACTOR = 6;
const HARNESS_BYTES = 1_073_741_824;
const INSIDE = '/opt/cambium-repair';

interface Live {
  readonly process: SandboxProcess;
  readonly token: string;
  readonly replies: HarnessReply[];
  ended: boolean;
  wake: () => void;
}

export function createHarnessSession(parts: SessionParts): HarnessSession {
  const state: { live: Promise<Live> | null; observed: number } = { live: null, observed: 0 };
  const open = async (signal?: AbortSignal) => {
    const live = await state.live;
    if (live === null || live.ended) state.live = launch(parts, signal);
    return (await state.live) as Live;
  };
  return {
    warmUp: (signal) => {
      // A failure to start is met again by who uses the session.
      state.live ??= launch(parts, signal);
      state.live.catch(() => undefined);
    },
    survey: async (message, signal) => {
      const live = await open(signal);
      send(live, { op: 'survey', id: 1, ...message });
      const limitMs = message.timeoutMs * CLOCK_FACTOR * Math.max(1, parts.start.entries.length) + GRACE_MS;
      const reply = await next(live, { clock: parts.clock, limitMs }, signal);
      return reply?.op === 'survey' ? reply : null;
    },
    tryAll: async (message, signal) => {
      const answers: TryReply[] = [];
      while (answers.length < message.candidates.length && signal?.aborted !== true) {
        const live = await open(signal);
        send(live, { op: 'try', ...message, candidates: message.candidates.slice(answers.length) });
        await collect(live, { answers, message, clock: parts.clock }, signal);
      }
      return answers;
    },
    record: async (message, signal) => {
      const live = await open(signal);
      send(live, { op: 'record', id: 1, ...message });
      const limitMs = message.timeoutMs * CLOCK_FACTOR + GRACE_MS;
      const reply = await next(live, { clock: parts.clock, limitMs }, signal);
      return reply?.op === 'record' ? reply : null;
    },
    observe: async (message, signal) => {
      const live = await open(signal);
      state.observed += 1;
      const id = state.observed;
      send(live, { op: 'observe', id, ...message });
      const results: Observed[] = [];
      const limitMs = message.timeoutMs * CLOCK_FACTOR + message.budgetMs + GRACE_MS;
      for (;;) {
        const reply = await next(live, { clock: parts.clock, limitMs }, signal);
        if (reply === null) break;
        if (reply.op !== 'observe' || reply.id !== id) continue;
        if (reply.from === results.length) results.push(...reply.results);
        if (reply.done) return results;
      }
      // Nothing that is still on its way may be taken for a later answer.
      live.ended = true;
      live.process.kill();
      return results;
    },
    close: async () => {
      const live = await state.live?.catch(() => null);
      state.live = null;
      live?.process.kill();
      await live?.process.done;
    },
  };
}

/** Reads answers until all are in; what was being tried when the process ended is marked, and the caller goes on. */
async function collect(
  live: Live,
  job: { answers: TryReply[]; message: Omit<TryMessage, 'op'>; clock: Clock },
  signal?: AbortSignal,
): Promise<void> {
  const { answers, message, clock } = job;
  while (answers.length < message.candidates.length) {
    const reply = await next(live, { clock, limitMs: message.timeoutMs * CLOCK_FACTOR + GRACE_MS }, signal);
    if (signal?.aborted === true) return;
    const offender = message.candidates[answers.length];
    if (offender === undefined) return;
    if (reply?.op === 'try' && reply.id === offender.id) {
      answers.push(reply);
      continue;
    }
    answers.push({ op: 'try', id: offender.id, verdict: 'died', fixed: [], failed: null, lines: [] });
    live.ended = true;
    live.process.kill();
    await live.process.done;
    return;
  }
}

async function launch(parts: SessionParts, signal?: AbortSignal): Promise<Live> {
  const { sandbox, workspace } = parts;
  const host = fileURLToPath(new URL('./harness', import.meta.url)).replace(/\/$/, '');
  const base = sandbox.rung === 'none' ? host : INSIDE;
  const program = REPAIR_LANGUAGES[parts.family].program(base, sandbox.nodePath);
  const argv = ['/bin/sh', '-c', PRIVATE_CHANNEL, 'harness', ...program];
  const process = await sandbox.start(
    {
      workspace,
      argv,
      directory: parts.directory,
      readOnly: sandbox.rung === 'none' ? [] : [{ host, inside: INSIDE }],
      limits: { wallMs: Math.ceil(parts.wallMs), memoryBytes: HARNESS_BYTES },
    },
    signal,
  );
  const live: Live = {
    process,
    token: createIds(parts.clock).next('run'),
    replies: [],
    ended: false,
    wake: () => undefined,
  };
  void listen(live);
  send(live, {
    op: 'start',
    token: live.token,
    directory: sandbox.insidePath(workspace, '.'),
    ...parts.start,
  });
  return live;
}

function send(live: Live, message: HarnessMessage): void {
  live.process.write(JSON.stringify(message));
}

/** What code under test may write to the channel after all has no token, and is passed over. */
async function listen(live: Live): Promise<void> {
  for await (const line of live.process.lines) {
    const reply = parseReply(line, live.token);
    if (reply === null) continue;
    if (reply.op === 'tries') live.replies.push(...reply.answers);
    else live.replies.push(reply);
    live.wake();
  }
  live.ended = true;
  live.wake();
}

function parseReply(line: string, token: string): HarnessReply | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('token' in value) || value.token !== token)
      return null;
    return value as HarnessReply & { token: string };
  } catch {
    return null;
  }
}

async function next(
  live: Live,
  limit: { clock: Clock; limitMs: number },
  signal?: AbortSignal,
): Promise<HarnessReply | null> {
  if (live.replies.length === 0 && !live.ended) {
    const timer = new AbortController();
    const woken = new Promise<void>((resolve) => {
      live.wake = resolve;
    });
    const cancelled = onAbort(signal, timer.signal);
    await Promise.race([
      woken,
      cancelled,
      limit.clock.sleep(limit.limitMs, timer.signal).catch(() => undefined),
    ]);
    timer.abort();
  }
  return live.replies.shift() ?? null;
}

function onAbort(signal: AbortSignal | undefined, until: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    signal?.addEventListener('abort', () => resolve(), { once: true, signal: until });
  });
}
