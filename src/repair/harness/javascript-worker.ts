// Runs inside the sandbox, in a worker thread: loads the tests with a candidate in place of the file, and tells the result.
import path from 'node:path';
import { mock } from 'node:test';
import { parentPort, workerData } from 'node:worker_threads';
import type { ToWorker } from './javascript.ts';
import { quickAssert } from './javascript-assert.ts';
import { createLoader, type Loader, stripped } from './javascript-loader.ts';
import { ExitSignal, type Guarded, muzzle } from './javascript-muzzle.ts';
import { createObserver, type Observer } from './javascript-observe.ts';
import { createRealm } from './javascript-realm.ts';
import { createTestApi, describeError } from './javascript-tests.ts';
import type {
  StartMessage,
  SurveyMessage,
  SurveyReply,
  TestOutcome,
  TryMessage,
  TryReply,
  Wanted,
  WireEdit,
} from './protocol.ts';

type Started = Omit<StartMessage, 'token'>;
type Entry = StartMessage['entries'][number];
const MAX_PROBES = 200_000;

export function main(): void {
  const port = parentPort;
  if (port === null) return;
  const { start, nonce, beat } = workerData as Given;
  // The code under test lives in this thread: it must find neither the way to the parent nor the nonce.
  for (const name of Object.keys(workerData as object))
    Object.defineProperty(workerData as object, name, { value: null });
  const send = port.postMessage.bind(port);
  const post = (message: object) => send({ nonce, ...message });
  const alive = () => Atomics.add(beat, 0, 1);
  const lab = createLab(start);
  port.on('message', ({ message, answersAtOnce }: ToWorker) => {
    alive();
    const box = createOutbox(post, answersAtOnce);
    const report = (reply: object) => {
      alive();
      box.add(reply);
    };
    const run =
      message.op === 'survey'
        ? lab.survey(message, alive).then(box.add)
        : message.op === 'try'
          ? lab.attempt(message, report)
          : message.op === 'record'
            ? lab.observer(alive).record(message).then(box.add)
            : lab.observer(alive).observe(message, box.add);
    run.then(
      () => {
        box.flush();
        post({ done: true });
      },
      (error: unknown) => post({ broken: describeError(error) }),
    );
  });
}

interface Given {
  readonly start: Started;
  readonly nonce: string;
  readonly beat: Int32Array;
}

const FLUSH_AFTER_MS = 100;

/** Answers are sent some at once: waking the other thread takes as long as trying a candidate. */
function createOutbox(post: (message: object) => void, atOnce: number) {
  let replies: object[] = [];
  let sentMs = performance.now();
  const flush = () => {
    post({ replies });
    replies = [];
    sentMs = performance.now();
  };
  const add = (reply: object) => {
    replies[replies.length] = reply;
    if (replies.length >= atOnce || performance.now() - sentMs > FLUSH_AFTER_MS) flush();
  };
  return { add, flush };
}

function createLab(start: Started) {
  const state: Guarded = {
    limit: Number.POSITIVE_INFINITY,
    used: 0,
    stray: null,
    probes: new Uint8Array(0),
    current: '',
  };
  const texts = new Map<string, string>();
  const base = new Map<string, string>();
  for (const [file, text] of Object.entries(start.sources)) {
    base.set(path.join(start.directory, file), stripped(file, text));
  }
  const api = createTestApi(mock, start.runner === 'mocha' ? 'mocha' : 'node');
  muzzle(state);
  const assertions = quickAssert();
  const loader = createLoader(start, {
    base,
    texts,
    modules: new Map([['node:test', api.nodeTest]]),
    assert: assertions,
    locate: () => null,
    finish: (_file, text) => text,
  });
  if (start.runner === 'mocha') Object.assign(globalThis, api.globals);
  const realm = createRealm([api.nodeTest, assertions.loose, assertions.strict]);
  const visit = async (wanted: Wanted, stopAtFailure: boolean, onEnd: (outcome: TestOutcome) => void) => {
    const entry = start.entries.find((one) => one.file === wanted.file);
    if (entry === undefined) return false;
    const options = { wanted: wanted.names === null ? null : new Set(wanted.names), stopAtFailure, onEnd };
    return start.runner === 'command'
      ? runScript(entry, { state, loader, realm, onEnd, start })
      : runFile(entry, { state, loader, api, realm, options });
  };
  const fresh = () => {
    realm.restore();
    loader.forget();
    state.used = 0;
    state.stray = null;
  };
  const plain = stripped;
  const { isBusy } = realm;
  let observer: Observer | null = null;
  return {
    observer: (alive: () => void) => {
      observer ??= createObserver({
        directory: start.directory,
        state,
        texts,
        plain,
        visit,
        fresh,
        isBusy,
        alive,
      });
      return observer;
    },
    survey: (message: SurveyMessage, alive: () => void) =>
      survey(message, { start, state, texts, visit, fresh, alive }),
    attempt: (message: TryMessage, report: (reply: TryReply) => void) =>
      attemptAll(message, { state, base, texts, visit, fresh, report, originals: realm.originals }),
  };
}

