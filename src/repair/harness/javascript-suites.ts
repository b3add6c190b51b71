// Runs inside the sandbox. The functions with which suites are written for vitest and jest: describe, it, hooks, and
// everything that hangs on them (each, only, skip, fails, …).
import { type Fixtures, withFixtures } from './javascript-fixtures.ts';
import {
  type Callback,
  type Case,
  type Collected,
  type Hooks,
  newSuite,
  plainCase,
  type Suite,
} from './javascript-tests.ts';

export interface SuiteKit {
  /** Whether a suite's items are asked for when the whole file was read, and may be waited for. */
  readonly gathersLate: boolean;
  /** Cases of a table: each with its title and the arguments of its body. */
  readonly table: (table: readonly unknown[], title: string, spread: boolean) => readonly Row[];
  /** Whether the body of a table's case may ask for a callback after its arguments. */
  readonly callbacks: boolean;
}

export interface Row {
  readonly title: string;
  readonly args: readonly unknown[];
}

export interface Suites {
  readonly open: () => Collected;
  /** Asks the suites for their items, outer before inner; those of suites found meanwhile too. */
  readonly gather: (collected: Collected) => Promise<void>;
  readonly functions: Readonly<Record<string, unknown>>;
}

interface Flags {
  readonly suite: boolean;
  readonly skip: boolean;
  readonly only: boolean;
  readonly inverted: boolean;
  readonly fixtures: Fixtures | null;
}

interface Host {
  readonly kit: SuiteKit;
  current: Suite;
}

type Chained = Callback & Record<string, unknown>;

const PLAIN: Flags = { suite: false, skip: false, only: false, inverted: false, fixtures: null };
/** What a name in a chain changes. Those that change nothing here only order or parallelise. */
const CHAIN: Readonly<Record<string, Partial<Flags>>> = {
  skip: { skip: true },
  todo: { skip: true },
  only: { only: true },
  fails: { inverted: true },
  failing: { inverted: true },
  concurrent: {},
  sequential: {},
  shuffle: {},
};

export function createSuites(kit: SuiteKit): Suites {
  const host: Host = { kit, current: newSuite([]) };
  const test = chained(PLAIN, host);
  const describe = chained({ ...PLAIN, suite: true }, host);
  const hook = (kind: keyof Hooks) => (body: unknown) => {
    if (typeof body === 'function') host.current.hooks[kind].push(body as Callback);
  };
  const variant = (of: Chained, name: string) => of[name];
  return {
    open: () => {
      host.current = newSuite([]);
      return { root: host.current, picked: null };
    },
    gather: ({ root }) => gather(root, host),
    functions: {
      test,
      it: test,
      describe,
      suite: describe,
      xit: variant(test, 'skip'),
      xtest: variant(test, 'skip'),
      fit: variant(test, 'only'),
      xdescribe: variant(describe, 'skip'),
      fdescribe: variant(describe, 'only'),
      beforeAll: hook('before'),
      afterAll: hook('after'),
      beforeEach: hook('beforeEach'),
      afterEach: hook('afterEach'),
    },
  };
}

async function gather(suite: Suite, host: Host): Promise<void> {
  const { gather: ask } = suite;
  suite.gather = null;
  if (ask !== null) {
    host.current = suite;
    await ask();
  }
  for (const item of suite.items) if ('items' in item) await gather(item, host);
}

/** A defining function with everything that may follow it after a dot; what follows is made when it is asked for. */
function chained(flags: Flags, host: Host): Chained {
  const make = ((...args: unknown[]) => define(args, flags, host)) as Chained;
  for (const [name, change] of Object.entries(CHAIN)) {
    Object.defineProperty(make, name, {
      get: () => chained({ ...flags, ...change }, host),
      configurable: true,
      enumerable: true,
    });
  }
  make['each'] = tableOf(flags, host, true);
  make['for'] = tableOf(flags, host, false);
  make['runIf'] = (condition: unknown) => chained({ ...flags, skip: flags.skip || !condition }, host);
  make['skipIf'] = (condition: unknown) =>
    chained({ ...flags, skip: flags.skip || Boolean(condition) }, host);
  make['extend'] = (given: Fixtures) =>
    chained({ ...flags, fixtures: { ...flags.fixtures, ...given } }, host);
  return make;
}

