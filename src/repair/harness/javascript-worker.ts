// Runs inside the sandbox, in a worker thread: loads the tests with a candidate in place of the file, and tells the result.
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { ToWorker } from './javascript.ts';
import { quickAssert } from './javascript-assert.ts';
import { attemptAll, type Told } from './javascript-attempts.ts';
import { describeBriefly, describeError } from './javascript-errors.ts';
import { noteHidden } from './javascript-hidden.ts';
import { createLoader, type Loader, stripped } from './javascript-loader.ts';
import { ExitSignal, type Guarded, muzzle } from './javascript-muzzle.ts';
import { createObserver, type Observer } from './javascript-observe.ts';
import { openProject, type Project } from './javascript-project.ts';
import { createRealm } from './javascript-realm.ts';
import { type Pace, turn, type Visit } from './javascript-rounds.ts';
import type { Rerun } from './javascript-world.ts';
import { createWorlds } from './javascript-worlds.ts';
import type { StartMessage, SurveyMessage, SurveyReply, TestOutcome, TryMessage } from './protocol.ts';

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
  const at = (index: number) => {
    Atomics.store(beat, 1, index);
    alive();
  };
  const loading = () => Atomics.add(beat, 2, 1);
  const opening = openProject(start).then((project) => createLab(start, project, { alive, loading }));
  // Whoever asks first is told why.
  opening.catch(() => undefined);
  port.on('message', ({ message, answersAtOnce }: ToWorker) => {
    alive();
    const box = createOutbox(post, answersAtOnce);
    const told: Told = { at, report: (id, answer) => box.add({ op: 'try', id, ...answer }) };
    const run = (lab: ReturnType<typeof createLab>) =>
      message.op === 'survey'
        ? lab.survey(message).then(box.add)
        : message.op === 'try'
          ? lab.attempt(message, told)
          : message.op === 'record'
            ? lab.observer().record(message).then(box.add)
            : lab.observer().observe(message, box.add);
    opening.then(run).then(
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

function createLab(
  start: Started,
  project: Project,
  { alive, loading }: { alive: () => void; loading: () => void },
) {
  const state: Guarded = {
    limit: Number.POSITIVE_INFINITY,
    used: 0,
    stray: null,
    late: false,
    probes: new Uint8Array(0),
    loaded: null,
    current: '',
    isBrief: false,
  };
  const texts = new Map<string, string>();
  const base = new Map<string, string>();
  for (const [file, text] of Object.entries(start.sources)) {
    base.set(path.join(start.directory, file), stripped(file, text));
  }
  const { api } = project;
  muzzle(state);
  const hidden = noteHidden();
  const assertions = quickAssert(() => state.isBrief);
  const loader = createLoader(start, {
    base,
    texts,
    modules: api.modules,
    assert: assertions,
    locate: project.locate,
    finish: project.finish,
    whileLoading: (file, run) => worlds.whileLoading(file, run),
  });
  for (const entry of start.entries.slice(0, 1)) project.enter(entry.file);
  const realm = createRealm([...api.modules.values(), assertions.loose, assertions.strict]);
  const stay = createStay(start, { state, loader, project, realm });
  const visit: Visit = async (wanted, pace, onEnd) => {
    const entry = start.entries.find((one) => one.file === wanted.file);
    if (entry === undefined) return false;
    if (start.runner === 'command') return runScript(entry, { state, realm, onEnd, load: loader.load });
    const rerun = await stay(entry, null, onEnd);
    return rerun === null ? false : rerun(wanted, pace, onEnd);
  };
  const fresh = () => {
    api.reset();
    realm.restore();
    loader.forget();
    loading();
    worlds.outside();
    state.used = 0;
    state.stray = null;
  };
  const given = { start, state, loader, realm, hidden, base, texts };
  const worlds = createWorlds({ ...given, visit, fresh, stay, alive });
  const { directory } = start;
  const { isBusy, originals } = realm;
  let observer: Observer | null = null;
  return {
    observer: () => {
      observer ??= createObserver({ directory, state, texts, plain: stripped, visit, fresh, isBusy, alive });
      return observer;
    },
    survey: (message: SurveyMessage) =>
      survey(message, { start, state, texts, visit, fresh, alive, problem: project.problem }),
    attempt: (message: TryMessage, told: Told) =>
      attemptAll(message, { state, base, texts, visit, fresh, originals, worlds }, told),
  };
}

interface Stayed {
  readonly state: Guarded;
  readonly loader: Loader;
  readonly project: Project;
  readonly realm: { isBusy(): boolean };
}

/** Loads files of tests that can be run again and again; a script is run once by being loaded. */
function createStay(
  start: Started,
  { state, loader, project, realm }: Stayed,
): (
  entry: Entry,
  before: readonly string[] | null,
  onEnd?: (outcome: TestOutcome) => void,
) => Promise<Rerun | null> {
  const ignore = () => undefined;
  const options = {
    onStart: () => {
      state.used = 0;
    },
    // Told once: what one test did outside its own promise is not the next one's fault.
    stray: () => {
      const { stray } = state;
      state.stray = null;
      return stray;
    },
    isBusy: realm.isBusy,
  };
  const sets = new WeakMap<readonly string[], ReadonlySet<string>>();
  const setOf = (names: readonly string[]) => {
    const known = sets.get(names) ?? new Set(names);
    sets.set(names, known);
    return known;
  };
  return async (entry, before, onEnd = ignore) => {
    if (start.runner === 'command') {
      if (before === null) await runScript(entry, { state, realm, onEnd: ignore, load: loader.load });
      for (const file of before ?? []) await loader.preload(file);
      return (_wanted, _stop, tell) => runScript(entry, { state, realm, onEnd: tell, load: loader.again });
    }
    const { api } = project;
    const collected = api.open();
    try {
      for (const file of project.enter(entry.file)) await loader.load({ file, args: [] });
      await loader.load(entry);
    } catch (error) {
      onEnd({ file: entry.file, path: [], status: 'failed', error: describeError(error) });
      return null;
    }
    state.loaded?.();
    return async (wanted, pace, tell) => {
      const names = wanted.names === null ? null : setOf(wanted.names);
      const { file } = entry;
      const how = { stopAtFailure: pace === 'first', explain: explainer(state, pace) };
      const clean = await api.run(collected, { ...options, ...how, wanted: names, onEnd: tell, file });
      state.isBrief = false;
      api.reset();
      return clean;
    };
  };
}

/** Says what was thrown; briefly, only the first time. */
function explainer(state: Guarded, pace: Pace): (error: unknown) => string {
  state.isBrief = false;
  if (pace === 'explained') return describeError;
  return (error) => {
    if (state.isBrief) return '';
    state.isBrief = true;
    return describeBriefly(error);
  };
}

async function survey(
  message: SurveyMessage,
  lab: {
    start: Started;
    state: Guarded;
    texts: Map<string, string>;
    visit: Visit;
    fresh: () => void;
    alive: () => void;
    /** Why none of the tests can be run here. */
    problem: string | null;
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
  for (const [index, entry] of (lab.problem === null ? lab.start.entries : []).entries()) {
    const { ms = Number.POSITIVE_INFINITY, entries = 0 } = message.enough ?? {};
    if (index >= entries && performance.now() - began > ms) break;
    lab.fresh();
    state.probes.fill(0);
    // Else what runs while files are loaded would be the first test's.
    state.loaded = () => {
      for (const probe of takeProbes(state.probes)) loadProbes.add(probe);
    };
    await lab.visit({ file: entry.file, names: null, required: [] }, 'explained', (outcome) => {
      lab.alive();
      if (state.used <= state.limit) ticks = Math.max(ticks, state.used);
      tests.push(message.cover ? { ...outcome, probes: takeProbes(state.probes) } : outcome);
    });
    for (const probe of takeProbes(state.probes)) loadProbes.add(probe);
  }
  lab.fresh();
  state.loaded = null;
  state.probes = new Uint8Array(0);
  const durationMs = performance.now() - began;
  return {
    op: 'survey',
    id: message.id,
    ok: true,
    reason: lab.problem,
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

async function runScript(
  entry: Entry,
  lab: {
    state: Guarded;
    realm: { isBusy(): boolean };
    onEnd: (outcome: TestOutcome) => void;
    load: Loader['load'];
  },
): Promise<boolean> {
  const { state } = lab;
  let thrown: unknown = null;
  state.current = entry.file;
  try {
    await lab.load(entry);
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

main();
