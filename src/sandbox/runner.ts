// Runs foreign commands in a workspace under the isolation, limits and clean environment of one rung.

import type { ChildProcess } from 'node:child_process';
import { lchownSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, commandLimits, type IsolationRung } from '#contracts/command.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError, errorMessage } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import { clip, plainText } from '#foundation/text.ts';
import { INSIDE, insideDirectory } from './bwrap/arguments.ts';
import { findGroupHost } from './bwrap/control-group.ts';
import { type BwrapContext, type Launched, launchBwrap, unavailable } from './bwrap/launch.ts';
import { watchMemory } from './bwrap/memory-watch.ts';
import { isFirstInside } from './bwrap/orphans.ts';
import type { SandboxCommand, WorkspacePlace } from './command.ts';
import { ALL_FEATURES, BWRAP, type BwrapFeatures } from './features.ts';
import { createStdioPlan } from './process/descriptors.ts';
import { launchOnHost } from './process/host-launch.ts';
import { killNow } from './process/owner.ts';
import { type Outcome, type Supervised, type Supervision, supervise } from './process/supervise.ts';
import { removeDirectory } from './remove.ts';
import { type SandboxUser, sandboxUser } from './user.ts';

export type { SandboxCommand, WorkspacePlace };

/** A running command that is spoken to line by line. */
export interface SandboxProcess {
  /** Sends one line to standard input; lost without an error when the process has ended. */
  write(line: string): void;
  /** Lines of standard output, to be read once. A line beyond `limits.outputBytes` ends the process (`output-limit`). */
  readonly lines: AsyncIterable<string>;
  /** `stdout` is empty, `stderr` holds the last 64 KiB. Never rejects once `start` has resolved. */
  readonly done: Promise<CommandResult>;
  kill(): void;
}

export interface Sandbox {
  readonly rung: IsolationRung;
  /** The Node that commands find first on their PATH. */
  readonly nodePath: string;
  /**
   * Runs a command to its end; one that no system can start (a zero byte or too much text in its words) ends with 126.
   * Throws ISOLATION_UNAVAILABLE when the sandbox itself cannot be set up.
   */
  run(command: SandboxCommand, signal?: AbortSignal): Promise<CommandResult>;
  /** Starts a long-lived command; `limits.wallMs` bounds its whole life. */
  start(command: SandboxCommand, signal?: AbortSignal): Promise<SandboxProcess>;
  /** The path that a command must use for a file of the tree. */
  insidePath(workspace: WorkspacePlace, relative: string): string;
  /** The path that a command must use for its results directory. Throws INTERNAL when it has none. */
  resultsPath(command: Pick<SandboxCommand, 'results'>): string;
}

export interface SandboxOptions {
  readonly rung: IsolationRung;
  readonly clock: Clock;
  readonly log: Log;
  /** From the probe's report. */
  readonly features?: BwrapFeatures;
  readonly user?: SandboxUser;
  readonly bwrap?: string;
  /** PATH of commands of rung `none`, after Node's own directory. */
  readonly hostPath?: string;
}

/** A runner for one rung. The rung must have passed `probeIsolation`. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { rung } = options;
  const launch = rung === 'none' ? createHostLauncher(options) : createBwrapLauncher(options);
  const onHost = rung === 'none';
  return {
    rung,
    nodePath: onHost ? process.execPath : INSIDE.node,
    run: (command, signal) => runToEnd({ launch, rung }, command, signal),
    start: (command, signal) => startLong(launch, command, signal),
    insidePath: (workspace, relative) => {
      const inside = insideDirectory(relative);
      return onHost ? join(workspace.root, inside.slice(INSIDE.workspace.length)) : inside;
    },
    resultsPath: ({ results }) => {
      if (results === undefined)
        throw new AppError('INTERNAL', { message: 'the command has no results directory' });
      return onHost ? results : INSIDE.results;
    },
  };
}

/** Starts a command and watches it; `finish` turns its end into a result. */
type Launcher = (
  command: SandboxCommand,
  mode: Supervised['mode'],
  signal?: AbortSignal,
) => Promise<{
  child: ChildProcess;
  watch: Supervision;
  finish: (outcome: Outcome) => Promise<CommandResult>;
}>;

