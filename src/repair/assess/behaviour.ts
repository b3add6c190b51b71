// How plausible changes differ in what they do: groups that behave alike, strange results, and drift from today's behaviour.
import type { Observed, Value } from '../harness/protocol.ts';
import { isTagged, kindOf } from './inputs.ts';
import { textOf, type Watched, type WatchedCall } from './watch.ts';

export interface Behaviour {
  /** By place in the list of changes: number of its group; groups in order of their first member. */
  readonly groups: readonly number[];
  readonly groupCount: number;
  /** Share of the inputs with a result unlike any that the tests see: an error, a hang, NaN, another type. */
  readonly strange: readonly number[];
  /** Share of the inputs near passing calls on which it does other than today. */
  readonly drift: readonly number[];
  /** The same near failing calls, where another behaviour is wanted. */
  readonly repairs: readonly number[];
  /** 1 where every input gives one and the same result, though the unchanged program tells them apart; else 0. */
  readonly uniform: readonly number[];
  /** Inputs that were compared. */
  readonly inputs: number;
}

export const NOTHING_WATCHED: Watched = { functions: [], calls: [], recorded: 0 };

/** `count` is the number of changes; without any observation all are one group. */
export function behaviourOf(watched: Watched, count: number): Behaviour {
  const usable = watched.calls.filter((one) => !one.after.every((observed) => observed.kind === 'unknown'));
  const indexes = Array.from({ length: count }, (_, index) => index);
  const { groups, groupCount } = grouped(usable, count);
  const kinds = expectedKinds(usable);
  const share = (calls: readonly WatchedCall[], holds: (one: WatchedCall) => boolean) =>
    calls.length === 0 ? 0 : calls.filter(holds).length / calls.length;
  const free = usable.filter((one) => !one.pinned);
  const near = (failing: boolean) =>
    free.filter((one) => one.call.failing === failing && !isStrange(one.before, kinds));
  const differs = (index: number) => (one: WatchedCall) =>
    textOf(one.after[index] ?? one.before) !== textOf(one.before);
  return {
    groups,
    groupCount,
    strange: indexes.map((index) =>
      share(free, (one) => isStrange(one.after[index] ?? one.before, kinds) && !isStrange(one.before, kinds)),
    ),
    drift: indexes.map((index) => share(near(false), differs(index))),
    repairs: indexes.map((index) => share(near(true), differs(index))),
    uniform: indexes.map((index) => Number(isUniform(usable, index))),
    inputs: usable.length,
  };
}

/** Fewer inputs than this may well have one result by right. */
const TELLING = 8;

function isUniform(calls: readonly WatchedCall[], index: number): boolean {
  const results = new Set(calls.map((one) => resultText(one.after[index] ?? one.before)));
  return (
    calls.length >= TELLING &&
    results.size === 1 &&
    new Set(calls.map((one) => resultText(one.before))).size > 1
  );
}

/** Without what happened to the arguments: they differ from call to call. */
function resultText(observed: Observed): string {
  return textOf(observed.kind === 'value' ? { kind: 'value', value: observed.value } : observed);
}

function grouped(calls: readonly WatchedCall[], count: number): { groups: number[]; groupCount: number } {
  const known = new Map<string, number>();
  const groups: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = calls.map((one) => textOf(one.after[index] ?? one.before)).join('\n');
    const group = known.get(key) ?? known.size;
    known.set(key, group);
    groups.push(group);
  }
  return { groups, groupCount: known.size };
}

/** By function: kinds of the results that the tests accept. */
function expectedKinds(calls: readonly WatchedCall[]): ReadonlyMap<number, ReadonlySet<string>> {
  const kinds = new Map<number, Set<string>>();
  for (const { call, pinned, before, after } of calls) {
    if (!pinned) continue;
    const own = kinds.get(call.fn) ?? new Set<string>();
    kinds.set(call.fn, own);
    for (const observed of call.failing ? after : [before]) own.add(resultKind(observed));
  }
  const all = new Map<number, ReadonlySet<string>>(kinds);
  return all;
}

function isStrange(observed: Observed, kinds: ReadonlyMap<number, ReadonlySet<string>>): boolean {
  if (observed.kind === 'unknown') return false;
  const seen = [...kinds.values()];
  const kind = resultKind(observed);
  return seen.length > 0 && !seen.some((own) => own.has(kind));
}

/** An error by its name, else the type of the value, and of items that are no ordinary ones. */
function resultKind(observed: Observed): string {
  if (observed.kind === 'throws') return `throws ${observed.name}`;
  if (observed.kind !== 'value') return observed.kind;
  const { value } = observed;
  const inner = oddInside(value, 0) ? ' with odd items' : '';
  return `${kindOf(value)}${inner}`;
}

const ODD = new Set(['undefined', 'number', 'hole', 'accessor']);

/** Holds NaN, an infinity, `undefined` or a hole somewhere. */
function oddInside(value: Value, depth: number): boolean {
  if (value === null || typeof value !== 'object' || depth > 4) return false;
  if (Array.isArray(value)) return value.some((one: Value) => oddInside(one, depth + 1));
  if (!isTagged(value)) return false;
  if (depth > 0 && ODD.has(value.$)) return true;
  if (value.$ === 'float') return /nan|inf/.test(String(value['text']));
  const items = (value['items'] ?? []) as readonly Value[];
  const entries = (value['entries'] ?? []) as readonly (readonly [Value, Value])[];
  return (
    items.some((one) => oddInside(one, depth + 1)) || entries.some(([, own]) => oddInside(own, depth + 1))
  );
}
