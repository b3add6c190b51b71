// Runs inside the sandbox. Node's assertions without their explanations, which take longer than most tests: a failure
// need not be explained to a machine. What is compared stays Node's own, and what is thrown passes for it.
import assert from 'node:assert';
import { isDeepStrictEqual } from 'node:util';

type Assertion = (...args: unknown[]) => unknown;
type Holds = (actual: unknown, expected: unknown) => boolean;

const { is } = Object;
const STRICT: Readonly<Record<string, Holds>> = {
  strictEqual: is,
  notStrictEqual: (actual, expected) => !is(actual, expected),
  deepStrictEqual: (actual, expected) => is(actual, expected) || isDeepStrictEqual(actual, expected),
  notDeepStrictEqual: (actual, expected) => !isDeepStrictEqual(actual, expected),
};

/** Node's loose equality; of values of one simple kind it is the strict one. */
function looseEquality(nodes: Assertion): Holds {
  return (actual, expected) => {
    if (actual === expected || is(actual, expected)) return true;
    if (typeof actual === typeof expected && typeof actual !== 'object' && typeof actual !== 'function')
      return false;
    try {
      nodes(actual, expected, UNEXPLAINED);
      return true;
    } catch (error) {
      // A value that cannot be compared says so itself.
      if (!(error instanceof assert.AssertionError)) throw error;
      return false;
    }
  };
}

/** Assertions on two values that Node decides where they are not plain. */
const NODES = ['deepEqual', 'notDeepEqual'] as const;

const UNEXPLAINED = 'the assertion does not hold';

/** Enough to reach the test's own lines through a helper or two; writing a stack takes longer than most tests. */
const FRAMES = 4;

/** Made faster than Node's, which writes its stack at once; an instance of that nevertheless. */
class Failure extends Error {
  readonly code = 'ERR_ASSERTION';
  generatedMessage = true;
  actual: unknown;
  expected: unknown;
  operator = '';
}

interface About {
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string;
  /** The assertion that was called: the stack begins with its caller. */
  readonly by: Assertion;
}

/** Makes failures; those that nobody will look at have no stack. */
type Fail = (message: unknown, about: About) => Error;

const { captureStackTrace } = Error;

function failing(isBrief: () => boolean): Fail {
  return (message, { by, ...about }) => {
    if (message instanceof Error) return message;
    const frames = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    const error = new Failure(message === undefined ? UNEXPLAINED : String(message));
    if (!isBrief()) {
      Error.stackTraceLimit = Math.min(frames, FRAMES);
      captureStackTrace(error, by);
    }
    Error.stackTraceLimit = frames;
    error.generatedMessage = message === undefined;
    error.actual = about.actual;
    error.expected = about.expected;
    error.operator = about.operator;
    return error;
  };
}

/** Whether plain lists and objects are loosely equal; null where that is for Node to say. */
function looselyAlike(actual: unknown, expected: unknown, depth: number): boolean | null {
  if (actual === expected || is(actual, expected)) return true;
  if (depth > MAX_DEPTH) return null;
  const hasParts = isObject(actual);
  // A thing with parts is never like one without.
  if (hasParts !== isObject(expected)) return false;
  if (!hasParts) return typeof actual === typeof expected ? false : null;
  if (!isPlain(actual) || !isPlain(expected)) return null;
  if (Array.isArray(actual) !== Array.isArray(expected)) return false;
  const [a, b] = [actual as Record<string, unknown>, expected as Record<string, unknown>];
  if (Array.isArray(actual) && a['length'] !== b['length']) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return false;
    const same = looselyAlike(a[key], b[key], depth + 1);
    if (same !== true) return same;
  }
  return true;
}

const MAX_DEPTH = 20;

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isPlain(value: unknown): boolean {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  const known = prototype === Array.prototype || prototype === Object.prototype;
  return known && Object.getOwnPropertySymbols(value).length === 0;
}

export interface QuickAssert {
  readonly loose: Assertion;
  readonly strict: Assertion;
}

/**
 * Changes the methods of the module itself, and gives callable stand-ins for `assert(value)`.
 * While `isBrief` says so, nobody will look at the stack of a failure, and it has none.
 */
export function quickAssert(isBrief: () => boolean): QuickAssert {
  const original = assert as unknown as Record<string, Assertion>;
  const strict = assert.strict as unknown as Record<string, Assertion>;
  Object.defineProperty(Failure.prototype, 'name', { value: 'AssertionError', configurable: true });
  Object.setPrototypeOf(Failure.prototype, assert.AssertionError.prototype);
  const equal = looseEquality(original['equal'] as Assertion);
  const notEqual: Holds = (actual, expected) => !equal(actual, expected);
  const fail = failing(isBrief);
  for (const [operator, holds] of Object.entries({ ...STRICT, equal, notEqual }))
    original[operator] = quick(operator, holds, fail);
  for (const [operator, holds] of Object.entries(STRICT)) {
    const short = operator.replace('Strict', '').replace('strict', '').replace(/^E/, 'e');
    strict[operator] = quick(operator, holds, fail);
    strict[short] = strict[operator];
  }
  for (const name of NODES) original[name] = quickUnlessNodes(name, original[name] as Assertion, fail);
  for (const holder of [original, strict]) holder['ok'] = quickOk(assert.ok as unknown as Assertion, fail);
  const strictStandIn = standIn(strict);
  return {
    loose: Object.assign(standIn(original), { strict: strictStandIn }),
    strict: Object.assign(strictStandIn, { strict: strictStandIn }),
  };
}

function quick(operator: string, holds: Holds, fail: Fail): Assertion {
  const by: Assertion = (...args) => {
    if (args.length < 2) throw new TypeError('The "actual" and "expected" arguments must be specified');
    const [actual, expected, message] = args;
    if (holds(actual, expected)) return;
    throw fail(message, { actual, expected, operator, by });
  };
  return by;
}

/** Node's own answer where ours is not certain. */
function quickUnlessNodes(operator: (typeof NODES)[number], check: Assertion, fail: Fail): Assertion {
  const wanted = operator === 'deepEqual';
  const by: Assertion = (...args) => {
    const [actual, expected, message] = args;
    const alike = args.length < 2 ? null : looselyAlike(actual, expected, 0);
    if (alike === wanted) return;
    if (alike === null) {
      check(actual, expected, args.length > 2 ? message : UNEXPLAINED);
      return;
    }
    throw fail(message, { actual, expected, operator, by });
  };
  return by;
}

function quickOk(check: Assertion, fail: Fail): Assertion {
  const by: Assertion = (...args) => {
    if (args.length === 0) return check();
    const [actual, message] = args;
    if (actual) return;
    throw fail(message, { actual, expected: true, operator: '==', by });
  };
  return by;
}

function standIn(holder: Record<string, Assertion>): Assertion {
  const ok = holder['ok'] as Assertion;
  const callable = (...args: unknown[]) => ok(...args);
  return Object.assign(callable, holder);
}
