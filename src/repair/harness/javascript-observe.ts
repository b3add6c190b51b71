// Runs inside the sandbox, in the thread of the code under test: notes the arguments that tests give to functions, and makes
// the same calls of the functions of another program. Functions are handed over by woven-in calls, exported or not.
import path from 'node:path';
import type { Guarded } from './javascript-muzzle.ts';
import { decode, encode, iterated, Lost, type ValueStore } from './javascript-values.ts';
import type {
  Observed,
  ObservedCall,
  ObserveMessage,
  ObserveReply,
  RecordMessage,
  RecordReply,
  Value,
  Wanted,
} from './protocol.ts';

type Callable = (...args: unknown[]) => unknown;

export interface ObserverLab {
  readonly directory: string;
  readonly state: Guarded;
  /** Full path → text that is loaded in place of the file's own. */
  readonly texts: Map<string, string>;
  readonly plain: (file: string, text: string) => string;
  readonly visit: (wanted: Wanted, pace: 'explained', onEnd: () => void) => Promise<boolean>;
  readonly fresh: () => void;
  readonly isBusy: () => boolean;
  readonly alive: () => void;
}

export interface Observer {
  record(message: RecordMessage): Promise<RecordReply>;
  observe(message: ObserveMessage, report: (reply: ObserveReply) => void): Promise<void>;
}

interface Held {
  readonly fn: Callable;
  /** The object that has the method; null for a plain function. */
  readonly holder: object | null;
}

const REPLY_EVERY = 16;
const MAX_CALL_BYTES = 40_000;
const MAX_RECORD_BYTES = 600_000;
const MAX_KEPT = 20_000;
const MAX_TURNS = 200;
const { apply } = Reflect;
const wait = setImmediate;
const { now } = performance;

export function createObserver(lab: ObserverLab): Observer {
  const held = new Map<number, Held>();
  const kept: unknown[] = [];
  const numbers = new Map<unknown, number>();
  const store: ValueStore = {
    keep: (value) => {
      const known = numbers.get(value);
      if (known !== undefined) return known;
      if (kept.length >= MAX_KEPT) return -1;
      kept.push(value);
      numbers.set(value, kept.length - 1);
      return kept.length - 1;
    },
    kept: (number) => (number >= 0 && number < kept.length ? { value: kept[number] } : undefined),
    prototypeOf: (number, name) => {
      for (const { holder } of held.values())
        if (holder !== null && name !== '' && holder.constructor?.name === name) return holder;
      const found = kept[number];
      return typeof found === 'object' ? found : undefined;
    },
  };
  let onHold: ((id: number, fn: Callable, holder: object | null) => Callable) | null = null;
  defineHolds(() => onHold);
  const load = (sources: Readonly<Record<string, string>>) => {
    held.clear();
    lab.texts.clear();
    for (const [file, text] of Object.entries(sources)) {
      lab.texts.set(path.join(lab.directory, file), lab.plain(file, text));
    }
  };
  return {
    record: async (message) => {
      kept.length = 0;
      numbers.clear();
      const notes = createNotes(message, store, lab);
      load(message.sources);
      onHold = notes.hold;
      lab.state.limit = message.ticks;
      for (const [wanted, failing] of [
        [message.failing, true],
        [message.passing, false],
      ] as const) {
        notes.failing(failing);
        for (const one of wanted) {
          lab.fresh();
          await lab.visit(one, 'explained', lab.alive);
        }
      }
      onHold = null;
      lab.fresh();
      return { op: 'record', id: message.id, calls: notes.calls };
    },
    observe: async (message, report) => {
      load(message.sources);
      onHold = (id, fn, holder) => {
        held.set(id, { fn, holder });
        return fn;
      };
      lab.state.limit = message.ticks;
      lab.fresh();
      for (const file of message.entries)
        await lab.visit({ file, names: [], required: [] }, 'explained', lab.alive);
      onHold = null;
      await observeCalls(message, { lab, held, store, report });
      lab.texts.clear();
      lab.fresh();
    },
  };
}

/** The woven-in calls find these; they cannot be replaced, and do nothing outside an observation. */
function defineHolds(
  current: () => ((id: number, fn: Callable, holder: object | null) => Callable) | null,
): void {
  const hold = (id: number, fn: unknown) => {
    const note = current();
    return typeof fn === 'function' && note !== null ? note(id, fn as Callable, null) : fn;
  };
  const holdMethod = (id: number, holder: object, name: string) => {
    const note = current();
    const own = Reflect.getOwnPropertyDescriptor(holder, name);
    if (note === null || own === undefined || typeof own.value !== 'function') return;
    Reflect.defineProperty(holder, name, { ...own, value: note(id, own.value as Callable, holder) });
  };
  for (const [name, value] of Object.entries({ __cambiumHold: hold, __cambiumHoldMethod: holdMethod }))
    Object.defineProperty(globalThis, name, {
      value,
      writable: false,
      configurable: false,
      enumerable: false,
    });
}