function tableOf(flags: Flags, host: Host, spread: boolean): Callback {
  return (...given) => {
    const table = isTemplate(given[0]) ? rowsOf(given[0], given.slice(1)) : (given[0] as unknown[]);
    return (title: unknown, ...rest: unknown[]) => {
      const body = rest.find((one): one is Callback => typeof one === 'function');
      for (const { title: own, args } of host.kit.table(table, nameOf(title), spread)) {
        const others = rest.filter((one) => one !== body);
        define([own, ...others, bound(body, args, { flags, host, spread })], flags, host);
      }
    };
  };
}

/** The body with the arguments of a row; a callback or the context comes after them where the runner gives one. */
function bound(
  body: Callback | undefined,
  args: readonly unknown[],
  { flags, host, spread }: { flags: Flags; host: Host; spread: boolean },
): Callback {
  if (body === undefined) return () => undefined;
  if (!flags.suite && host.kit.callbacks && body.length > args.length) {
    return (done) => body(...args, done);
  }
  if (!spread && !flags.suite) {
    const withContext = (context: unknown) => body(...args, context);
    return Object.assign(withContext, { speaksOf: () => secondParameter(body) });
  }
  return () => body(...args);
}

/** The text of a function from its second parameter on. */
function secondParameter(body: Callback): string {
  const text = String(body);
  const comma = text.indexOf(',');
  return comma < 0 ? '' : `(${text.slice(comma + 1)}`;
}

function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && Array.isArray((value as { raw?: unknown }).raw);
}

/** Rows of a tagged template: its first line names the columns. */
function rowsOf(strings: TemplateStringsArray, values: readonly unknown[]): unknown[] {
  const header = (strings[0] ?? '').split('\n').find((line) => line.trim() !== '') ?? '';
  const names = header
    .split('|')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const rows: unknown[] = [];
  for (let at = 0; at + names.length <= values.length; at += names.length) {
    rows.push(Object.fromEntries(names.map((name, index) => [name, values[at + index]])));
  }
  return rows;
}

export function nameOf(title: unknown): string {
  return typeof title === 'function' ? title.name || '<anonymous>' : String(title);
}

function define(args: readonly unknown[], flags: Flags, host: Host): void {
  const body = args.slice(1).find((arg): arg is Callback => typeof arg === 'function') ?? null;
  const options = optionsOf(args);
  const name = nameOf(args[0]);
  const parent = host.current;
  const path = [...parent.path, name];
  const skip = flags.skip || Boolean(options['skip']) || Boolean(options['todo']);
  const only = flags.only || Boolean(options['only']);
  if (flags.suite) {
    defineSuite(newSuite(path, { skip, only }), body, host);
    return;
  }
  const fixed = body === null || flags.fixtures === null ? body : withFixtures(body, flags.fixtures);
  const one: Case = {
    ...plainCase(parent, path, fixed),
    skip,
    only,
    inverted: flags.inverted || Boolean(options['fails']),
    retries: Number(options['retry'] ?? 0) || 0,
    timeoutMs: typeof options['timeout'] === 'number' ? options['timeout'] : null,
  };
  const repeats = Number(options['repeats'] ?? 0) || 0;
  parent.items.push(repeats > 0 && fixed !== null ? { ...one, body: repeated(fixed, repeats) } : one);
}

function repeated(body: Callback, repeats: number): Callback {
  return async (context) => {
    for (let i = 0; i <= repeats; i += 1) await body(context);
  };
}

function defineSuite(suite: Suite, body: Callback | null, host: Host): void {
  const parent = host.current;
  parent.items.push(suite);
  const functions = body === null ? null : () => body();
  if (host.kit.gathersLate) {
    suite.gather = functions;
    return;
  }
  host.current = suite;
  try {
    functions?.();
  } finally {
    host.current = parent;
  }
}

/** Options may stand between name and body; a number after the body is the time limit. */
function optionsOf(args: readonly unknown[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const arg of args.slice(1)) {
    if (typeof arg === 'number') found['timeout'] = arg;
    else if (typeof arg === 'object' && arg !== null) Object.assign(found, arg);
  }
  return found;
}
