// The command line as a door: runs one invocation, keeps results and progress apart, and answers signals.

import type { Clock } from '#foundation/clock.ts';
import { isAppError } from '#foundation/errors.ts';
import type { OperationName } from '#operations/catalogue.ts';
import type { Edges } from '#operations/operation.ts';
import { errorDocument, errorText, shownError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import { createLiveView, type LiveView } from './live.ts';
import { createPaint, type Format, type Terminal, typeable } from './output.ts';
import { runProgram } from './program.ts';

/** A setting given as a flag, by the dotted path of its configuration key. */
export interface SettingFlag {
  readonly path: string;
  readonly value: unknown;
  readonly flag: string;
}

/** Runs an operation by name; the composition root builds the rooms it needs and closes them afterwards. */
export type Invoke = (
  call: {
    readonly operation: OperationName;
    readonly input: unknown;
    readonly settings: readonly SettingFlag[];
  },
  edges: Edges,
) => Promise<unknown>;

export interface CliParts {
  readonly version: string;
  /** How this user starts the program: `cambium`, or a path. */
  readonly program: string;
  readonly terminal: Terminal;
  /** Colours wanted by the environment (`NO_COLOR`, `FORCE_COLOR`, a terminal). */
  readonly colour: boolean;
  readonly clock: Clock;
  readonly invoke: Invoke;
  /** Calls back for signals until disposed; SIGPIPE once, when nobody reads the output any more. */
  readonly onSignal: (react: (signal: StopSignal) => void) => Disposable;
}

/** Runs the command line `argv` and returns the exit status. */
export function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  const { stdout, stderr } = parts.terminal;
  return runProgram(argv, {
    version: parts.version,
    stdout,
    stderr,
    run: (invocation) => runInvocation(invocation, parts),
  });
}

/** Which flags set which configuration key, for commands that have them. */
const SETTING_FLAGS: readonly (readonly [
  option: string,
  path: string,
  flag: string,
  only?: OperationName,
])[] = [
  ['home', 'home', '--home'],
  ['logLevel', 'log.level', '--log-level'],
  ['databaseUrl', 'database.url', '--database-url'],
  ['test', 'tests.command', '--test'],
  ['attempts', 'solve.limits.attempts', '--attempts'],
  ['budget', 'solve.budgetMs', '--budget'],
  ['candidates', 'solve.candidates', '--candidates'],
  ['isolation', 'sandbox.isolation', '--isolation', 'solve'],
  ['allowTestChanges', 'solve.allowTestChanges', '--allow-test-changes'],
  ['review', 'solve.review', '--review'],
];

async function runInvocation(invocation: Invocation, parts: CliParts): Promise<number> {
  const { terminal } = parts;
  const { options } = invocation;
  const format: Format = options['json'] ? 'json' : options['jsonl'] ? 'jsonl' : 'text';
  const paint = createPaint(parts.colour && options['color'] !== false);
  const errPaint = createPaint(parts.colour && options['color'] !== false && terminal.stderrIsTty);
  const settings = SETTING_FLAGS.flatMap(([option, path, flag, only]) => {
    const value = options[option];
    return value === undefined || (only && only !== invocation.operation) ? [] : [{ path, value, flag }];
  });
  const live = createLiveView(terminal, errPaint, parts.clock);
  const interruption = watchSignals(parts, live.say);
  const quiet = options['quiet'] === true;
  const edges: Edges = {
    signal: interruption.signal,
    onRun: live.onRun,
    onEvent: (event) => {
      if (format === 'jsonl') terminal.stdout(`${JSON.stringify({ event })}\n`);
      if (!quiet) live.onEvent(event);
    },
    onProgress: (progress) => {
      if (!quiet) live.onProgress(progress);
    },
  };
  const ticking = new AbortController();
  if (!quiet) void tick(live, parts.clock, ticking.signal);
  try {
    const output = await parts.invoke(
      { operation: invocation.operation, input: invocation.input, settings },
      edges,
    );
    if (!quiet) live.finish();
    const document = format === 'jsonl' ? { result: output } : output;
    const view = { terminal, paint, program: parts.program };
    // Loaded here, with the schemas they need: help and version must not pay for them.
    const { exitOf, present } = await import('./presenters.ts');
    if (format === 'text') terminal.stdout(present(invocation.present, output, view));
    else terminal.stdout(`${JSON.stringify(document, null, format === 'json' ? 2 : undefined)}\n`);
    return interruption.exit() ?? exitOf(invocation.present, output, options['allowEmpty'] === true);
  } catch (error) {
    if (!quiet) live.finish();
    const shown = shownError(error);
    if (format !== 'text') terminal.stdout(`${JSON.stringify(errorDocument(shown))}\n`);
    terminal.stderr(typeable(errorText(shown, errPaint), parts.program));
    if (options['logLevel'] === 'debug' && !isAppError(error) && error instanceof Error)
      terminal.stderr(`${error.stack}\n`);
    return interruption.exit() ?? shown.exit;
  } finally {
    ticking.abort();
    interruption.stop();
  }
}

const TICK_MS = 200;

/** Lets the clock of the live view run while nothing else happens. */
async function tick(live: LiveView, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    live.tick();
    await clock.sleep(TICK_MS, signal).catch(() => undefined);
  }
}

const SIGNAL_EXITS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143, SIGPIPE: 141 } as const;
export type StopSignal = keyof typeof SIGNAL_EXITS;

/** A launcher passes on what the terminal has sent to the whole group already: that soon it is the same signal. */
const SAME_SIGNAL_MS = 300;

interface Interruption {
  readonly signal: AbortSignal;
  readonly exit: () => number | null;
  readonly stop: () => void;
}

/** The first signal asks the work to stop at its checkpoint; the second one leaves at once. */
function watchSignals(parts: CliParts, say: (text: string) => void): Interruption {
  const controller = new AbortController();
  let exit: number | null = null;
  let firstMs = 0;
  const watching = parts.onSignal((name) => {
    const nowMs = parts.clock.monotonicMs();
    if (exit !== null && nowMs - firstMs < SAME_SIGNAL_MS) return;
    if (exit !== null) process.exit(SIGNAL_EXITS[name]);
    firstMs = nowMs;
    exit = SIGNAL_EXITS[name];
    say(`\n${name}: pausing at the last checkpoint; once more to leave at once\n`);
    controller.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
  });
  return { signal: controller.signal, exit: () => exit, stop: () => watching[Symbol.dispose]() };
}
