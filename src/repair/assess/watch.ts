// What the plausible changes do beside each other: the same calls of the functions they touch, of the unchanged program too.
import type { Observed, ObservedCall } from '../harness/protocol.ts';
import type { Observer } from '../observer.ts';
import type { SourceFile } from '../sources.ts';
import { functionsTouched, type HeldFunction, heldSources, type Touching } from './holds.ts';
import { inputsFrom, keyOf } from './inputs.ts';

export interface Watched {
  readonly functions: readonly HeldFunction[];
  readonly calls: readonly WatchedCall[];
  /** Calls that the tests make; how many were noted. */
  readonly recorded: number;
}

/** One input with what everybody does on it, each as text that is equal when the behaviour is. */
export interface WatchedCall {
  readonly call: ObservedCall;
  /** A test makes this very call. */
  readonly pinned: boolean;
  readonly before: Observed;
  /** By place in the list of changes. */
  readonly after: readonly Observed[];
}

export interface ToWatch {
  readonly files: readonly SourceFile[];
  readonly changes: readonly Touching[];
  readonly observer: Observer;
  readonly seed: number;
  /** For everything together, milliseconds. */
  readonly budgetMs: number;
  /** Calls that are wanted besides: those of documented examples. */
  readonly further: (functions: readonly HeldFunction[]) => readonly ObservedCall[];
}

const MAX_CALLS_PER_FUNCTION = 40;
const MAX_INPUTS = 160;
const LEAST_MS = 60;

/** Null when nothing can be watched: no function is reached, or the process does not answer. */
export async function watchChanges(to: ToWatch, signal?: AbortSignal): Promise<Watched | null> {
  const functions = functionsTouched(to.files, to.changes);
  if (functions.length === 0) return null;
  const sourcesOf = heldSources(to.files, functions);
  const recorded = await to.observer.record(
    { functions, sources: sourcesOf(null), maxCalls: MAX_CALLS_PER_FUNCTION },
    signal,
  );
  const pinnedCalls = eachOnce(recorded).slice(0, MAX_INPUTS / 2);
  const further = to.further(functions);
  const calls = [...inputsFrom(pinnedCalls, MAX_INPUTS, to.seed), ...further];
  if (calls.length === 0) return null;
  // The unchanged program twice: what differs from itself is chance or state, and tells nothing.
  const programs = [null, ...to.changes, null];
  const budgetMs = Math.max(LEAST_MS, Math.floor(to.budgetMs / programs.length));
  const all: (readonly Observed[])[] = [];
  for (const change of programs) {
    if (signal?.aborted === true) return null;
    const sources = sourcesOf(change);
    all.push(await to.observer.observe({ functions, sources, calls, budgetMs }, signal));
  }
  const pinned = new Set<ObservedCall>(pinnedCalls);
  const unknown: Observed = { kind: 'unknown' };
  const watched = calls.flatMap((call, index): WatchedCall[] => {
    const [before = unknown, ...rest] = all.map((results) => results[index] ?? unknown);
    const after = rest.slice(0, -1);
    const steady = textOf(before) === textOf(rest.at(-1) ?? unknown);
    return steady ? [{ call, pinned: pinned.has(call), before, after }] : [];
  });
  return { functions, calls: watched, recorded: recorded.length };
}

/** Failing tests run again among those that a change must pass: their calls stay the failing ones. */
function eachOnce(calls: readonly ObservedCall[]): ObservedCall[] {
  const first = new Map<string, ObservedCall>();
  for (const call of calls) {
    const key = keyOf(call);
    if (!first.has(key) || call.failing) first.set(key, call);
  }
  return [...first.values()];
}

/** Equal for equal behaviour; nobody means to tell a negative zero from zero. */
export function textOf(observed: Observed): string {
  return JSON.stringify(observed)
    .replaceAll('{"$":"number","text":"-0"}', '0')
    .replaceAll('"text":"-0.0"', '"text":"0.0"');
}
