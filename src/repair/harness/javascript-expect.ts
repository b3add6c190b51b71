// Runs inside the sandbox. `expect` that answers the common questions at once and hands every other one to the project's
// own: a matcher that neither knows is an error, never a success.
import { isDeepStrictEqual } from 'node:util';
import type { Callback } from './javascript-tests.ts';

type Matchers = Record<string, unknown>;
export type RealExpect = Callback & Record<string, unknown>;

export interface ExpectParts {
  /** The project's own; null when there is none. */
  readonly real: RealExpect | null;
  /** Whether `expect(…)` or each matcher counts as an assertion. */
  readonly counts: 'calls' | 'matchers';
  /** Matchers that compare with stored text. */
  readonly snapshots: Readonly<Record<string, (value: unknown, ...args: unknown[]) => void>>;
}

export interface QuickExpect {
  readonly expect: RealExpect;
  /** Forgets what the last case promised. */
  begin(): void;
  /** Throws when fewer or more assertions were made than promised. */
  finish(): void;
}

interface Host extends ExpectParts {
  made: number;
  promised: number | null;
  some: boolean;
}

export function createExpect(parts: ExpectParts): QuickExpect {
  const host: Host = { ...parts, made: 0, promised: null, some: false };
  const { prototype } = assertionClass(host);
  const counted = parts.counts === 'calls';
  const ask = (value: unknown, message?: unknown) => {
    if (counted) host.made += 1;
    const assertion = Object.create(prototype) as Assertion;
    assertion.value = value;
    assertion.message = message;
    assertion.negated = false;
    return assertion;
  };
  const expect = Object.assign(ask as RealExpect, ownParts(parts.real));
  expect['assertions'] = (count: number) => {
    host.promised = count;
  };
  expect['hasAssertions'] = () => {
    host.some = true;
  };
  // A soft assertion lets the case go on; that it fails is the same.
  expect['soft'] = ask;
  expect['poll'] = (get: Callback, options?: PollOptions) => polled(get, options ?? {}, expect);
  return {
    expect,
    begin: () => {
      host.made = 0;
      host.promised = null;
      host.some = false;
    },
    finish: () => {
      if (host.promised !== null && host.promised !== host.made)
        throw new Error(`${host.promised} assertions were promised, ${host.made} made`);
      if (host.some && host.made === 0) throw new Error('an assertion was promised, none made');
    },
  };
}

function ownParts(real: RealExpect | null): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  if (real === null) return found;
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(real))) {
    if (!/^(?:length|name|prototype|arguments|caller)$/.test(name)) found[name] = value ?? real[name];
  }
  return found;
}

interface Assertion extends Matchers {
  value: unknown;
  message: unknown;
  negated: boolean;
}

type Comparison = (value: unknown, ...args: unknown[]) => boolean | null;

/** Each gives null when it cannot tell. Only what all versions of both runners agree on is told here. */
const QUICK: Readonly<Record<string, Comparison>> = {
  toBe: (value, expected) => Object.is(value, expected),
  toEqual: equal,
  toStrictEqual: (value, expected) =>
    isPlain(value) && isPlain(expected) ? Object.is(value, expected) : null,
  toBeTruthy: (value) => Boolean(value),
  toBeFalsy: (value) => !value,
  toBeNull: (value) => value === null,
  toBeUndefined: (value) => value === undefined,
  toBeDefined: (value) => value !== undefined,
  toBeNaN: (value) => Number.isNaN(value),
  toBeGreaterThan: (value, other) => (bothNumbers(value, other) ? Number(value) > Number(other) : null),
  toBeGreaterThanOrEqual: (value, other) =>
    bothNumbers(value, other) ? Number(value) >= Number(other) : null,
  toBeLessThan: (value, other) => (bothNumbers(value, other) ? Number(value) < Number(other) : null),
  toBeLessThanOrEqual: (value, other) => (bothNumbers(value, other) ? Number(value) <= Number(other) : null),
  toHaveLength: (value, length) =>
    typeof value === 'string' || Array.isArray(value) ? value.length === length : null,
  toContain: (value, part) =>
    typeof value === 'string' && typeof part === 'string'
      ? value.includes(part)
      : Array.isArray(value) && isPlain(part) && !Number.isNaN(part)
        ? value.includes(part)
        : null,
  toMatch: (value, pattern) =>
    typeof value === 'string' && typeof pattern === 'string' ? value.includes(pattern) : null,
};

