// Runs inside the sandbox. Values of the program under test as JSON and back, without running any code of theirs: getters are
// not read, proxies are not looked into. What JSON cannot hold is tagged; what cannot be copied is kept under a number.
import { types } from 'node:util';
import type { Tagged, Value } from './protocol.ts';

const MAX_NODES = 3_000;
const MAX_DEPTH = 16;
const MAX_TEXT = 6_000;
const MAX_ITEMS = 40;

/** Said of what was too large or too deep to be written down. */
const CUT: Tagged = { $: 'cut' };

// Taken before foreign code runs.
const { getPrototypeOf, getOwnPropertyDescriptor, ownKeys, apply } = Reflect;
const { isArray } = Array;
const mapEntries = Map.prototype.entries;
const setValues = Set.prototype.values;
const mapNext = new Map().entries().next as () => IteratorResult<unknown>;
const setNext = new Set().values().next as () => IteratorResult<unknown>;
const { getTime } = Date.prototype;
const sourceOf = getOwnPropertyDescriptor(RegExp.prototype, 'source')?.get as () => string;
const flagsOf = getOwnPropertyDescriptor(RegExp.prototype, 'flags')?.get as () => string;
const plainPrototypes = [Object.prototype, null];
const arrayPrototype = Array.prototype;

export interface ValueStore {
  /** Keeps what cannot be copied, and gives its number. */
  keep(value: unknown): number;
  kept(number: number): { readonly value: unknown } | undefined;
  /** The prototype with which a copy of an instance is made: the running program's own, where it has the class. */
  prototypeOf(number: number, name: string): object | null | undefined;
}

interface Work {
  readonly store: ValueStore;
  nodes: number;
  readonly open: object[];
}

export function encode(value: unknown, store: ValueStore): Value {
  try {
    return encodeInto(value, { store, nodes: 0, open: [] });
  } catch {
    return { $: 'opaque', id: store.keep(value) };
  }
}

function encodeInto(value: unknown, work: Work): Value {
  work.nodes += 1;
  if (work.nodes > MAX_NODES || work.open.length > MAX_DEPTH) return CUT;
  switch (typeof value) {
    case 'string':
      return value.length > MAX_TEXT ? CUT : value;
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $: 'number', text: Object.is(value, -0) ? '-0' : String(value) };
    case 'undefined':
      return { $: 'undefined' };
    case 'bigint':
      return { $: 'bigint', text: String(value) };
    case 'object':
      return value === null ? null : encodeObject(value, work);
    default:
      return { $: 'opaque', id: work.store.keep(value), of: typeof value };
  }
}

function encodeObject(value: object, work: Work): Value {
  if (types.isProxy(value)) return { $: 'opaque', id: work.store.keep(value), of: 'proxy' };
  const again = work.open.indexOf(value);
  if (again >= 0) return { $: 'circular', up: work.open.length - again };
  work.open.push(value);
  const encoded = encodeOpened(value, work);
  work.open.pop();
  return encoded;
}

