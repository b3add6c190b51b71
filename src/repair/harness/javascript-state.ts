// Runs inside the sandbox. What loaded files remember between two runs: the variables of their scopes, and all that can
// be reached from them. Compared with how it was after loading, and put back.
import { types } from 'node:util';
import type { Hidden } from './javascript-hidden.ts';
import type { OpenScope } from './javascript-switch.ts';

export interface Watched {
  /** Values that are compared each time. */
  readonly size: number;
  isChanged(): boolean;
  restore(): void;
}

type Key = string | symbol;
type Holder = Record<Key, unknown>;

/** Something that can be compared with how it was, and put back. */
interface Memory {
  readonly size: number;
  readonly isChanged: () => boolean;
  readonly restore: () => void;
}

const MAX_VALUES = 20_000;
const MAX_INSTANCES = 400;
/** Of weak collections; each is asked about every value. */
const MAX_WEAK = 20;

// Taken before any foreign code runs.
const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf, defineProperty, deleteProperty } = Reflect;
const { isArray } = Array;
const { is } = Object;

/** Null when something cannot be watched: too much of it, or of a kind that keeps its content to itself. */
export function watchState(
  scopes: readonly OpenScope[],
  others: readonly unknown[],
  { isForeign, hidden }: { isForeign: (value: object) => boolean; hidden: Hidden },
): Watched | null {
  const memories: Memory[] = [];
  const open: unknown[] = [...others];
  const privates: Private[] = [];
  let instances = 0;
  for (const scope of scopes) {
    for (const enter of scope.enter) {
      instances += 1;
      if (instances > MAX_INSTANCES) return null;
      const variables = variablesOf(scope, enter);
      if (variables === null) return null;
      open.push(...variables.values);
      if (variables.memory !== null) memories.push(variables.memory);
      privates.push(...privatesOf(scope, enter));
    }
  }
  const seen = new Set<object>();
  const weak: object[] = [];
  let size = 0;
  const walk = (): boolean => {
    for (let value = open.pop(); value !== undefined || open.length > 0; value = open.pop()) {
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
      if (seen.has(value) || isForeign(value)) continue;
      seen.add(value);
      const parts = hidden.partsOf(value);
      if (parts === null && isOpaque(value)) return false;
      if (parts !== null) {
        // The proxy itself is never asked: its handler is foreign code.
        open.push(...parts);
        continue;
      }
      if (isWeak(value)) weak.push(value);
      for (const memory of memoriesOf(value, { open, privates })) {
        size += memory.size;
        memories.push(memory);
      }
      if (size > MAX_VALUES || weak.length > MAX_WEAK) return false;
    }
    return true;
  };
  if (!walk()) return null;
  // What a weak collection holds for a value in reach is in reach as well; that may bring further ones.
  for (let known = -1; weak.length > 0 && known < seen.size; ) {
    known = seen.size;
    for (const collection of weak) for (const key of seen) open.push(hidden.heldBy(collection, key));
    if (!walk()) return null;
  }
  for (const collection of weak) {
    const { isChanged, undo } = hidden.journal(collection);
    memories.push({ size: 1, isChanged, restore: undo });
  }
  return {
    size,
    isChanged: () => {
      for (let i = 0; i < memories.length; i += 1) if ((memories[i] as Memory).isChanged()) return true;
      return false;
    },
    restore: () => {
      for (let i = 0; i < memories.length; i += 1) {
        const memory = memories[i] as Memory;
        if (memory.isChanged()) memory.restore();
      }
    },
  };
}

function isWeak(value: object): boolean {
  return types.isWeakMap(value) || types.isWeakSet(value);
}

function isOpaque(value: object): boolean {
  return (
    types.isProxy(value) ||
    types.isGeneratorObject(value) ||
    types.isMapIterator(value) ||
    types.isSetIterator(value)
  );
}

function differs(a: unknown, b: unknown): boolean {
  return a !== b && !is(a, b);
}

/** The variables of a scope; null when they cannot be read. */
function variablesOf(
  { wire }: OpenScope,
  enter: (code: string) => unknown,
): { values: unknown[]; memory: Memory | null } | null {
  const names = [...new Set(wire.names)];
  const constants = [...new Set(wire.constants)];
  try {
    const known = constants.length === 0 ? [] : (enter(`[${constants.join()}]`) as unknown[]);
    if (names.length === 0) return { values: known, memory: null };
    const read = enter(`()=>[${names.join()}]`) as () => unknown[];
    const values = read();
    const isChanged = () => {
      const now = read();
      for (let i = 0; i < values.length; i += 1) if (differs(now[i], values[i])) return true;
      return false;
    };
    const restore = () => {
      const list = names.map((name, index) => `${name}=__cambiumValues[${index}];`).join('');
      (enter(`(__cambiumValues)=>{${list}}`) as (values: unknown[]) => void)(values);
    };
    return { values: [...known, ...values], memory: { size: names.length, isChanged, restore } };
  } catch {
    // A variable that was not reached while the file was loaded, or that two scopes declare.
    return null;
  }
}

interface Private {
  readonly has: (value: object) => boolean;
  readonly get: (value: object) => unknown;
  readonly set: (value: object, to: unknown) => void;
}

