// Starts bubblewrap for one command: options over a descriptor, control group joined before the command's first step.
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { CommandLimits } from '#contracts/command.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError, errorMessage } from '#foundation/errors.ts';
import type { SandboxCommand } from '../command.ts';
import type { BwrapFeatures } from '../features.ts';
import type { StdioPlan } from '../process/descriptors.ts';
import type { SandboxUser } from '../user.ts';
import { bwrapOptions, limitedArgv } from './arguments.ts';
import type { Group, GroupHost } from './control-group.ts';
import { filterArch, seccompFilter } from './seccomp.ts';
import { createStaging } from './staging.ts';

export interface BwrapContext {
  readonly bwrap: string;
  readonly user: SandboxUser;
  readonly features: BwrapFeatures;
  /** Null on the rung without control groups. */
  readonly groups: GroupHost | null;
  readonly clock: Clock;
  readonly stdio: StdioPlan;
}

export interface Launched {
  readonly child: ChildProcess;
  readonly group: Group | null;
  /** Pid of the sandbox's first process as the host sees it; null when setting up failed before. */
  readonly firstPid: Promise<number | null>;
  /** Exit status of the command itself; null when it was never started, or was killed with the sandbox. */
  readonly commandStatus: () => number | null;
}

const GATE = 4;
const FIRST_INPUT = 5;

/**
 * The command waits inside until we answer. Death of a parent is only noticed by a process that has asked for it
 * before; one that is set up while Cambium is killed would run on for ever. Here it finds the gate closed and ends.
 */
const WAIT_FOR_GO = `echo ready >&${GATE}; read -r go <&${GATE} || exit 125; exec ${GATE}<&-; exec "$@"`;

/** Throws ISOLATION_UNAVAILABLE when bubblewrap cannot be started. */
export async function launchBwrap(
  context: BwrapContext,
  command: SandboxCommand,
  limits: CommandLimits,
): Promise<Launched> {
  const arch = filterArch();
  if (arch === null) throw unavailable(`the system call filter does not know ${process.arch}`);
  const staging = createStaging(context.user);
  const inputs: (string | Uint8Array)[] = [];
  const options = bwrapOptions({
    command,
    features: context.features,
    nodeDirectory: dirname(process.execPath),
    filter: seccompFilter(arch),
    descriptors: { input: (content) => FIRST_INPUT + inputs.push(content) - 1 },
    sourceOf: staging.sourceOf,
  });
  const statusFd = FIRST_INPUT + inputs.length;
  options.push('--json-status-fd', String(statusFd));
  if (context.groups) options.push('--block-fd', String(statusFd + 1));

  // They travel separated by zero bytes: one inside a value would become an option of its own.
  if (options.some((option) => option.includes('\0')))
    throw new AppError('COMMAND_FAILED', { message: 'a path or variable of the command holds a zero byte' });

  const group = context.groups?.create(limits) ?? null;
  const inner = ['/bin/sh', '-c', WAIT_FOR_GO, 'sh', ...limitedArgv(command.argv, limits)];
  const plan = staging.wrap([context.bwrap, '--args', '3', '--', ...inner]);
  const child = spawn(plan.file, plan.args, {
    // Bubblewrap is process 1 inside and keeps its own environment for all to read.
    env: {},
    cwd: '/',
    detached: true,
    stdio: context.stdio(statusFd + (group ? 2 : 1)),
    ...(plan.uid === undefined ? {} : { uid: plan.uid, gid: plan.gid }),
  });
  const failed = new Promise<Error | null>((resolve) => {
    child.once('error', resolve);
    child.once('spawn', () => resolve(null));
  });
  // A child that dies early closes these; its end is seen elsewhere.
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  const error = await failed;
  if (error) {
    await group?.remove();
    throw unavailable(`bubblewrap could not be started: ${errorMessage(error)}`);
  }
  (child.stdio[GATE] as Readable).once('data', () => writable(child, GATE).end('go\n'));
  writable(child, 3).end(`${options.join('\0')}\0`);
  for (const [index, content] of inputs.entries()) writable(child, FIRST_INPUT + index).end(content);
  return { child, group, ...readStatus(child, statusFd, group) };
}

function readStatus(
  child: ChildProcess,
  statusFd: number,
  group: Group | null,
): Pick<Launched, 'firstPid' | 'commandStatus'> {
  let text = '';
  const status = child.stdio[statusFd] as Readable;
  const firstPid = new Promise<number | null>((resolve) => {
    status.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const pid = text.match(/"child-pid":\s*(\d+)/)?.[1];
      if (pid === undefined) return;
      resolve(Number(pid));
    });
    status.on('close', () => resolve(null));
  });
  const joined = firstPid.then((pid) => {
    if (pid === null || group === null) return pid;
    try {
      group.join(pid);
    } catch {
      // Without its group the command must not run: it is still blocked, and ends as a failed set-up.
      child.kill('SIGKILL');
      return null;
    }
    writable(child, statusFd + 1).end('x');
    return pid;
  });
  return {
    firstPid: joined,
    commandStatus: () => {
      const code = text.match(/"exit-code":\s*(\d+)/)?.[1];
      return code === undefined ? null : Number(code);
    },
  };
}

function writable(child: ChildProcess, fd: number): Writable {
  return child.stdio[fd] as Writable;
}

export function unavailable(message: string): AppError {
  return new AppError('ISOLATION_UNAVAILABLE', { message, next: 'cambium doctor' });
}