/** Functions that note their arguments before they run; only calls from outside count, not a function's own recursion. */
function createNotes(message: RecordMessage, store: ValueStore, lab: ObserverLab) {
  const calls: ObservedCall[] = [];
  const seen = new Set<string>();
  const counts = new Map<number, number>();
  const active = new Map<number, number>();
  let bytes = 0;
  let failing = true;
  const note = (fn: number, receiver: unknown, args: readonly unknown[]) => {
    const count = counts.get(fn) ?? 0;
    if (count >= message.maxCalls || bytes > MAX_RECORD_BYTES) return;
    const call = {
      fn,
      receiver: receiver === null ? null : encode(receiver, store),
      args: args.map((arg) => encode(arg, store)),
      failing,
    };
    const text = JSON.stringify(call);
    if (text.length > MAX_CALL_BYTES || text.includes('{"$":"cut"}') || seen.has(text)) return;
    seen.add(text);
    bytes += text.length;
    counts.set(fn, count + 1);
    calls.push(call);
  };
  const hold = (id: number, fn: Callable, holder: object | null): Callable =>
    new Proxy(fn, {
      apply: (target, receiver: unknown, args: unknown[]) => {
        const depth = active.get(id) ?? 0;
        if (depth === 0) note(id, holder === null ? null : receiver, args);
        active.set(id, depth + 1);
        lab.alive();
        try {
          return apply(target, receiver, args) as unknown;
        } finally {
          active.set(id, depth);
        }
      },
    });
  return {
    calls,
    hold,
    failing: (now: boolean) => {
      failing = now;
    },
  };
}

interface Observing {
  readonly lab: ObserverLab;
  readonly held: ReadonlyMap<number, Held>;
  readonly store: ValueStore;
  readonly report: (reply: ObserveReply) => void;
}

async function observeCalls(message: ObserveMessage, work: Observing): Promise<void> {
  const endMs = now.call(performance) + message.budgetMs;
  let results: Observed[] = [];
  let from = 0;
  for (const call of message.calls) {
    const over = now.call(performance) > endMs;
    results.push(over ? { kind: 'unknown' } : await observeCall(call, work));
    work.lab.alive();
    if (results.length < REPLY_EVERY) continue;
    work.report({ op: 'observe', id: message.id, from, results, done: false });
    from += results.length;
    results = [];
  }
  work.report({ op: 'observe', id: message.id, from, results, done: true });
}

async function observeCall(call: ObservedCall, { lab, held, store }: Observing): Promise<Observed> {
  const target = held.get(call.fn);
  if (target === undefined) return { kind: 'unknown' };
  const { state } = lab;
  let args: unknown[];
  let receiver: unknown;
  try {
    args = call.args.map((arg) => decode(arg, store));
    receiver = call.receiver === null ? undefined : decode(call.receiver, store);
  } catch (error) {
    if (error instanceof Lost) return { kind: 'unknown' };
    throw error;
  }
  state.used = 0;
  state.stray = null;
  try {
    const result = iterated(await settled(apply(target.fn, receiver, args), lab));
    if (state.used > state.limit) return { kind: 'endless' };
    const value = encode(result, store);
    const after = args.map((arg) => encode(arg, store));
    const changed = JSON.stringify(after) !== JSON.stringify(call.args);
    return changed ? { kind: 'value', value, after } : { kind: 'value', value };
  } catch (error) {
    if (state.used > state.limit) return { kind: 'endless' };
    return { kind: 'throws', name: thrownName(error, store) };
  } finally {
    state.stray = null;
    state.used = 0;
  }
}

/** A promise's value as soon as it has one; what waits for nothing that could come is not waited for. */
async function settled(result: unknown, lab: ObserverLab): Promise<unknown> {
  if (!(result instanceof Promise)) return result;
  let ended = false;
  const mark = () => {
    ended = true;
  };
  result.then(mark, mark);
  for (let turn = 0; turn < MAX_TURNS && !ended; turn += 1) {
    await new Promise((resolve) => wait(resolve));
    if (!ended && turn > 3 && !lab.isBusy()) break;
  }
  if (!ended) throw new TypeError('never settled');
  return result;
}

function thrownName(error: unknown, store: ValueStore): string {
  const value: Value = encode(error, store);
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && '$' in value) {
    return String((value as { name?: string; of?: string }).name ?? (value as { of?: string }).of ?? value.$);
  }
  return typeof error;
}