type Visit = (
  wanted: Wanted,
  stopAtFailure: boolean,
  onEnd: (outcome: TestOutcome) => void,
) => Promise<boolean>;

async function survey(
  message: SurveyMessage,
  lab: {
    start: Started;
    state: Guarded;
    texts: Map<string, string>;
    visit: Visit;
    fresh: () => void;
    alive: () => void;
  },
): Promise<SurveyReply> {
  const { state } = lab;
  const tests: TestOutcome[] = [];
  const loadProbes = new Set<number>();
  let ticks = 0;
  const began = performance.now();
  state.limit = message.ticks;
  if (message.cover) state.probes = new Uint8Array(MAX_PROBES);
  lab.texts.clear();
  for (const [file, text] of Object.entries(message.sources)) {
    lab.texts.set(path.join(lab.start.directory, file), stripped(file, text));
  }
  for (const entry of lab.start.entries) {
    lab.fresh();
    state.probes.fill(0);
    await lab.visit({ file: entry.file, names: null, required: [] }, false, (outcome) => {
      lab.alive();
      if (state.used <= state.limit) ticks = Math.max(ticks, state.used);
      tests.push(message.cover ? { ...outcome, probes: takeProbes(state.probes) } : outcome);
    });
    for (const probe of takeProbes(state.probes)) loadProbes.add(probe);
  }
  lab.fresh();
  state.probes = new Uint8Array(0);
  const durationMs = performance.now() - began;
  return {
    op: 'survey',
    id: message.id,
    ok: true,
    reason: null,
    tests,
    loadProbes: [...loadProbes],
    ticks,
    durationMs,
  };
}

function takeProbes(probes: Uint8Array): number[] {
  const passed: number[] = [];
  for (let i = 0; i < probes.length; i += 1) if (probes[i] === 1) passed.push(i);
  probes.fill(0);
  return passed;
}

interface Attempts {
  readonly state: Guarded;
  readonly base: ReadonlyMap<string, string>;
  readonly texts: Map<string, string>;
  readonly visit: Visit;
  readonly fresh: () => void;
  /** Puts the built-ins back: what the candidate made of them must not decide about it. */
  readonly originals: () => void;
  readonly report: (reply: TryReply) => void;
}

async function attemptAll(message: TryMessage, lab: Attempts): Promise<void> {
  lab.state.limit = message.ticks;
  for (const candidate of message.candidates) {
    lab.texts.clear();
    for (const [file, text] of editedTexts(candidate.edits, lab.base)) lab.texts.set(file, text);
    const first = await rounds(message.failing, false, lab);
    const last = first.clean ? await rounds(message.passing, true, lab) : null;
    const slow = lab.state.used > lab.state.limit;
    const failed = first.failed ?? last?.failed ?? null;
    const verdict = slow ? 'slow' : first.clean && last?.clean === true ? 'pass' : 'fail';
    lab.report({
      op: 'try',
      id: candidate.id,
      verdict,
      fixed: first.fixed,
      failed: failed === null ? null : nameOf(failed),
      lines: failed === null ? [] : linesIn(failed.error ?? '', failed.file),
    });
  }
  lab.fresh();
}

interface Round {
  /** Every required test was seen to pass, and none failed. */
  readonly clean: boolean;
  readonly fixed: readonly string[];
  readonly failed: TestOutcome | null;
}

