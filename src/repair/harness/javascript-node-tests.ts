// Runs inside the sandbox. The functions with which tests are written for node:test and mocha.
import {
  type Callback,
  type Case,
  type Hooks,
  newSuite,
  plainCase,
  readArguments,
  runCollected,
  SkipSignal,
  type Style,
  type Suite,
  type TestApi,
} from './javascript-tests.ts';

type Variant = Callback & Record<string, unknown>;

export function createTestApi(mock: unknown, style: 'node' | 'mocha'): TestApi {
  let current: Suite = newSuite([]);
  const define = (args: unknown[], flags: { suite: boolean; skip: boolean }) => {
    const { name, options, body } = readArguments(args);
    const path = [...current.path, name];
    const skip = flags.skip || Boolean(options['skip']) || (body !== null && Boolean(options['todo']));
    if (!flags.suite) {
      current.items.push({ ...plainCase(current, path, body), skip });
      return Promise.resolve();
    }
    const suite = newSuite(path, { skip, only: false });
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
      current = newSuite([]);
      return { root: current, picked: null };
    },
    run: (collected, options) =>
      runCollected(collected, { ...options, style: style === 'mocha' ? MOCHA : NODE }),
    modules: new Map([['node:test', Object.assign((...args: unknown[]) => test(...args), test, api)]]),
    globals:
      style === 'mocha'
        ? {
            ...hooks,
            describe,
            context: describe,
            it: test,
            specify: test,
            xit: test['skip'],
            xdescribe: describe['skip'],
          }
        : {},
    reset: () => undefined,
  };
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

const IGNORED = ['diagnostic', 'plan', 'before', 'after', 'beforeEach', 'afterEach', 'todo', 'runOnly'];

/** What every test's context has in common. Nobody can change it, so that it is made once. */
const CONTEXT: Readonly<Record<string, unknown>> = Object.freeze({
  ...Object.freeze(suiteContext()),
  ...Object.fromEntries(IGNORED.map((name) => [name, Object.freeze(() => undefined)])),
  get signal() {
    return new AbortController().signal;
  },
});

/** The `t` of node:test and the `this` of mocha in one object; sub-tests run at once, in place. */
class Context {
  readonly name: string | undefined;
  readonly test: Callback;
  constructor(testCase: Case, nest: (args: unknown[]) => Promise<void>) {
    this.name = testCase.path.at(-1);
    this.test = (...args) => nest(args);
  }
}
Object.freeze(Object.setPrototypeOf(Context.prototype, CONTEXT));
Object.freeze(Context);

function testContext(testCase: Case, nest: (args: unknown[]) => Promise<void>): Record<string, unknown> {
  return new Context(testCase, nest) as unknown as Record<string, unknown>;
}

const COMMON = {
  undoes: false,
  reversed: false,
  timeoutMs: null,
  retries: 0,
  contextOf: testContext,
  begin: () => undefined,
  finish: () => undefined,
};
const NODE: Style = { ...COMMON, callbackAt: 2 };
const MOCHA: Style = { ...COMMON, callbackAt: 1 };
