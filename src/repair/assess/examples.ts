// Examples that comments, docstrings and the README give for a function: a call with literals, and what it is said to give.
import type { Observed, ObservedCall, Value } from '../harness/protocol.ts';
import type { HeldFunction } from './holds.ts';
import { type Family, looselyEqual, readArguments, readLiteral } from './literals.ts';
import type { WatchedCall } from './watch.ts';

export interface Example {
  readonly call: ObservedCall;
  readonly expected: Value;
}

const MAX_EXAMPLES = 24;
/** Between a call and its result: `// => x`, `-> x`, `=== x`, `returns x`, or the next line after `>>>`. */
const LINK = /^[;)\s]*(?:(?:\/\/|#|\*)\s*)?(?:=>|->|→|⇒|={2,3}|\breturns?\b|\bgives?\b|\bis\b|\/\/|#)[:\s]*/;

/** Examples in the given texts (documentation of the functions) for functions that have a plain name. */
export function examplesIn(
  texts: readonly string[],
  functions: readonly HeldFunction[],
  family: Family,
): Example[] {
  const found = new Map<string, Example>();
  functions.forEach(({ name }, fn) => {
    if (!/^[\w$]+$/.test(name)) return;
    for (const text of texts) {
      for (const example of examplesOf(text, name, { fn, family })) {
        if (found.size < MAX_EXAMPLES) found.set(JSON.stringify(example.call), example);
      }
    }
  });
  return [...found.values()];
}

function* examplesOf(
  text: string,
  name: string,
  { fn, family }: { fn: number; family: Family },
): Iterable<Example> {
  const pattern = new RegExp(`(?<![\\w$.])(?:[\\w$]+\\.)?${name.replaceAll('$', '\\$')}(?=\\()`, 'g');
  for (const match of text.matchAll(pattern)) {
    const from = match.index + match[0].length;
    const args = readArguments(text.slice(from), family);
    if (args === null) continue;
    const rest = text.slice(from + args.end);
    const expected = resultAfter(rest, { session: isSession(text, match.index), family });
    if (expected === null) continue;
    yield { call: { fn, receiver: null, args: args.values, failing: false }, expected: expected.value };
  }
}

/** The call stands on a line that begins with an interpreter's prompt. */
function isSession(text: string, at: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^\s*(?:\*|#|\/\/)?\s*>>>?\s*$/.test(line);
}

function resultAfter(
  rest: string,
  { session, family }: { session: boolean; family: Family },
): { readonly value: Value } | null {
  const link = LINK.exec(rest);
  const sameLine = link !== null && !/\n/.test(link[0]);
  const lineEnd = rest.indexOf('\n');
  if (!sameLine && session && lineEnd >= 0 && rest.slice(0, lineEnd).trim() === '') {
    const next = rest.slice(lineEnd + 1).replace(/^\s*(?:\*(?!\/)|#|\/\/)?[ \t]*/, '');
    return completeLiteral(next, family);
  }
  return sameLine ? completeLiteral(rest.slice(link[0].length), family) : null;
}

/** Documents of one language use the brackets of another: a tuple may stand for a list. */
function completeLiteral(text: string, family: Family): { readonly value: Value } | null {
  const read = readLiteral(text, family) ?? readLiteral(text, 'python');
  if (read === null) return null;
  // A literal that an expression goes on from is no result.
  return /^\s*[-+*/%.<>&|?[(]/.test(text.slice(read.end).split('\n')[0] ?? '') ? null : read;
}

export interface Agreement {
  readonly agrees: number;
  readonly contradicts: number;
}

/** How the behaviour of one program fits the examples; what was not observed counts for nothing. */
export function agreementWith(
  examples: readonly Example[],
  calls: readonly WatchedCall[],
  observedOf: (call: WatchedCall) => Observed | undefined,
): Agreement {
  let agrees = 0;
  let contradicts = 0;
  for (const { call, expected } of examples) {
    const key = JSON.stringify(call.args);
    const watched = calls.find((one) => one.call.fn === call.fn && JSON.stringify(one.call.args) === key);
    const observed = watched === undefined ? undefined : observedOf(watched);
    if (observed === undefined || observed.kind === 'unknown') continue;
    if (observed.kind === 'value' && looselyEqual(observed.value, expected)) agrees += 1;
    else contradicts += 1;
  }
  return { agrees, contradicts };
}
