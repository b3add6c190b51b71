// Runs inside the sandbox. Undoes what one candidate did to the thread it shares with the next: globals, timers, files.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

export interface Realm {
  /** Brings globals, timers, environment and written files back to how they were at the start. */
  restore(): void;
  /** Only the built-ins. */
  originals(): void;
  /** Only timers, environment and written files; false when there was nothing to do. */
  settle(): boolean;
  /** Globals and listeners as they are now, after files were loaded; null when more than these was changed by it. */
  keep(): KeptRealm | null;
  /** True while something that the code under test started is still to come. */
  isBusy(): boolean;
}

export interface KeptRealm {
  isChanged(): boolean;
  restore(): void;
}

const MAX_JOURNAL_BYTES = 16_777_216;

/** `others`: objects of ours that the code under test gets to see. */
export function createRealm(others: readonly object[]): Realm {
  const timers = trackTimers();
  const files = journalFiles();
  const listeners = keepListeners();
  const environment = guardEnvironment();
  const holders = globalHolders([fs, ...others]);
  const globals = snapshotGlobals(holders);
  const directory = process.cwd();
  // Counted at the first restore: by then the thread's own channel to its parent is open.
  let baseline: number | null = null;
  return {
    restore: () => {
      globals.restore();
      timers.clear();
      files.undo();
      listeners.restore();
      environment.restore();
      if (process.cwd() !== directory) process.chdir(directory);
      if (process.exitCode !== undefined) process.exitCode = undefined;
      baseline ??= process.getActiveResourcesInfo().length;
    },
    originals: () => globals.restore(),
    settle: () => {
      const untidy = timers.isAny() || files.isAny() || environment.isChanged();
      if (!untidy) return false;
      timers.clear();
      files.undo();
      environment.restore();
      return true;
    },
    keep: () => {
      const untidy = timers.isAny() || files.isAny() || environment.isChanged();
      if (untidy || process.cwd() !== directory || globals.isBent()) return null;
      const kept = snapshotGlobals(holders);
      const heard = keepListeners();
      return {
        isChanged: () => kept.isChanged() || heard.isChanged() || process.cwd() !== directory,
        restore: () => {
          kept.restore();
          heard.restore();
          if (process.cwd() !== directory) process.chdir(directory);
        },
      };
    },
    isBusy: () => timers.pending() > 0 || process.getActiveResourcesInfo().length > (baseline ?? 0),
  };
}

/** The environment behind a proxy that notes whether it was changed: reading all of it takes longer than a test. */
function guardEnvironment(): { restore(): void; isChanged(): boolean } {
  const original = { ...process.env };
  const { env } = process;
  let changed = false;
  const noting =
    <Args extends unknown[]>(act: (...args: Args) => boolean) =>
    (...args: Args) => {
      changed = true;
      return act(...args);
    };
  process.env = new Proxy(env, {
    set: noting((target, name, value) => Reflect.set(target, name, value)),
    deleteProperty: noting((target, name) => Reflect.deleteProperty(target, name)),
    defineProperty: noting((target, name, descriptor) => Reflect.defineProperty(target, name, descriptor)),
  });
  return {
    isChanged: () => changed,
    restore: () => {
      if (!changed) return;
      changed = false;
      for (const name of Object.keys(env)) if (!(name in original)) delete env[name];
      for (const [name, value] of Object.entries(original)) if (env[name] !== value) env[name] = value;
    },
  };
}

const EVENTS = ['uncaughtException', 'unhandledRejection', 'exit', 'beforeExit', 'warning'] as const;

/** What the code under test hung on to the process is taken off, and what it took off is put back. */
function keepListeners(): { restore(): void; isChanged(): boolean } {
  const saved = EVENTS.map((event) => ({ event, own: process.rawListeners(event) }));
  const isSame = ({ event, own }: (typeof saved)[number]) => {
    const now = process.rawListeners(event);
    return now.length === own.length && now.every((one, index) => one === own[index]);
  };
  return {
    isChanged: () => !saved.every(isSame),
    restore: () => {
      for (const one of saved) {
        const { event, own } = one;
        if (isSame(one)) continue;
        process.removeAllListeners(event);
        for (const one of own) process.on(event, one as () => void);
      }
    },
  };
}

type TimerHandle = NodeJS.Timeout | NodeJS.Immediate;

