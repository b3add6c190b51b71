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
    } catch {
      return false;
    }
  };
}

/** Assertions on two values that only Node decides. */
const NODES = ['deepEqual', 'notDeepEqual'] as const;

const UNEXPLAINED = 'the assertion does not hold';

/** Made faster than Node's, which writes its stack at once; an instance of that nevertheless. */
class Failure extends Error {
  readonly code = 'ERR_ASSERTION';
  readonly generatedMessage: boolean;
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string;

  constructor(message: unknown, about: { actual: unknown; expected: unknown; operator: string }) {
    super(message === undefined ? UNEXPLAINED : String(message));
    this.generatedMessage = message === undefined;
    this.actual = about.actual;
    this.expected = about.expected;
    this.operator = about.operator;
  }
}

export interface QuickAssert {
  readonly loose: Assertion;
  readonly strict: Assertion;
}

/** Changes the methods of the module itself, and gives callable stand-ins for `assert(value)`. */
export function quickAssert(): QuickAssert {
  const original = assert as unknown as Record<string, Assertion>;
  const strict = assert.strict as unknown as Record<string, Assertion>;
  Object.defineProperty(Failure.prototype, 'name', { value: 'AssertionError', configurable: true });
  Object.setPrototypeOf(Failure.prototype, assert.AssertionError.prototype);
  const equal = looseEquality(original['equal'] as Assertion);
  const notEqual: Holds = (actual, expected) => !equal(actual, expected);
  for (const [operator, holds] of Object.entries({ ...STRICT, equal, notEqual }))
    original[operator] = quick(operator, holds);
  for (const [operator, holds] of Object.entries(STRICT)) {
    strict[operator] = quick(operator, holds);
    strict[operator.replace('Strict', '').replace('strict', '').replace(/^E/, 'e')] = quick(operator, holds);
  }
  for (const name of NODES) {
    const check = original[name] as Assertion;
    original[name] = (...args) => check(args[0], args[1], args.length > 2 ? args[2] : UNEXPLAINED);
  }
  for (const holder of [original, strict]) holder['ok'] = quickOk(assert.ok as unknown as Assertion);
  const strictStandIn = standIn(strict);
  return {
    loose: Object.assign(standIn(original), { strict: strictStandIn }),
    strict: Object.assign(strictStandIn, { strict: strictStandIn }),
  };
}

function quick(operator: string, holds: Holds): Assertion {
  return (...args) => {
    if (args.length < 2) throw new TypeError('The "actual" and "expected" arguments must be specified');
    const [actual, expected, message] = args;
    if (holds(actual, expected)) return;
    throw message instanceof Error ? message : new Failure(message, { actual, expected, operator });
  };
}

function quickOk(check: Assertion): Assertion {
  return (...args) => {
    if (args.length === 0) return check();
    const [actual, message] = args;
    if (actual) return;
    throw message instanceof Error
      ? message
      : new Failure(message, { actual, expected: true, operator: '==' });
  };
}

function standIn(holder: Record<string, Assertion>): Assertion {
  const ok = holder['ok'] as Assertion;
  const callable = (...args: unknown[]) => ok(...args);
  return Object.assign(callable, holder);
}
