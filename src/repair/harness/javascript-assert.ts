// Runs inside the sandbox. Node's assertions without their explanations, which take longer than most tests: a failure
// need not be explained to a machine. What is compared, and what is thrown, stays Node's own.
import assert from 'node:assert';

type Assertion = (...args: unknown[]) => unknown;

/** Assertions on two values; a message may follow them. */
const PAIRS = [
  'equal',
  'notEqual',
  'deepEqual',
  'notDeepEqual',
  'strictEqual',
  'notStrictEqual',
  'deepStrictEqual',
  'notDeepStrictEqual',
] as const;

const UNEXPLAINED = 'the assertion does not hold';

export interface QuickAssert {
  readonly loose: Assertion;
  readonly strict: Assertion;
}

/** Changes the methods of the module itself, and gives callable stand-ins for `assert(value)`. */
export function quickAssert(): QuickAssert {
  const original = assert as unknown as Record<string, Assertion>;
  const strict = assert.strict as unknown as Record<string, Assertion>;
  for (const holder of [original, strict]) {
    for (const name of PAIRS) {
      const check = holder[name];
      if (check === undefined) continue;
      holder[name] = (...args) => check(args[0], args[1], args.length > 2 ? args[2] : UNEXPLAINED);
    }
    holder['ok'] = quickOk(assert.ok as unknown as Assertion);
  }
  const strictStandIn = standIn(strict);
  return {
    loose: Object.assign(standIn(original), { strict: strictStandIn }),
    strict: Object.assign(strictStandIn, { strict: strictStandIn }),
  };
}

function quickOk(check: Assertion): Assertion {
  return (...args) => {
    if (args.length > 0 && args[0]) return;
    return args.length === 0 ? check() : check(args[0], args.length > 1 ? args[1] : UNEXPLAINED);
  };
}

function standIn(holder: Record<string, Assertion>): Assertion {
  const ok = holder['ok'] as Assertion;
  const callable = (...args: unknown[]) => ok(...args);
  return Object.assign(callable, holder);
}
