// Runs inside the sandbox. Runs collected tests one at a time, in the order written, the way their runner would.
import { shownTitle } from './javascript-titles.ts';
import type { TestOutcome } from './protocol.ts';

export type Callback = (...args: unknown[]) => unknown;
export type Hooks = Record<'before' | 'after' | 'beforeEach' | 'afterEach', Callback[]>;

export interface Suite {
  readonly path: readonly string[];
  readonly hooks: Hooks;
  readonly items: (Suite | Case)[];
  readonly skip: boolean;
  /** Where one is set in a file, only such suites and cases run. */
  readonly only: boolean;
  /** Defines the suite's items, for runners that ask after the whole file was read; null when they are there. */
  gather: (() => unknown) | null;
  prepared: boolean;
  /** Whether something in it is marked as the only thing to run. */
  marked: boolean;
  /** What a hook before all threw, in a list of one; its cases fail with it. */
  spoiled: readonly [unknown] | null;
  /** What hooks before all gave to be called at the end. */
  undo: Callback[];
}

export interface Case {
  /** Titles of the suites and of the case, as written. */
  readonly path: readonly string[];
  /** The same as reports show them. */
  readonly shown: readonly string[];
  /** These, joined: what it is wanted by. */
  readonly name: string;
  readonly suite: Suite;
  readonly body: Callback | null;
  readonly skip: boolean;
  readonly only: boolean;
  /** Passes by failing. */
  readonly inverted: boolean;
  /** Times that it is tried again after a failure. */
  readonly retries: number;
  /** Time for the body, milliseconds; null for the runner's own. */
  readonly timeoutMs: number | null;
}

export interface Collected {
  readonly root: Suite;
  /** What was picked of it for the names that were last wanted: a file of many tests is not looked through each time. */
  picked: { readonly wanted: ReadonlySet<string> | null; readonly part: Part } | null;
}

/** A suite with those of its items that are wanted. */
interface Part {
  readonly suite: Suite;
  /** The suite and those around it, outer before inner. */
  readonly suites: readonly Suite[];
  readonly items: readonly (Part | Case)[];
  /** How many items it was picked from; what tests define while they run comes after these. */
  readonly seen: number;
}

export interface RunOptions {
  readonly file: string;
  /** Which tests to run, by their path joined with ` › `; null for all. */
  readonly wanted: ReadonlySet<string> | null;
  readonly stopAtFailure: boolean;
  readonly onStart: () => void;
  readonly onEnd: (outcome: TestOutcome) => void;
  /** What is said of a failure. */
  readonly explain: (error: unknown) => string;
  /** A failure noticed outside the test's own promise: an uncaught error, an exit, a tick limit. */
  readonly stray: () => unknown;
  /** True while a timer or an operation of the system may still bring a waiting test on. */
  readonly isBusy: () => boolean;
}

/** What differs between runners. */
export interface Style {
  /** A body that declares this many parameters is finished by calling the last of them. */
  readonly callbackAt: number;
  /** Whether a hook may return what undoes it. */
  readonly undoes: boolean;
  /** Whether hooks after run in the reverse order of their definition. */
  readonly reversed: boolean;
  /** Time for a body, milliseconds; null for none. */
  readonly timeoutMs: number | null;
  /** What bodies are given; `nest` runs a sub-test in place. */
  readonly contextOf: (testCase: Case, nest: (args: unknown[]) => Promise<void>) => Record<string, unknown>;
  /** Times that a failed case is tried again when it does not say so itself. */
  readonly retries: number;
  /** Called before each try of a case; what is put into `undo` is called after it. */
  readonly begin: (testCase: Case, file: string, undo: Callback[]) => void;
  /** Called after the body; throws when the case did not do what it promised. */
  readonly finish: () => void;
}

export interface TestApi {
  /** Starts collecting for one file. */
  open(): Collected;
  /** Runs what was collected; resolves true when nothing failed. The same collection may be run again. */
  run(collected: Collected, options: RunOptions): Promise<boolean>;
  /** What stands in for the runner's modules. */
  readonly modules: ReadonlyMap<string, object>;
  readonly globals: Readonly<Record<string, unknown>>;
  /** Takes back what tests did to the runner's own tools: mocks, false clocks. */
  reset(): void;
}

interface Inner extends RunOptions {
  readonly style: Style;
  /** Whether only marked cases run. */
  readonly onlyMarked: boolean;
}

const SEPARATOR = ' › ';
const { setTimeout: later, clearTimeout: notLater } = globalThis;

export class SkipSignal extends Error {}

export function newSuite(
  path: readonly string[],
  flags: { skip: boolean; only: boolean } = { skip: false, only: false },
): Suite {
  return {
    path,
    ...flags,
    hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
    items: [],
    gather: null,
    prepared: false,
    marked: false,
    spoiled: null,
    undo: [],
  };
}