function isPlain(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function');
}

function bothNumbers(one: unknown, other: unknown): boolean {
  return typeof one === 'number' && typeof other === 'number';
}

/** What is strictly equal is equal; of objects that are not, only the project's own `expect` knows. */
function equal(value: unknown, expected: unknown): boolean | null {
  if (isPlain(value) && isPlain(expected)) return Object.is(value, expected);
  const isTold = isListOrRecord(value) && isListOrRecord(expected);
  return isTold && isDeepStrictEqual(value, expected) ? true : null;
}

/** Others may keep what they are where a comparison of properties does not look. */
function isListOrRecord(value: unknown): boolean {
  if (Array.isArray(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function assertionClass(host: Host): { prototype: object } {
  const missing = (target: object, name: string | symbol, receiver: unknown) => {
    if (typeof name === 'symbol' || name === 'then' || name === 'toJSON') return Reflect.get(target, name);
    return delegated(receiver as Assertion, name, host);
  };
  const prototype = Object.create(new Proxy(Object.create(null) as object, { get: missing })) as Matchers;
  for (const [name, compare] of Object.entries(QUICK)) {
    prototype[name] = function (this: Assertion, ...args: unknown[]) {
      const holds = this.message === undefined || isPlain(this.value) ? compare(this.value, ...args) : null;
      if (holds === null) return (delegated(this, name, host) as Callback)(...args);
      if (host.counts === 'matchers') host.made += 1;
      if (holds === this.negated)
        throw new Error(`expect(…)${this.negated ? '.not' : ''}.${name} does not hold`);
      return undefined;
    };
  }
  for (const [name, compare] of Object.entries(host.snapshots)) {
    prototype[name] = function (this: Assertion, ...args: unknown[]) {
      if (host.counts === 'matchers') host.made += 1;
      compare(this.value, ...args);
    };
  }
  Object.defineProperty(prototype, 'not', {
    get(this: Assertion) {
      const other = Object.create(prototype) as Assertion;
      other.value = this.value;
      other.message = this.message;
      other.negated = !this.negated;
      return other;
    },
  });
  return { prototype };
}

/** The same question to the project's own `expect`. */
function delegated(assertion: Assertion, name: string, host: Host): unknown {
  if (host.real === null) throw new Error(`the matcher ${name} is not known here`);
  const { value, message, negated } = assertion;
  const plain = (message === undefined ? host.real(value) : host.real(value, message)) as Matchers;
  const own = (negated ? plain['not'] : plain) as Matchers;
  const matcher = own[name];
  if (matcher === undefined && !(name in own)) throw new Error(`the matcher ${name} does not exist`);
  if (host.counts === 'matchers') host.made += 1;
  return typeof matcher === 'function' ? (...args: unknown[]) => Reflect.apply(matcher, own, args) : matcher;
}

interface PollOptions {
  readonly interval?: number;
  readonly timeout?: number;
}

const POLL_EVERY_MS = 50;
const POLL_MS = 1_000;
const { setTimeout: later } = globalThis;
const now = performance.now.bind(performance);

/** Asks again until a matcher holds or the time is over. */
function polled(get: Callback, options: PollOptions, expect: RealExpect): unknown {
  const end = now() + (options.timeout ?? POLL_MS);
  const attempt = async (names: readonly string[], args: unknown[]): Promise<void> => {
    for (;;) {
      try {
        const asked = expect(await get()) as Matchers;
        const owner = names.slice(0, -1).reduce((at, name) => at[name] as Matchers, asked);
        await (owner[names.at(-1) ?? ''] as Callback)(...args);
        return;
      } catch (error) {
        if (now() > end) throw error;
        await new Promise((resolve) => {
          later(resolve, options.interval ?? POLL_EVERY_MS);
        });
      }
    }
  };
  const chain = (names: readonly string[]): unknown =>
    new Proxy((...args: unknown[]) => attempt(names, args), {
      get: (target, name) =>
        typeof name === 'symbol' || name === 'then' ? Reflect.get(target, name) : chain([...names, name]),
    });
  return chain([]);
}
