// Runs inside the sandbox. Runs collected tests one at a time, in the order written, the way their runner would.
import { stripVTControlCharacters } from 'node:util';
import type { TestOutcome } from './protocol.ts';

export type Callback = (...args: unknown[]) => unknown;
export type Hooks = Record<'before' | 'after' | 'beforeEach' | 'afterEach', Callback[]>;

export interface Suite {
  readonly path: readonly string[];
  readonly parent: Suite | null;
  readonly hooks: Hooks;
  readonly items: (Suite | Case)[];
  readonly skip: boolean;
  /** Where one is set in a file, only such suites and cases run. */
  readonly only: boolean;
  /** Defines the suite's items, for runners that ask after the whole file was read; null when they are there. */
  gather: (() => unknown) | null;
  prepared: boolean;
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
}

export interface RunOptions {
  readonly file: string;
  /** Which tests to run, by their path joined with ` › `; null for all. */
  readonly wanted: ReadonlySet<string> | null;
  readonly stopAtFailure: boolean;
  readonly onStart: () => void;
  readonly onEnd: (outcome: TestOutcome) => void;
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
  parent: Suite | null,
  flags: { skip: boolean; only: boolean } = { skip: false, only: false },
): Suite {
  return {
    path,
    parent,
    ...flags,
    hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
    items: [],
    gather: null,
    prepared: false,
    spoiled: null,
    undo: [],
  };
}

export async function runCollected(
  { root }: Collected,
  options: RunOptions & { readonly style: Style },
): Promise<boolean> {
  const onlyMarked = prepare(root);
  return runSuite(root, { ...options, onlyMarked });
}

/** Makes a tree ready for one more run; true when something in it is marked as the only thing to run. */
function prepare(suite: Suite): boolean {
  suite.prepared = false;
  suite.spoiled = null;
  suite.undo = [];
  let marked = suite.only;
  for (const item of suite.items) {
    const own = 'items' in item ? prepare(item) : item.only;
    marked ||= own;
  }
  return marked;
}

async function runSuite(suite: Suite, options: Inner): Promise<boolean> {
  let clean = true;
  for (const item of suite.items) {
    const passed = 'items' in item ? await runSuite(item, options) : await runCase(item, options);
    clean &&= passed;
    if (!clean && options.stopAtFailure) return false;
  }
  if (!suite.prepared) return clean;
  try {
    for (const body of ordered(suite.hooks.after, options.style)) await call(body, {}, options);
    for (const body of suite.undo.toReversed()) await call(body, {}, options);
  } catch (error) {
    const path = [...suite.path.map(shownTitle), '(hooks)'];
    options.onEnd({ file: options.file, path, status: 'failed', error: describeError(error) });
    return false;
  }
  return clean;
}

function ordered(hooks: readonly Callback[], style: Style): readonly Callback[] {
  return style.reversed ? hooks.toReversed() : hooks;
}

async function runCase(testCase: Case, options: Inner): Promise<boolean> {
  const joined = testCase.shown.join(SEPARATOR);
  if (options.wanted !== null && !options.wanted.has(joined)) return true;
  const suites = lineage(testCase.suite);
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
  end(failed ? 'failed' : skipped ? 'skipped' : 'passed', failed ? describeError(thrown) : null);
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
    const inner: Case = { ...plainCase(newSuite(path, null), path, body) };
    await runCase(inner, {
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
  return { path, shown, suite, body, skip: false, only: false, inverted: false, retries: 0, timeoutMs: null };
}

const MAX_TITLE_CHARS = 500;

/** A title as the host's reports have it: no control characters, blanks as one, the middle of a long one left out. */
function shownTitle(title: string): string {
  const plain = stripVTControlCharacters(title)
    .replace(/\r\n/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .toWellFormed();
  return clipped(plain).replace(/\s+/g, ' ');
}

function clipped(text: string): string {
  if (text.length <= MAX_TITLE_CHARS) return text;
  const half = MAX_TITLE_CHARS / 2;
  const omitted = text.length - MAX_TITLE_CHARS;
  return `${text.slice(0, half)}\n… ${omitted} characters left out …\n${text.slice(text.length - half)}`;
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

function lineage(suite: Suite): Suite[] {
  const found: Suite[] = [];
  for (let at: Suite | null = suite; at !== null; at = at.parent) found.unshift(at);
  return found;
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

/** An error as text with its stack; anything may have been thrown, and its getters may throw too. */
export function describeError(error: unknown): string {
  try {
    if (error instanceof Error) return String(error.stack ?? error.message).slice(0, 4_000);
    if (typeof error === 'object' && error !== null && 'stack' in error)
      return String(error.stack).slice(0, 4_000);
    return String(error).slice(0, 1_000);
  } catch {
    return 'an error that cannot be shown';
  }
}
