// Watches one running command to its end: wall time, request to stop, output bounds, and a hard timer of its own.
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { CommandLimits, CommandResult } from '#contracts/command.ts';
import type { Clock } from '#foundation/clock.ts';
import { type Capture, captureHead, captureTail, type LineQueue, readLines } from './output.ts';

type Ending = CommandResult['ending'];

/** After a kill, or after the command's exit while something holds its output open, we wait no longer than this. */
const GRACE_MS = 3_000;
const STDERR_TAIL_BYTES = 65_536;

export interface Supervised {
  readonly child: ChildProcess;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly limits: CommandLimits;
  /** `lines`: standard output is handed out line by line. */
  readonly mode: 'whole' | 'lines';
  readonly clock: Clock;
  /** Ends everything that the command started. Called at least once, also after a normal exit. */
  readonly killAll: () => void;
}

export interface Outcome {
  /** The first bound or request that ended it; null when it ended by itself. */
  readonly stopped: Exclude<Ending, 'exited' | 'signalled'> | null;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

export interface Supervision {
  readonly lines: LineQueue | null;
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
  stop(why: NonNullable<Outcome['stopped']>): void;
}

export function supervise(task: Supervised, signal?: AbortSignal): Supervision {
  const { child, clock, limits } = task;
  const startedMs = clock.monotonicMs();
  const timers = new AbortController();
  let stopped: Outcome['stopped'] = null;
  let endGrace: () => void = () => undefined;
  const graceOver = new Promise<void>((resolve) => {
    endGrace = resolve;
  });
  const startGrace = (): void => after(clock, GRACE_MS, { signal: timers.signal, ring: endGrace });
  const stop: Supervision['stop'] = (why) => {
    if (stopped !== null || timers.signal.aborted) return;
    stopped = why;
    task.killAll();
    startGrace();
  };

  const overflow = (): void => stop('output-limit');
  const lines = task.mode === 'lines' ? readLines(task.stdout, limits.outputBytes, overflow) : null;
  const stdout = lines === null ? captureHead(task.stdout, limits.outputBytes, overflow) : null;
  const stderr: Capture =
    lines === null
      ? captureHead(task.stderr, limits.outputBytes, overflow)
      : captureTail(task.stderr, STDERR_TAIL_BYTES);

  const onAbort = (): void => stop('cancelled');
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  after(clock, limits.wallMs, { signal: timers.signal, ring: () => stop('timed-out') });

  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, name) => {
      resolve({ code, signal: name });
      task.killAll();
      lines?.release();
      startGrace();
    });
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const outcome = (async (): Promise<Outcome> => {
    await Promise.race([closed, graceOver]);
    const end = await Promise.race([exited, graceOver.then(() => ({ code: null, signal: null }))]);
    timers.abort();
    signal?.removeEventListener('abort', onAbort);
    lines?.close();
    task.stdout.destroy();
    task.stderr.destroy();
    return {
      stopped,
      ...end,
      stdout: stdout?.text() ?? '',
      stderr: stderr.text(),
      durationMs: clock.monotonicMs() - startedMs,
    };
  })();
  return { lines, outcome, stop };
}

interface Alarm {
  readonly signal: AbortSignal;
  readonly ring: () => void;
}

function after(clock: Clock, ms: number, alarm: Alarm): void {
  void clock.sleep(ms, alarm.signal).then(alarm.ring, () => undefined);
}