function privatesOf({ wire }: OpenScope, enter: (code: string) => unknown): Private[] {
  return [...new Set(wire.privates)].map(
    (name) =>
      enter(
        `({has:(value)=>${name} in value,get:(value)=>value.${name},set:(value,to)=>{value.${name}=to}})`,
      ) as Private,
  );
}

function memoriesOf(value: object, { open, privates }: { open: unknown[]; privates: Private[] }): Memory[] {
  const found: Memory[] = [];
  open.push(getPrototypeOf(value));
  for (const one of privates) {
    if (!one.has(value)) continue;
    const was = one.get(value);
    open.push(was);
    found.push({
      size: 1,
      isChanged: () => differs(one.get(value), was),
      restore: () => one.set(value, was),
    });
  }
  if (isArray(value)) return [...found, listMemory(value, open)];
  if (types.isTypedArray(value)) return [...found, bytesMemory(value as Uint8Array)];
  if (types.isMap(value)) found.push(mapMemory(value, open));
  else if (types.isSet(value)) found.push(setMemory(value, open));
  else if (types.isDate(value)) found.push(dateMemory(value));
  return [...found, propertyMemory(value as Holder, open)];
}

function listMemory(list: unknown[], open: unknown[]): Memory {
  const was = list.slice();
  for (const value of was) if (typeof value === 'object' || typeof value === 'function') open.push(value);
  return {
    size: was.length + 1,
    isChanged: () => {
      if (list.length !== was.length) return true;
      for (let i = 0; i < was.length; i += 1) if (differs(list[i], was[i])) return true;
      return false;
    },
    restore: () => {
      list.length = was.length;
      for (let i = 0; i < was.length; i += 1) if (differs(list[i], was[i])) list[i] = was[i];
    },
  };
}

function bytesMemory(list: Uint8Array): Memory {
  const was = list.slice();
  return {
    size: was.length,
    isChanged: () => {
      for (let i = 0; i < was.length; i += 1) if (differs(list[i], was[i])) return true;
      return false;
    },
    restore: () => list.set(was),
  };
}

const { clear: clearMap, set: setOf, entries: entriesOf } = Map.prototype;
const { clear: clearSet, add: addTo, values: valuesOf } = Set.prototype;
const { apply } = Reflect;

function mapMemory(map: Map<unknown, unknown>, open: unknown[]): Memory {
  const was = [...map];
  for (const [key, value] of was) open.push(key, value);
  return {
    size: was.length * 2 + 1,
    isChanged: () => {
      if (map.size !== was.length) return true;
      if (was.length === 0) return false;
      let i = 0;
      for (const [key, value] of apply(entriesOf, map, []) as Iterable<[unknown, unknown]>) {
        const before = was[i] as [unknown, unknown];
        i += 1;
        if (differs(key, before[0]) || differs(value, before[1])) return true;
      }
      return false;
    },
    restore: () => {
      apply(clearMap, map, []);
      for (const entry of was) apply(setOf, map, entry);
    },
  };
}

function setMemory(set: Set<unknown>, open: unknown[]): Memory {
  const was = [...set];
  open.push(...was);
  return {
    size: was.length + 1,
    isChanged: () => {
      if (set.size !== was.length) return true;
      if (was.length === 0) return false;
      let i = 0;
      for (const value of apply(valuesOf, set, []) as Iterable<unknown>) {
        if (differs(value, was[i])) return true;
        i += 1;
      }
      return false;
    },
    restore: () => {
      apply(clearSet, set, []);
      for (const value of was) apply(addTo, set, [value]);
    },
  };
}

function dateMemory(date: Date): Memory {
  const was = date.getTime();
  return {
    size: 1,
    isChanged: () => differs(date.getTime(), was),
    restore: () => {
      date.setTime(was);
    },
  };
}

/** Own properties; of a getter only that it is there. */
function propertyMemory(holder: Holder, open: unknown[]): Memory {
  const own = new Map<Key, PropertyDescriptor>();
  const keys: Key[] = [];
  const values: unknown[] = [];
  for (const key of ownKeys(holder)) {
    const descriptor = getOwnPropertyDescriptor(holder, key);
    if (descriptor === undefined) continue;
    own.set(key, descriptor);
    open.push(descriptor.get, descriptor.set);
    // Of functions these cannot change by an assignment.
    if (!('value' in descriptor) || (typeof holder === 'function' && (key === 'length' || key === 'name')))
      continue;
    keys.push(key);
    values.push(descriptor.value);
    open.push(descriptor.value);
  }
  return {
    size: own.size,
    isChanged: () => {
      for (let i = 0; i < keys.length; i += 1) if (differs(holder[keys[i] as string], values[i])) return true;
      return ownKeys(holder).length !== own.size;
    },
    restore: () => restoreProperties(holder, own),
  };
}

/** Deleted and added anew where the order would be another. */
function restoreProperties(holder: Holder, own: ReadonlyMap<Key, PropertyDescriptor>): void {
  const now = ownKeys(holder);
  const wanted = [...own.keys()];
  const sameOrder = now.filter((key) => own.has(key)).every((key, index) => key === wanted[index]);
  for (const key of now) if (!own.has(key) || !sameOrder) deleteProperty(holder, key);
  for (const [key, descriptor] of own) {
    const present = getOwnPropertyDescriptor(holder, key);
    const same = present !== undefined && !differs(present.value, descriptor.value);
    if (!same) defineProperty(holder, key, descriptor);
  }
}
