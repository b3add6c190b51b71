// Runs inside the sandbox. Collects and runs tests the way node:test and mocha do, one at a time, in the order written.
import type { TestOutcome } from './protocol.ts';

type Callback = (...args: unknown[]) => unknown;
type Hooks = Record<'before' | 'after' | 'beforeEach' | 'afterEach', Callback[]>;

interface Suite {
  readonly path: readonly string[];
  readonly parent: Suite | null;
  readonly hooks: Hooks;
  readonly items: (Suite | Case)[];
  readonly skip: boolean;
  prepared: boolean;
}

interface Case {
  readonly path: readonly string[];
  readonly suite: Suite;
  readonly body: Callback | null;
  readonly skip: boolean;
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

type Variant = Callback & Record<string, unknown>;

/** A body that declares this many parameters is finished by calling the last of them. */
interface Inner extends RunOptions {
  readonly callbackAt: number;
}

export interface TestApi {
  /** Starts collecting for one file. */
  open(): Collected;
  /** Runs what was collected; resolves true when nothing failed. */
  run(collected: Collected, options: RunOptions): Promise<boolean>;
  /** Functions of `node:test`. */
  readonly nodeTest: Callback & Record<string, unknown>;
  /** Globals of mocha. */
  readonly globals: Readonly<Record<string, unknown>>;
}

const SEPARATOR = ' › ';

export function createTestApi(mock: unknown, style: 'node' | 'mocha'): TestApi {
  let current: Suite = newSuite([], null, false);
  const define = (args: unknown[], flags: { suite: boolean; skip: boolean }) => {
    const { name, options, body } = readArguments(args);
    const path = [...current.path, name];
    const skip = flags.skip || Boolean(options['skip']) || (body !== null && Boolean(options['todo']));
    if (!flags.suite) {
      current.items.push({ path, suite: current, body, skip });
      return Promise.resolve();
    }
    const suite = newSuite(path, current, skip || current.skip);
    current.items.push(suite);
    const outer = current;
    current = suite;
    try {
      body?.call(suiteContext(), suiteContext());
    } finally {
      current = outer;
    }
    return Promise.resolve();
  };
  const variant = (suite: boolean): Variant => {
    const make = (...args: unknown[]) => define(args, { suite, skip: false });
    const skipped = (...args: unknown[]) => define(args, { suite, skip: true });
    return Object.assign<Callback, Record<string, unknown>>(make, {
      skip: skipped,
      todo: skipped,
      only: make,
      concurrent: make,
    });
  };
  const hook =
    (kind: keyof Hooks): Callback =>
    (...args) => {
      const body = args.find((arg): arg is Callback => typeof arg === 'function');
      if (body !== undefined) current.hooks[kind].push(body);
    };
  const test = variant(false);
  const describe = variant(true);
  const hooks = {
    before: hook('before'),
    after: hook('after'),
    beforeEach: hook('beforeEach'),
    afterEach: hook('afterEach'),
  };
  const api = { test, it: test, describe, suite: describe, ...hooks, mock };
  return {
    open: () => {
      current = newSuite([], null, false);
      return { root: current };
    },
    run: (collected, options) => {
      unprepare(collected.root);
      return runSuite(collected.root, { ...options, callbackAt: style === 'mocha' ? 1 : 2 });
    },
    nodeTest: Object.assign((...args: unknown[]) => test(...args), test, api),
    globals: {
      ...hooks,
      describe,
      context: describe,
      it: test,
      specify: test,
      xit: test['skip'],
      xdescribe: describe['skip'],
    },
  };
}

/** What was collected once may be run again. */
function unprepare(suite: Suite): void {
  suite.prepared = false;
  for (const item of suite.items) if ('items' in item) unprepare(item);
}

function newSuite(path: readonly string[], parent: Suite | null, skip: boolean): Suite {
  return {
    path,
    parent,
    skip,
    hooks: { before: [], after: [], beforeEach: [], afterEach: [] },
    items: [],
    prepared: false,
  };
}

function readArguments(args: unknown[]): {
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

/** What `this` offers in mocha's suites and tests: limits, which the harness has of its own. */
function suiteContext(): Record<string, Callback> {
  const self: Record<string, Callback> = {};
  for (const name of ['timeout', 'slow', 'retries']) self[name] = () => self;
  self['skip'] = () => {
    throw new SkipSignal();
  };
  return self;
}

class SkipSignal extends Error {}

async function runSuite(suite: Suite, options: Inner): Promise<boolean> {
  let clean = true;
  for (const item of suite.items) {
    const passed = 'items' in item ? await runSuite(item, options) : await runCase(item, options);
    clean &&= passed;
    if (!clean && options.stopAtFailure) return false;
  }
  if (suite.prepared) {
    for (const body of suite.hooks.after) await call(body, suiteContext(), options);
  }
  return clean;
}

async function runCase(testCase: Case, options: Inner): Promise<boolean> {
  const joined = testCase.path.join(SEPARATOR);
  if (options.wanted !== null && !options.wanted.has(joined)) return true;
  if (testCase.skip || testCase.suite.skip || testCase.body === null) {
    options.onEnd({ file: options.file, path: testCase.path, status: 'skipped', error: null });
    return true;
  }
  const suites = lineage(testCase.suite);
  let thrown: unknown = null;
  let failed = false;
  let skipped = false;
  const subtests: TestOutcome[] = [];
  const context = testContext(testCase, options, subtests);
  options.onStart();
  try {
    for (const suite of suites) {
      if (suite.prepared) continue;
      suite.prepared = true;
      for (const body of suite.hooks.before) await call(body, context, options);
    }
    for (const suite of suites) for (const body of suite.hooks.beforeEach) await call(body, context, options);
    await call(testCase.body, context, options);
    failed = subtests.some((sub) => sub.status === 'failed');
  } catch (error) {
    skipped = error instanceof SkipSignal;
    failed = !skipped;
    thrown = error;
  }
  try {
    for (const suite of suites.toReversed()) {
      for (const body of suite.hooks.afterEach) await call(body, context, options);
    }
  } catch (error) {
    failed = true;
    thrown ??= error;
  }
  const stray = options.stray();
  if (stray !== null) {
    failed = true;
    thrown = stray;
  }
  const status = failed ? 'failed' : skipped ? 'skipped' : 'passed';
  options.onEnd({
    file: options.file,
    path: testCase.path,
    status,
    error: failed ? describeError(thrown) : null,
  });
  return !failed;
}

function lineage(suite: Suite): Suite[] {
  const found: Suite[] = [];
  for (let at: Suite | null = suite; at !== null; at = at.parent) found.unshift(at);
  return found;
}

/** The `t` of node:test and the `this` of mocha in one object; sub-tests run at once, in place. */
function testContext(testCase: Case, options: Inner, subtests: TestOutcome[]): Record<string, unknown> {
  const context: Record<string, unknown> = { ...suiteContext(), name: testCase.path.at(-1) };
  const nothing = () => undefined;
  for (const name of [
    'diagnostic',
    'plan',
    'before',
    'after',
    'beforeEach',
    'afterEach',
    'todo',
    'runOnly',
  ]) {
    context[name] = nothing;
  }
  context['signal'] = new AbortController().signal;
  context['test'] = async (...args: unknown[]) => {
    const { name, body } = readArguments(args);
    const path = [...testCase.path, name];
    const inner: Case = { path, suite: newSuite(path, null, false), body, skip: false };
    await runCase(inner, {
      ...options,
      wanted: null,
      onStart: nothing,
      onEnd: (outcome) => {
        subtests.push(outcome);
        options.onEnd(outcome);
      },
    });
  };
  return context;
}

/** Calls a body with a callback when it asks for one (mocha's one, node:test's second parameter). */
async function call(body: Callback, context: Record<string, unknown>, options: Inner): Promise<unknown> {
  const { callbackAt } = options;
  if (body.length < callbackAt) {
    const result = body.call(context, context);
    const waits = typeof result === 'object' && result !== null && 'then' in result;
    return waits ? unlessStuck(Promise.resolve(result), options.isBusy) : result;
  }
  const called = new Promise((resolve, reject) => {
    const done = (error: unknown) => (error ? reject(error) : resolve(undefined));
    if (callbackAt === 1) body.call(context, done);
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