function trackTimers() {
  const live = new Set<TimerHandle>();
  const scope = globalThis as unknown as Record<string, unknown>;
  for (const name of ['setTimeout', 'setImmediate', 'setInterval']) {
    const original = scope[name] as (run: (...args: unknown[]) => void, ...rest: unknown[]) => TimerHandle;
    const once = name !== 'setInterval';
    const tracked = (run: (...args: unknown[]) => void, ...rest: unknown[]): TimerHandle => {
      const body = (...args: unknown[]) => {
        if (once) live.delete(handle);
        run(...args);
      };
      const handle = original(body, ...rest);
      live.add(handle);
      return handle;
    };
    scope[name] = Object.assign(tracked, original);
  }
  const clearOriginal = { timeout: globalThis.clearTimeout, immediate: globalThis.clearImmediate };
  const drop = (handle: unknown) => {
    live.delete(handle as TimerHandle);
    if (handle !== null && typeof handle === 'object' && '_onImmediate' in handle) {
      clearOriginal.immediate(handle as NodeJS.Immediate);
    } else clearOriginal.timeout(handle as NodeJS.Timeout);
  };
  for (const name of ['clearTimeout', 'clearImmediate', 'clearInterval']) scope[name] = drop;
  return {
    isAny: () => live.size > 0,
    pending: () => [...live].filter((handle) => handle.hasRef()).length,
    clear: () => {
      for (const handle of live) drop(handle);
    },
  };
}

/** Remembers every file before its first change, through the functions of `fs`; what goes round them is not seen. */
function journalFiles() {
  const before = new Map<string, Buffer | null | 'directory'>();
  let bytes = 0;
  const remember = (target: unknown) => {
    if (typeof target !== 'string' && !(target instanceof URL) && !Buffer.isBuffer(target)) return;
    const path = target instanceof URL ? target.pathname : String(target);
    if (before.has(path) || bytes > MAX_JOURNAL_BYTES) return;
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) before.set(path, 'directory');
    else if (stat === undefined) before.set(path, null);
    else if (stat.isFile()) {
      const content = fs.readFileSync(path);
      bytes += content.length;
      before.set(path, content);
    }
  };
  const undo = restorer(before);
  wrapFileFunctions(remember);
  return {
    isAny: () => before.size > 0,
    undo: () => {
      if (before.size > 0) undo();
      before.clear();
      bytes = 0;
    },
  };
}

function restorer(before: ReadonlyMap<string, Buffer | null | 'directory'>): () => void {
  const { rmSync, writeFileSync, mkdirSync } = fs;
  const restoreOne = (path: string, content: Buffer | null | 'directory') => {
    if (content === null) rmSync(path, { recursive: true, force: true });
    else if (content === 'directory') mkdirSync(path, { recursive: true });
    else writeFileSync(path, content);
  };
  return () => {
    for (const [path, content] of [...before].toReversed()) {
      try {
        restoreOne(path, content);
      } catch (error) {
        // A file that cannot be put back makes later candidates fail at worst; the final judge uses a clean tree.
        if (!(error instanceof Error)) throw error;
      }
    }
  };
}

const WRITERS = [
  'writeFile',
  'appendFile',
  'mkdir',
  'rm',
  'rmdir',
  'unlink',
  'rename',
  'truncate',
  'copyFile',
  'symlink',
  'link',
  'chmod',
  'utimes',
] as const;

function wrapFileFunctions(remember: (target: unknown) => void): void {
  const wrap = (holder: Record<string, unknown>, name: string, when: (args: unknown[]) => boolean) => {
    const original = holder[name];
    if (typeof original !== 'function') return;
    holder[name] = Object.assign(function (this: unknown, ...args: unknown[]): unknown {
      if (when(args)) {
        remember(args[0]);
        if (typeof args[1] === 'string' && /rename|copyFile|link/.test(name)) remember(args[1]);
      }
      return Reflect.apply(original, this, args);
    }, original);
  };
  const always = () => true;
  const opensForWriting = (args: unknown[]) => typeof args[1] === 'string' && /[wa+]/.test(args[1]);
  for (const holder of [fs, fs.promises] as unknown as Record<string, unknown>[]) {
    for (const name of WRITERS) {
      wrap(holder, name, always);
      wrap(holder, `${name}Sync`, always);
    }
    wrap(holder, 'open', opensForWriting);
    wrap(holder, 'openSync', opensForWriting);
    wrap(holder, 'createWriteStream', always);
  }
  syncBuiltinESMExports();
}

const SHARED = [
  'Object',
  'Function',
  'Array',
  'String',
  'Number',
  'Boolean',
  'Symbol',
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'Promise',
  'RegExp',
  'Date',
  'Error',
  'TypeError',
  'RangeError',
  'BigInt',
  'Math',
  'JSON',
  'Reflect',
  'console',
  'process',
] as const;