/** Runs the wanted tests, each file in a fresh realm, and counts only what was seen: silence is no success. */
async function rounds(wanted: readonly Wanted[], stopAtFailure: boolean, lab: Attempts): Promise<Round> {
  const outcomes: TestOutcome[] = [];
  let count = 0;
  let clean = true;
  for (let i = 0; i < wanted.length; i += 1) {
    const one = wanted[i] as Wanted;
    lab.fresh();
    const passed = await lab.visit(one, stopAtFailure, (outcome) => {
      outcomes[count] = outcome;
      count += 1;
    });
    await turn();
    if (passed) lab.originals();
    const seen = new Set(outcomes.filter((it) => it.file === one.file && it.status === 'passed').map(joined));
    clean &&= passed && lab.state.stray === null && one.required.every((name) => seen.has(name));
    if (!clean && stopAtFailure) break;
  }
  const failed = outcomes.find((outcome) => outcome.status === 'failed') ?? null;
  const fixed = outcomes.filter((outcome) => outcome.status === 'passed').map(nameOf);
  return { clean: clean && failed === null, fixed, failed };
}

function joined(outcome: TestOutcome): string {
  return outcome.path.join(' › ');
}

function nameOf(outcome: TestOutcome): string {
  return `${outcome.file} › ${joined(outcome)}`;
}

/** Lines of `file` in a stack, outermost first. */
function linesIn(stack: string, file: string): number[] {
  const lines: number[] = [];
  for (const row of stack.split('\n')) {
    const at = row.indexOf(file);
    const match = at < 0 ? null : /^(?:\?c=\d+)?:(\d+)/.exec(row.slice(at + file.length));
    if (match !== null) lines.unshift(Number(match[1]));
  }
  return lines;
}

function editedTexts(edits: readonly WireEdit[], base: ReadonlyMap<string, string>): Map<string, string> {
  const result = new Map<string, string>();
  const ordered = [...edits].sort((a, b) => b[1] - a[1] || b[2] - a[2]);
  for (const [file, begin, end, text] of ordered) {
    for (const [full, original] of base) {
      if (!full.endsWith(`/${file}`)) continue;
      const now = result.get(full) ?? original;
      result.set(full, now.slice(0, begin) + text + now.slice(end));
    }
  }
  return result;
}

async function runScript(
  entry: Entry,
  lab: {
    state: Guarded;
    loader: Loader;
    realm: { isBusy(): boolean };
    onEnd: (outcome: TestOutcome) => void;
    start: Started;
  },
): Promise<boolean> {
  const { state } = lab;
  let thrown: unknown = null;
  state.current = entry.file;
  try {
    await lab.loader.load(entry);
  } catch (error) {
    if (!(error instanceof ExitSignal)) thrown = error ?? new Error('threw nothing');
  }
  await turn();
  while (thrown === null && state.stray === null && lab.realm.isBusy()) await turn();
  state.current = '';
  const exit = process.exitCode;
  const bad =
    thrown ??
    state.stray ??
    (exit === undefined || Number(exit) === 0 ? null : new Error(`exit code ${exit}`));
  const status = bad === null ? 'passed' : 'failed';
  lab.onEnd({ file: entry.file, path: [], status, error: bad === null ? null : describeError(bad) });
  return bad === null;
}

const immediate = setImmediate;
function turn(): Promise<void> {
  return new Promise((resolve) => {
    immediate(resolve);
  });
}

async function runFile(
  entry: Entry,
  lab: {
    state: Guarded;
    loader: Loader;
    api: ReturnType<typeof createTestApi>;
    realm: { isBusy(): boolean };
    options: {
      wanted: ReadonlySet<string> | null;
      stopAtFailure: boolean;
      onEnd: (outcome: TestOutcome) => void;
    };
  },
): Promise<boolean> {
  const collected = lab.api.open();
  try {
    await lab.loader.load(entry);
  } catch (error) {
    lab.options.onEnd({ file: entry.file, path: [], status: 'failed', error: describeError(error) });
    return false;
  }
  return lab.api.run(collected, {
    ...lab.options,
    file: entry.file,
    onStart: () => {
      lab.state.used = 0;
    },
    stray: () => lab.state.stray,
    isBusy: lab.realm.isBusy,
  });
}

main();