export async function runCollected(
  collected: Collected,
  options: RunOptions & { readonly style: Style },
): Promise<boolean> {
  const { root, picked } = collected;
  const { wanted } = options;
  const part = picked !== null && picked.wanted === wanted ? picked.part : pick(root, [], wanted);
  collected.picked = { wanted, part };
  makeReady(part);
  return runPart(part, { ...options, onlyMarked: root.marked });
}

function pick(suite: Suite, around: readonly Suite[], wanted: ReadonlySet<string> | null): Part {
  const suites = [...around, suite];
  const items: (Part | Case)[] = [];
  suite.marked = suite.only;
  for (const item of suite.items) {
    if ('items' in item) {
      const part = pick(item, suites, wanted);
      if (part.items.length > 0) items.push(part);
      suite.marked ||= item.marked;
    } else {
      if (wanted === null || wanted.has(item.name)) items.push(item);
      suite.marked ||= item.only;
    }
  }
  return { suite, suites, items, seen: suite.items.length };
}

/** As if nothing of it had been run. */
function makeReady({ suite, items }: Part): void {
  suite.prepared = false;
  suite.spoiled = null;
  if (suite.undo.length > 0) suite.undo = [];
  for (const item of items) if ('items' in item) makeReady(item);
}

async function runPart(part: Part, options: Inner): Promise<boolean> {
  const { suite, suites, items } = part;
  let clean = true;
  for (const item of items) {
    const passed = 'items' in item ? await runPart(item, options) : await runCase(item, suites, options);
    clean &&= passed;
    if (!clean && options.stopAtFailure) return false;
  }
  for (let i = part.seen; i < suite.items.length; i += 1) {
    const item = suite.items[i] as Suite | Case;
    const late = 'items' in item ? pick(item, suites, options.wanted) : item;
    const passed = 'items' in late ? await runPart(late, options) : await runCase(late, suites, options);
    clean &&= passed;
    if (!clean && options.stopAtFailure) return false;
  }
  if (!suite.prepared) return clean;
  try {
    for (const body of ordered(suite.hooks.after, options.style)) await call(body, {}, options);
    for (const body of suite.undo.toReversed()) await call(body, {}, options);
  } catch (error) {
    const path = [...suite.path.map(shownTitle), '(hooks)'];
    options.onEnd({ file: options.file, path, status: 'failed', error: options.explain(error) });
    return false;
  }
  return clean;
}

function ordered(hooks: readonly Callback[], style: Style): readonly Callback[] {
  return style.reversed ? hooks.toReversed() : hooks;
}

async function runCase(testCase: Case, suites: readonly Suite[], options: Inner): Promise<boolean> {
  if (options.wanted !== null && !options.wanted.has(testCase.name)) return true;
  const unmarked = options.onlyMarked && !testCase.only && !suites.some((suite) => suite.only);
  const isSkipped = testCase.skip || unmarked || suites.some((suite) => suite.skip);
  const end = (status: TestOutcome['status'], error: string | null) =>
    options.onEnd({ file: options.file, path: testCase.shown, status, error });
  if (isSkipped || testCase.body === null) {
    end('skipped', null);
    return true;
  }
  let attempt = await tryCase(testCase, { suites, options });
  const retries = Math.max(testCase.retries, options.style.retries);
  for (let i = 0; i < retries && attempt.failed; i += 1) {
    attempt = await tryCase(testCase, { suites, options });
  }
  const { failed, skipped, thrown } = attempt;
  end(failed ? 'failed' : skipped ? 'skipped' : 'passed', failed ? options.explain(thrown) : null);
  return !failed;
}

interface Attempt {
  readonly failed: boolean;
  readonly skipped: boolean;
  readonly thrown: unknown;
}

async function tryCase(
  testCase: Case,
  { suites, options }: { suites: readonly Suite[]; options: Inner },
): Promise<Attempt> {
  const state = { failed: false, skipped: false, thrown: null as unknown };
  const fail = (error: unknown) => {
    state.skipped = error instanceof SkipSignal && !state.failed;
    if (state.skipped) return;
    if (!state.failed) state.thrown = error;
    state.failed = true;
  };
  const undo: Callback[] = [];
  const { context, subtestFailed } = contextFor(testCase, options);
  options.onStart();
  options.style.begin(testCase, options.file, undo);
  try {
    await prepareSuites(suites, context, options);
    for (const suite of suites) {
      for (const body of suite.hooks.beforeEach) await callHook(body, { context, undo }, options);
    }
    await callBody(testCase, context, options);
    if (subtestFailed()) fail(null);
  } catch (error) {
    fail(error);
  }
  try {
    for (const suite of suites.toReversed()) {
      for (const body of ordered(suite.hooks.afterEach, options.style)) await call(body, context, options);
    }
    for (const body of undo.toReversed()) await call(body, context, options);
  } catch (error) {
    fail(error);
  }
  const stray = options.stray();
  if (stray !== null) return { failed: true, skipped: false, thrown: stray };
  if (!testCase.inverted || state.skipped) return state;
  return { failed: !state.failed, skipped: false, thrown: new Error('a test that is to fail passes') };
}