async function runToEnd(
  { launch, rung }: { readonly launch: Launcher; readonly rung: IsolationRung },
  command: SandboxCommand,
  signal?: AbortSignal,
): Promise<CommandResult> {
  const problem = unstartable(command);
  if (problem !== null) return neverStarted(command, rung, problem);
  const { child, watch, finish } = await launch(command, 'whole', signal);
  child.stdin?.end(command.stdin ?? '');
  return finish(await watch.outcome);
}

/** What the kernel takes: one word of up to 128 KiB, all of them with the environment well below its 2 MiB. */
const MAX_WORD_BYTES = 131_071;
const MAX_COMMAND_BYTES = 1_500_000;

/** Why no system could start these words; null when one could. */
function unstartable({ argv }: SandboxCommand): string | null {
  if (argv.some((word) => word.includes('\0'))) return 'the command holds a zero byte';
  const sizes = argv.map((word) => Buffer.byteLength(word));
  if (sizes.some((bytes) => bytes > MAX_WORD_BYTES))
    return `a word of the command is longer than ${MAX_WORD_BYTES} bytes`;
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  return total > MAX_COMMAND_BYTES ? `the command is longer than ${MAX_COMMAND_BYTES} bytes` : null;
}

function neverStarted(command: SandboxCommand, isolation: IsolationRung, problem: string): CommandResult {
  const end = { ending: 'exited', exitCode: 126, signal: null } as const;
  return { argv: [...command.argv], ...end, stdout: '', stderr: `${problem}\n`, durationMs: 0, isolation };
}

async function startLong(
  launch: Launcher,
  command: SandboxCommand,
  signal?: AbortSignal,
): Promise<SandboxProcess> {
  const problem = unstartable(command);
  if (problem !== null) throw new AppError('COMMAND_FAILED', { message: problem });
  const { child, watch, finish } = await launch(command, 'lines', signal);
  const done = watch.outcome.then((outcome) =>
    finish(outcome).catch((error: unknown): CommandResult => failedSetUp(command, outcome, error)),
  );
  return {
    write: (line) => {
      child.stdin?.write(`${line}\n`);
    },
    lines: watch.lines?.lines ?? noLines(),
    done,
    kill: () => watch.stop('cancelled'),
  };
}

function createBwrapLauncher(options: SandboxOptions): Launcher {
  const { rung, clock } = options;
  const user = options.user ?? sandboxUser();
  const groups = rung === 'bwrap+cgroup' ? findGroupHost({ clock }) : null;
  if (groups && !groups.ok) throw unavailable(`control groups do not work here: ${groups.error}`);
  const context: BwrapContext = {
    bwrap: options.bwrap ?? BWRAP,
    user,
    features: options.features ?? ALL_FEATURES,
    groups: groups?.value ?? null,
    clock,
    stdio: createStdioPlan(),
  };
  return async (command, mode, signal) => {
    const limits = commandLimits.parse(command.limits ?? {});
    own(command.results, user);
    const launched = await launchBwrap(context, command, limits);
    const { child, group } = launched;
    const watch = supervise(
      { ...streams(child), mode, limits, clock, killAll: () => killSandbox(launched, user) },
      signal,
    );
    const ended = new AbortController();
    void launched.firstPid.then((pid) => {
      if (pid === null || group !== null) return;
      const onExceeded = (): void => watch.stop('out-of-memory');
      void watchMemory({ pid, memoryBytes: limits.memoryBytes, clock, onExceeded }, ended.signal);
    });
    const finish = async (outcome: Outcome): Promise<CommandResult> => {
      ended.abort();
      const status = launched.commandStatus();
      const kills = group?.oomKills() ?? 0;
      if (group && !(await group.remove()))
        options.log.warn({ argv: command.argv }, 'a control group stayed');
      if (status === null && outcome.stopped === null && outcome.code !== null && kills === 0) {
        throw unavailable(`the sandbox could not be set up: ${lastLine(outcome.stderr)}`);
      }
      const result = { ...insideEnd(status), ...described(command, rung, outcome) };
      if (outcome.stopped !== null) return { ...result, ending: outcome.stopped, exitCode: null };
      return kills > 0 && status !== 0 ? { ...result, ending: 'out-of-memory', exitCode: null } : result;
    };
    return { child, watch, finish };
  };
}

