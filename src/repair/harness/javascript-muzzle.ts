// Runs inside the sandbox, in the thread of the code under test: takes its voice and its exits away, and counts its loops.
import process from 'node:process';

export interface Guarded {
  limit: number;
  used: number;
  /** What went wrong outside any test's own promise; null while nothing did. */
  stray: unknown;
  /** Whether something other than the counter of turns set it: it may have come from what ran before. */
  late: boolean;
  probes: Uint8Array;
  /** Told when a file of tests is loaded, before any of its tests runs; null when nobody asks. */
  loaded: (() => void) | null;
  /** The plain script that runs now; it may leave by itself with code 0. */
  current: string;
  /** Whether a failure has been explained already, and another need not be. */
  isBrief: boolean;
}

/** Output, exits and the counters that woven-in guards and probes call. */
export function muzzle(state: Guarded): void {
  const quiet = () => true;
  for (const stream of [process.stdout, process.stderr]) stream.write = quiet;
  const silent = () => undefined;
  for (const name of [
    'log',
    'info',
    'warn',
    'error',
    'debug',
    'trace',
    'dir',
    'table',
    'group',
    'assert',
  ] as const) {
    console[name] = silent;
  }
  const scope = globalThis as unknown as Record<string, unknown>;
  const fixedFunction = (name: string, value: (id: number) => void) =>
    Object.defineProperty(scope, name, { value, writable: false, configurable: false, enumerable: false });
  const tick = () => {
    state.used += 1;
    if (state.used <= state.limit) return;
    state.stray ??= new Error('the tick limit was passed');
    throw state.stray;
  };
  fixedFunction('__cambiumTick', tick);
  // Text with probes has no guards: what never ends is noticed here.
  fixedFunction('__cambiumProbe', (id) => {
    state.probes[id] = 1;
    tick();
  });
  const leave = (code?: number | string | null): never => {
    const stack = (new Error('exit').stack ?? '').split('\n')[2] ?? '';
    const byScript = state.current !== '' && stack.includes(state.current);
    state.late = true;
    if (!byScript || Number(code ?? process.exitCode ?? 0) !== 0)
      state.stray ??= new Error(`exit called with ${code}`);
    throw new ExitSignal();
  };
  process.exit = leave;
  Object.assign(process, { reallyExit: leave });
  process.abort = () => leave(134);
  const stray = (error: unknown) => {
    state.late = true;
    if (!(error instanceof ExitSignal)) state.stray ??= error ?? new Error('rejected with nothing');
  };
  process.on('uncaughtException', stray);
  process.on('unhandledRejection', stray);
}

export class ExitSignal extends Error {}