async function prepareSuites(
  suites: readonly Suite[],
  context: Record<string, unknown>,
  options: Inner,
): Promise<void> {
  for (const suite of suites) {
    if (suite.spoiled !== null) throw suite.spoiled[0];
    if (suite.prepared) continue;
    suite.prepared = true;
    try {
      for (const body of suite.hooks.before) await callHook(body, { context, undo: suite.undo }, options);
    } catch (error) {
      suite.spoiled = [error];
      throw error;
    }
  }
}

async function callHook(
  body: Callback,
  { context, undo }: { context: Record<string, unknown>; undo: Callback[] },
  options: Inner,
): Promise<void> {
  const given = await call(body, context, options);
  if (options.style.undoes && typeof given === 'function') undo.push(given as Callback);
}

/** The body within its time. */
async function callBody(testCase: Case, context: Record<string, unknown>, options: Inner): Promise<void> {
  const { style } = options;
  const limitMs = testCase.timeoutMs ?? style.timeoutMs;
  const result = call(testCase.body as Callback, context, options);
  if (result instanceof Promise) await (limitMs === null ? result : within(result, limitMs));
  style.finish();
}

function within(result: Promise<unknown>, limitMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = later(() => reject(new Error(`the time limit of ${limitMs} ms was passed`)), limitMs);
    // It is nothing that could bring the test on.
    timer.unref();
    result.finally(() => notLater(timer)).then(resolve, reject);
  });
}

function contextFor(testCase: Case, options: Inner) {
  const subtests: TestOutcome[] = [];
  const nest = async (args: unknown[]) => {
    const { name, body } = readArguments(args);
    const path = [...testCase.path, name];
    const suite = newSuite(path);
    await runCase(plainCase(suite, path, body), [suite], {
      ...options,
      wanted: null,
      onStart: () => undefined,
      onEnd: (outcome) => {
        subtests.push(outcome);
        options.onEnd(outcome);
      },
    });
  };
  const context = options.style.contextOf(testCase, nest);
  return { context, subtestFailed: () => subtests.some((sub) => sub.status === 'failed') };
}

export function plainCase(suite: Suite, path: readonly string[], body: Callback | null): Case {
  const shown = path.map(shownTitle);
  const name = shown.join(SEPARATOR);
  const plain = { skip: false, only: false, inverted: false, retries: 0, timeoutMs: null };
  return { path, shown, name, suite, body, ...plain };
}

export function readArguments(args: unknown[]): {
  name: string;
  options: Record<string, unknown>;
  body: Callback | null;
} {
  const body = args.find((arg): arg is Callback => typeof arg === 'function') ?? null;
  const first = args[0];
  const name = typeof first === 'string' ? first : (body?.name ?? '') || '<anonymous>';
  const options = args.find((arg) => typeof arg === 'object' && arg !== null);
  return { name, options: (options ?? {}) as Record<string, unknown>, body };
}

/**
 * Calls a body, with a callback when it asks for one (mocha's and jest's one, node:test's second parameter). Only what has
 * to be waited for comes as a promise.
 */
function call(body: Callback, context: Record<string, unknown>, options: Inner): unknown {
  const { callbackAt } = options.style;
  if (body.length < callbackAt) {
    const result = body.call(context, context);
    const waits = typeof result === 'object' && result !== null && 'then' in result;
    return waits ? unlessStuck(Promise.resolve(result), options.isBusy) : result;
  }
  const called = new Promise((resolve, reject) => {
    const done = (error: unknown) => (error ? reject(error) : resolve(undefined));
    if (callbackAt === 1) body.call(context, Object.assign(done, { fail: reject }));
    else body.call(context, context, done);
  });
  return unlessStuck(called, options.isBusy);
}

const LOOK_EVERY_MS = 20;
const QUIET_LOOKS = 3;
const { setInterval: every, clearInterval: stopEvery } = globalThis;

/** The promise, or a rejection as soon as nothing is left that could ever settle it. */
function unlessStuck(result: Promise<unknown>, isBusy: () => boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let quiet = 0;
    const look = every(() => {
      quiet = isBusy() ? 0 : quiet + 1;
      if (quiet < QUIET_LOOKS) return;
      stopEvery(look);
      reject(new Error('the test waits for what never comes'));
    }, LOOK_EVERY_MS);
    look.unref();
    const end = () => stopEvery(look);
    result.finally(end).then(resolve, reject);
  });
}