/** The global object, the built-in constructors and their prototypes. */
function globalHolders(others: readonly object[]): object[] {
  const scope = globalThis as unknown as Record<string, unknown>;
  const holders: object[] = [globalThis, ...others];
  for (const name of SHARED) {
    const value = scope[name];
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
    holders.push(value);
    if ('prototype' in value && typeof value.prototype === 'object' && value.prototype !== null) {
      holders.push(value.prototype);
    }
  }
  return holders;
}

/** Their own properties. */
function snapshotGlobals(holders: readonly object[]) {
  const saved = holders.map(snapshotOf);
  const pliable = new Set<object>([globalThis, Math, console, process, Date]);
  return {
    /** Whether something was changed that we ourselves work with. */
    isBent: () => saved.some((one) => !pliable.has(one.holder) && isOther(one)),
    isChanged: () => {
      for (let i = 0; i < saved.length; i += 1) if (isOther(saved[i] as Snapshot)) return true;
      return false;
    },
    restore: () => {
      for (let i = 0; i < saved.length; i += 1) restoreProperties(saved[i] as Snapshot);
    },
  };
}

interface Snapshot {
  readonly holder: Record<string | symbol, unknown>;
  readonly own: ReadonlyMap<string | symbol, PropertyDescriptor>;
  /** Names and values of the properties that hold a value, side by side: comparing them is what happens most. */
  readonly names: readonly (string | symbol)[];
  readonly values: readonly unknown[];
  /** Compares them all: written out, as looking each up by its name takes ten times as long. */
  readonly holdsAll: Comparer;
  /** The others, which have to be looked at by their descriptors. */
  readonly computed: readonly (string | symbol)[];
}

function snapshotOf(holder: object): Snapshot {
  const own = new Map<string | symbol, PropertyDescriptor>();
  const names: (string | symbol)[] = [];
  const values: unknown[] = [];
  const computed: (string | symbol)[] = [];
  for (const key of Reflect.ownKeys(holder)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(holder, key);
    if (descriptor === undefined) continue;
    own.set(key, descriptor);
    if ('value' in descriptor && !Number.isNaN(descriptor.value)) {
      names.push(key);
      values.push(descriptor.value);
    } else computed.push(key);
  }
  return { holder: holder as Snapshot['holder'], own, names, values, holdsAll: comparerOf(names), computed };
}

type Comparer = (holder: object, values: readonly unknown[], names: readonly (string | symbol)[]) => boolean;

/** True when each property has the value with its number. */
function comparerOf(names: readonly (string | symbol)[]): Comparer {
  const terms = names.map((name, index) => {
    const key = typeof name === 'symbol' ? `names[${index}]` : JSON.stringify(name);
    return `holder[${key}]===values[${index}]`;
  });
  return new Function('holder', 'values', 'names', `return ${['true', ...terms].join('&&')}`) as Comparer;
}

// Taken before any foreign code runs: a candidate may change them.
const { ownKeys, getOwnPropertyDescriptor, defineProperty, deleteProperty, apply } = Reflect;
const { get: getOf, has: hasOf } = Map.prototype;

function isOther({ holder, own, names, values, holdsAll, computed }: Snapshot): boolean {
  if (!holdsAll(holder, values, names)) return true;
  for (let i = 0; i < computed.length; i += 1) {
    const name = computed[i] as string;
    if (getOwnPropertyDescriptor(holder, name)?.get !== (apply(getOf, own, [name]) as PropertyDescriptor).get)
      return true;
  }
  return ownKeys(holder).length !== names.length + computed.length;
}

function restoreProperties({ holder, own, names, values, holdsAll, computed }: Snapshot): void {
  const changed = holdsAll(holder, values, names) ? 0 : names.length;
  for (let i = 0; i < changed; i += 1) {
    const name = names[i] as string;
    if (holder[name] !== values[i]) putBack(holder, name, own);
  }
  for (let i = 0; i < computed.length; i += 1) {
    const name = computed[i] as string;
    if (getOwnPropertyDescriptor(holder, name)?.get !== (apply(getOf, own, [name]) as PropertyDescriptor).get)
      putBack(holder, name, own);
  }
  const keys = ownKeys(holder);
  if (keys.length === names.length + computed.length) return;
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] as string;
    if (!apply(hasOf, own, [key])) deleteProperty(holder, key);
  }
}

function putBack(holder: object, name: string | symbol, own: Snapshot['own']): void {
  const descriptor = apply(getOf, own, [name]) as PropertyDescriptor | undefined;
  if (descriptor !== undefined) defineProperty(holder, name, descriptor);
}
