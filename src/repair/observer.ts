// What functions do on given arguments: the calls that the tests make of them, and the same calls of another program.
import type { Observed, ObservedCall, ObservedFunction, Wanted } from './harness/protocol.ts';
import type { HarnessSession } from './harness-session.ts';

export interface Observer {
  record(to: Watched & { maxCalls: number }, signal?: AbortSignal): Promise<readonly ObservedCall[]>;
  /** Fewer results than calls when the process or the time came to its end. */
  observe(
    to: Watched & { calls: readonly ObservedCall[]; budgetMs: number },
    signal?: AbortSignal,
  ): Promise<readonly Observed[]>;
}

interface Watched {
  readonly functions: readonly ObservedFunction[];
  /** Texts that hand the functions over. */
  readonly sources: Readonly<Record<string, string>>;
}

const CALL_TIMEOUT_MS = 400;
const CALL_TICKS = 20_000;
const TICK_FACTOR = 4;
/** Recording stops in tests that never end, as they do on the unchanged tree. */
const RECORD_TICKS = 100_000;

interface Observation {
  /** For recording all tests. */
  readonly timeoutMs: number;
  /** Most turns that a test takes on the unchanged tree. */
  readonly testTicks: number;
  readonly tests: { readonly failing: readonly Wanted[]; readonly passing: readonly Wanted[] };
}

export function createObserver(
  session: HarnessSession,
  { timeoutMs, testTicks, tests }: Observation,
): Observer {
  const { failing, passing } = tests;
  const entries = [...new Set([...failing, ...passing].map((one) => one.file))];
  return {
    record: async (to, signal) => {
      const limits = { timeoutMs, ticks: Math.max(RECORD_TICKS, testTicks * TICK_FACTOR) };
      const reply = await session.record({ ...plainly(to), ...limits, failing, passing }, signal);
      return reply?.calls ?? [];
    },
    observe: (to, signal) =>
      session.observe(
        {
          ...plainly(to),
          entries,
          timeoutMs: CALL_TIMEOUT_MS,
          ticks: Math.max(CALL_TICKS, testTicks * TICK_FACTOR),
        },
        signal,
      ),
  };
}

/** The functions without what only the host knows of them. */
function plainly<T extends Watched>(to: T): T {
  return { ...to, functions: to.functions.map(({ file, name }) => ({ file, name })) };
}