function createHostLauncher(options: SandboxOptions): Launcher {
  const { clock } = options;
  const hostPath = options.hostPath ?? '/usr/local/bin:/usr/bin:/bin';
  const stdio = createStdioPlan();
  return async (command, mode, signal) => {
    const limits = commandLimits.parse(command.limits ?? {});
    const directory = join(
      command.workspace.root,
      insideDirectory(command.directory).slice(INSIDE.workspace.length),
    );
    const launched = launchOnHost(command, { directory, hostPath, stdio });
    const { child, killAll } = launched;
    const watch = supervise({ ...streams(child), mode, limits, clock, killAll }, signal);
    const finish = async (outcome: Outcome): Promise<CommandResult> => {
      const error = await launched.spawnError;
      await removeDirectory(launched.home);
      const result = { ...described(command, 'none', outcome), ...hostEnd(outcome) };
      if (error) return { ...result, ending: 'exited', exitCode: 127, stderr: errorMessage(error) };
      return outcome.stopped === null ? result : { ...result, ending: outcome.stopped, exitCode: null };
    };
    return { child, watch, finish };
  };
}

function streams(child: ChildProcess): Pick<Supervised, 'child' | 'stdout' | 'stderr'> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null)
    throw new AppError('INTERNAL', { message: 'a child without pipes' });
  return { child, stdout, stderr };
}

/** Its first process dies with bubblewrap, unless bubblewrap dies while it sets up; so it is killed by name as well. */
function killSandbox(launched: Launched, user: SandboxUser): void {
  if (launched.child.pid !== undefined) killNow(-launched.child.pid);
  void launched.firstPid.then((pid) => {
    if (pid !== null && isFirstInside(pid, user.uid)) killNow(pid);
  });
}

function described(
  command: SandboxCommand,
  isolation: IsolationRung,
  outcome: Outcome,
): Pick<CommandResult, 'argv' | 'stdout' | 'stderr' | 'durationMs' | 'isolation'> {
  const { stdout, stderr, durationMs } = outcome;
  return { argv: [...command.argv], stdout, stderr, durationMs, isolation };
}

type End = Pick<CommandResult, 'ending' | 'exitCode' | 'signal'>;

/** Bubblewrap reports death by signal as 128 + number; these numbers are taken for that, other codes for exits. */
const CRASHES = new Map([
  [132, 'SIGILL'],
  [134, 'SIGABRT'],
  [135, 'SIGBUS'],
  [136, 'SIGFPE'],
  [137, 'SIGKILL'],
  [139, 'SIGSEGV'],
  [153, 'SIGXFSZ'],
  [159, 'SIGSYS'],
]);

function insideEnd(status: number | null): End {
  const signal = CRASHES.get(status ?? 137);
  return signal === undefined
    ? { ending: 'exited', exitCode: status, signal: null }
    : { ending: 'signalled', exitCode: null, signal };
}

function hostEnd(outcome: Outcome): End {
  return outcome.signal === null
    ? { ending: 'exited', exitCode: outcome.code ?? 0, signal: null }
    : { ending: 'signalled', exitCode: null, signal: outcome.signal };
}

function failedSetUp(command: SandboxCommand, outcome: Outcome, error: unknown): CommandResult {
  const { stdout, durationMs } = outcome;
  const stderr = `${outcome.stderr}${errorMessage(error)}\n`;
  return { argv: [...command.argv], stdout, stderr, durationMs, ...insideEnd(1), isolation: 'bwrap' };
}

/** The results directory must be writable by whom the command runs as. */
function own(results: string | undefined, user: SandboxUser): void {
  if (results === undefined || !user.dropped) return;
  const stat = lstatSync(results);
  if (stat.isDirectory() && stat.uid === 0) lchownSync(results, user.uid, user.gid);
}

function lastLine(text: string): string {
  return clip(plainText(text).trim().split('\n').at(-1) ?? '', 400).text || 'no reason given';
}

async function* noLines(): AsyncGenerator<string> {
  // A command run as a whole has none.
}
