// Runs inside the sandbox: the long-lived process that takes candidates on descriptor 3 and answers on 4. Code under test
// runs in a worker thread that is ended when it hangs, dies or has grown too large; it is never given the token.
import { randomUUID } from 'node:crypto';
import { createReadStream, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { keepTree, type TreeKeeper } from './javascript-tree.ts';
import type {
  HarnessMessage,
  HarnessReply,
  ObserveMessage,
  ObserveReply,
  RecordMessage,
  StartMessage,
  SurveyMessage,
  TryMessage,
  TryReply,
} from './protocol.ts';

const IN = 3;
const OUT = 4;
const WATCH_EVERY_MS = 15;
const WORKER_HEAP_MB = 384;
const START_UP_MS = 2_000;
/** Time-outs count processor time, which a busy machine does not change; who only waits gets this much more of the clock. */
const WAITING_FACTOR = 4;
/** Loaded modules may stay in memory for the life of a thread, so a thread is replaced after loading this often. */
const LOADS_PER_WORKER = 4_000;
/** Calls that end the thread, of one program, until it is given up. */
const MAX_ENDINGS = 3;
/** Answers that a thread sends at once; one by one when it is to be found out which candidate ended it. */
const ANSWERS_AT_ONCE = 96;

interface Session {
  readonly start: Omit<StartMessage, 'token'>;
  readonly reply: (messages: readonly HarnessReply[]) => void;
  readonly tree: TreeKeeper;
  worker: Worker | null;
  nonce: string;
  beat: Int32Array<SharedArrayBuffer>;
  tried: number;
}

interface FromWorker {
  readonly nonce: string;
  readonly replies?: readonly HarnessReply[];
  readonly done?: boolean;
  readonly broken?: string;
}

export interface ToWorker {
  readonly message: SurveyMessage | TryMessage | RecordMessage | ObserveMessage;
  readonly answersAtOnce: number;
}

/**
 * Most of what runs here runs a few times, once each candidate: compilers that pay off later are left for what runs on and
 * on. Another version of Node that does not know these does without.
 */
const FLAGS = [
  '--no-sparkplug',
  '--invocation-count-for-maglev=1500',
  '--invocation-count-for-turbofan=30000',
];

async function serve(): Promise<void> {
  for (const flag of FLAGS) setFlagsFromString(flag);
  let session: Session | null = null;
  for await (const line of createInterface({ input: createReadStream('', { fd: IN }) })) {
    const message = JSON.parse(line) as HarnessMessage;
    if (message.op === 'start') {
      session = openSession(message);
      openWorker(session);
    }
    if (session !== null && message.op === 'survey') await survey(session, message);
    else if (session !== null && message.op === 'try') await tryAll(session, message);
    else if (session !== null && message.op === 'record') await record(session, message);
    else if (session !== null && message.op === 'observe') await observe(session, message);
  }
  process.exit(0);
}

function openSession({ token, ...start }: StartMessage): Session {
  // A line break on both sides: what was written between by others spoils no answer.
  const lineOf = (message: HarnessReply) => `\n${JSON.stringify({ token, ...message })}\n`;
  const reply = (messages: readonly HarnessReply[]) => {
    const answers = messages.filter((message) => message.op === 'try');
    if (answers.length < messages.length) writeAll(messages.map(lineOf).join(''));
    else writeAll(lineOf({ op: 'tries', answers }));
  };
  // Signs of life, the place of the candidate that is being tried, and how often everything was loaded anew.
  const beat = new Int32Array(new SharedArrayBuffer(12));
  return { start, reply, tree: keepTree(start.directory), worker: null, nonce: '', beat, tried: 0 };
}

function writeAll(text: string): void {
  const bytes = Buffer.from(text);
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(OUT, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

function openWorker(session: Session): Worker {
  session.nonce = randomUUID();
  session.tried = 0;
  Atomics.store(session.beat, 2, 0);
  const { start, nonce, beat } = session;
  const worker = new Worker(new URL('./javascript-worker.ts', import.meta.url), {
    workerData: { start, nonce, beat },
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  // Errors and exits are seen by whoever waits for an answer; without a listener they would end this process.
  worker.on('error', () => undefined);
  session.worker = worker;
  return worker;
}

async function closeWorker(session: Session): Promise<void> {
  const worker = session.worker;
  session.worker = null;
  await worker?.terminate();
  session.tree.putBack();
}

interface Ending {
  readonly kind: 'done' | 'hang' | 'died';
  /** The candidate that was being tried, by its place in the message. */
  readonly at: number;
  /** Signs of life since the request. */
  readonly finished: number;
  readonly reason: string | null;
}

/** Sends a request and hands on the answers until the last one; ends the worker when it stands still for too long. */
async function converse(
  session: Session,
  request: ToWorker,
  onReplies: (replies: readonly HarnessReply[]) => void,
): Promise<Ending> {
  const isNew = session.tried === 0;
  const worker = session.worker ?? openWorker(session);
  const { nonce } = session;
  const firstBeat = Atomics.load(session.beat, 0);
  Atomics.store(session.beat, 1, 0);
  const ending = await new Promise<Omit<Ending, 'at' | 'finished'>>((resolve) => {
    const stop = watchStandstill(session, { limitMs: request.message.timeoutMs, isNew }, () =>
      finish({ kind: 'hang', reason: 'no answer in time' }),
    );
    const onMessage = (data: FromWorker) => {
      if (data === null || typeof data !== 'object' || data.nonce !== nonce) return;
      if (data.broken !== undefined) return finish({ kind: 'died', reason: data.broken });
      if (data.replies !== undefined && data.replies.length > 0) {
        session.tried += data.replies.length;
        onReplies(data.replies);
      }
      if (data.done === true) finish({ kind: 'done', reason: null });
    };
    const onError = (error: Error) => finish({ kind: 'died', reason: error.message });
    const onExit = () => finish({ kind: 'died', reason: 'the thread ended' });
    const finish = (result: Omit<Ending, 'at' | 'finished'>) => {
      stop();
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      resolve(result);
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(request);
  });
  const at = Atomics.load(session.beat, 1);
  // One beat is for the request itself.
  const finished = Atomics.load(session.beat, 0) - firstBeat - 1;
  if (ending.kind !== 'done') await closeWorker(session);
  return { ...ending, at, finished };
}

/** Calls back when the thread's beat stood still for the time: of the processor, or four times that of the clock. */
function watchStandstill(
  session: Session,
  { limitMs, isNew }: { limitMs: number; isNew: boolean },
  onStandstill: () => void,
): () => void {
  const cpuMs = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  };
  let beat = Atomics.load(session.beat, 0);
  let allowedMs = limitMs + (isNew ? START_UP_MS : 0);
  let mark = { clock: performance.now(), cpu: cpuMs() };
  const timer = setInterval(() => {
    const now = Atomics.load(session.beat, 0);
    if (now !== beat) {
      beat = now;
      allowedMs = limitMs;
      mark = { clock: performance.now(), cpu: cpuMs() };
    } else if (
      cpuMs() - mark.cpu > allowedMs ||
      performance.now() - mark.clock > allowedMs * WAITING_FACTOR
    ) {
      onStandstill();
    }
  }, WATCH_EVERY_MS);
  return () => clearInterval(timer);
}

async function survey(session: Session, message: SurveyMessage): Promise<void> {
  let answered = false;
  const { reason } = await converse(session, { message, answersAtOnce: 1 }, (replies) => {
    answered = true;
    session.reply(replies);
  });
  if (answered) return;
  const nothing = { tests: [], loadProbes: [], ticks: 0, durationMs: 0 };
  session.reply([{ op: 'survey', id: message.id, ok: false, reason, ...nothing }]);
}

async function record(session: Session, message: RecordMessage): Promise<void> {
  let answered = false;
  await converse(session, { message, answersAtOnce: 1 }, (replies) => {
    answered = true;
    session.reply(replies);
  });
  if (!answered) session.reply([{ op: 'record', id: message.id, calls: [] }]);
}

/** Calls that end the thread are marked, those whose results were lost with it are made again; a few times. */
async function observe(session: Session, message: ObserveMessage): Promise<void> {
  const all = message.calls.length;
  let from = 0;
  let offender: number | null = null;
  for (let endings = 0; from < all && endings <= MAX_ENDINGS; ) {
    const base = from;
    const calls = message.calls.slice(base, offender ?? all);
    const { kind, finished } = await converse(
      session,
      { message: { ...message, calls }, answersAtOnce: 1 },
      (replies) => {
        for (const reply of replies as readonly ObserveReply[]) {
          from = base + reply.from + reply.results.length;
          session.reply([{ ...reply, from: base + reply.from, done: false }]);
        }
      },
    );
    if (kind === 'done' && offender === null) break;
    if (kind === 'done') {
      session.reply([{ op: 'observe', id: message.id, from, results: [{ kind: 'endless' }], done: false }]);
      from += 1;
      offender = null;
    } else {
      offender = Math.min(all - 1, base + Math.max(0, finished));
      endings += 1;
    }
  }
  session.reply([{ op: 'observe', id: message.id, from, results: [], done: true }]);
}

async function tryAll(session: Session, message: TryMessage): Promise<void> {
  let rest = message.candidates;
  let known: { id: number; verdict: TryReply['verdict'] } | null = null;
  let careful = false;
  while (rest.length > 0) {
    if (Atomics.load(session.beat, 2) > LOADS_PER_WORKER) await closeWorker(session);
    const offenderAt = rest.findIndex((one) => one.id === known?.id);
    if (offenderAt === 0 && known !== null) {
      session.reply([{ op: 'try', ...known, fixed: [], failed: null, lines: [] }]);
      known = null;
      rest = rest.slice(1);
      continue;
    }
    const upTo = offenderAt > 0 ? offenderAt : careful ? ANSWERS_AT_ONCE : rest.length;
    const candidates = rest.slice(0, upTo);
    let answered = 0;
    const { kind, at } = await converse(
      session,
      { message: { ...message, candidates }, answersAtOnce: careful ? 1 : ANSWERS_AT_ONCE },
      (replies) => {
        answered += replies.length;
        session.reply(replies);
      },
    );
    // The answers of those before the offender may be lost with the thread: they are tried again, up to it.
    const offender = candidates[kind === 'done' ? answered : Math.max(answered, at)];
    if (kind === 'done') careful = false;
    const isKnown = kind === 'hang' || (kind === 'died' && careful) || (kind === 'done' && answered === 0);
    if (offender !== undefined && isKnown)
      known = { id: offender.id, verdict: kind === 'hang' ? 'hang' : 'died' };
    else if (kind === 'died') careful = true;
    rest = rest.slice(answered);
  }
}

await serve();