function encodeOpened(value: object, work: Work): Value {
  const prototype = getPrototypeOf(value);
  if (isArray(value))
    return prototype === arrayPrototype
      ? encodeArray(value, work)
      : { $: 'opaque', id: work.store.keep(value), of: 'array' };
  if (types.isMap(value))
    return {
      $: 'map',
      entries: drained<[unknown, unknown]>(apply(mapEntries, value, []), mapNext).map(
        ([key, own]) => [encodeInto(key, work), encodeInto(own, work)] as const,
      ),
    };
  if (types.isSet(value))
    return {
      $: 'set',
      items: drained(apply(setValues, value, []), setNext).map((own) => encodeInto(own, work)),
    };
  if (types.isDate(value)) return { $: 'date', time: encodeInto(apply(getTime, value, []), work) };
  if (types.isRegExp(value))
    return { $: 'regexp', source: apply(sourceOf, value, []), flags: apply(flagsOf, value, []) };
  if (types.isNativeError(value))
    return {
      $: 'error',
      name: ownText(value, 'name') ?? ownText(prototype, 'name') ?? 'Error',
      message: ownText(value, 'message') ?? '',
    };
  if (
    types.isBoxedPrimitive(value) ||
    types.isTypedArray(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isPromise(value) ||
    types.isExternal(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value)
  )
    return { $: 'opaque', id: work.store.keep(value), of: Object.prototype.toString.call(value) };
  const entries = entriesOf(value, work);
  if (plainPrototypes.includes(prototype))
    return { $: 'object', entries, ...(prototype === null ? { bare: true } : {}) };
  return {
    $: 'instance',
    of: ownText(ownValue(prototype, 'constructor'), 'name') ?? '',
    prototype: work.store.keep(prototype),
    entries,
  };
}

function drained<T>(iterator: object, next: () => IteratorResult<unknown>): T[] {
  const found: T[] = [];
  for (;;) {
    const step = apply(next, iterator, []) as IteratorResult<T>;
    if (step.done === true || found.length > MAX_NODES) return found;
    found.push(step.value);
  }
}

function encodeArray(value: readonly unknown[], work: Work): Value {
  const items: Value[] = [];
  const { length } = value;
  if (length > MAX_NODES) return CUT;
  for (let i = 0; i < length; i += 1) {
    const own = getOwnPropertyDescriptor(value, i);
    items.push(
      own === undefined ? { $: 'hole' } : 'value' in own ? encodeInto(own.value, work) : { $: 'accessor' },
    );
  }
  return items;
}

function entriesOf(value: object, work: Work): (readonly [Value, Value])[] {
  const entries: (readonly [Value, Value])[] = [];
  for (const key of ownKeys(value)) {
    const own = getOwnPropertyDescriptor(value, key);
    if (own === undefined || typeof key === 'symbol' || entries.length > MAX_NODES) continue;
    entries.push([key, 'value' in own ? encodeInto(own.value, work) : { $: 'accessor' }]);
  }
  return entries;
}

/** A data property's value; nothing is run for it. */
function ownValue(holder: unknown, name: string): unknown {
  const isHolder = (typeof holder === 'object' || typeof holder === 'function') && holder !== null;
  return isHolder && !types.isProxy(holder) ? getOwnPropertyDescriptor(holder, name)?.value : undefined;
}

function ownText(holder: unknown, name: string): string | null {
  const value = ownValue(holder, name);
  return typeof value === 'string' ? value.slice(0, 200) : null;
}

/** Items of an iterator, a few of them, as a value; running it is up to the caller's guards. */
export function iterated(value: unknown): unknown {
  if (!types.isGeneratorObject(value)) return value;
  const items: unknown[] = [];
  for (const item of value as Iterable<unknown>) {
    items.push(item);
    if (items.length >= MAX_ITEMS) break;
  }
  return items;
}

/** Thrown when a value names something that this process has not, or says that it was cut. */
export class Lost extends Error {}

export function decode(value: Value, store: ValueStore): unknown {
  if (isArray(value)) {
    const items: unknown[] = [];
    value.forEach((item: Value, index: number) => {
      if (!isTagged(item, 'hole')) items[index] = decode(item, store);
    });
    items.length = value.length;
    return items;
  }
  return typeof value === 'object' && value !== null ? decodeTagged(value as Tagged, store) : value;
}

function isTagged(value: Value, tag: string): boolean {
  return typeof value === 'object' && value !== null && !isArray(value) && (value as Tagged).$ === tag;
}

function decodeTagged(value: Tagged, store: ValueStore): unknown {
  switch (value.$) {
    case 'undefined':
      return undefined;
    case 'number':
      return Number(value['text']);
    case 'bigint':
      return BigInt(String(value['text']));
    case 'date':
      return new Date(decode(value['time'] as Value, store) as number);
    case 'regexp':
      return new RegExp(String(value['source']), String(value['flags']));
    case 'map':
      return new Map(entries(value).map(([key, own]) => [decode(key, store), decode(own, store)]));
    case 'set':
      return new Set((value['items'] as readonly Value[]).map((own) => decode(own, store)));
    case 'error':
      return Object.assign(new Error(String(value['message'])), { name: String(value['name']) });
    case 'object':
      return filled(value['bare'] === true ? Object.create(null) : {}, value, store);
    case 'instance': {
      const prototype = store.prototypeOf(Number(value['prototype']), String(value['of']));
      if (prototype === undefined) throw new Lost();
      return filled(Object.create(prototype) as object, value, store);
    }
    case 'opaque': {
      const kept = store.kept(Number(value['id']));
      if (kept === undefined) throw new Lost();
      return kept.value;
    }
    default:
      throw new Lost();
  }
}

function entries(value: Tagged): readonly (readonly [Value, Value])[] {
  return value['entries'] as readonly (readonly [Value, Value])[];
}

function filled(target: object, value: Tagged, store: ValueStore): object {
  for (const [key, own] of entries(value)) {
    Object.defineProperty(target, String(key), {
      value: decode(own, store),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return target;
}
