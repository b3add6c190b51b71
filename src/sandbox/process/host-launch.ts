// Rung `none`: the command runs on the host, by explicit consent, with only a clean environment and bounds around it.
import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, realpathSync, rmdirSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { usableMounts } from '../bwrap/mount-points.ts';
import type { SandboxCommand } from '../command.ts';
import { makeScratch } from '../scratch.ts';
import type { StdioPlan } from './descriptors.ts';
import { killNow, ownerLives, ownerTag } from './owner.ts';

/** Environment variable by which a process that outlived its command is recognised. */
const MARKER = 'CAMBIUM_COMMAND';

export interface HostLaunched {
  readonly child: ChildProcess;
  readonly spawnError: Promise<Error | null>;
  /** Kills the process group and everything that carries the command's marker, new sessions included. */
  readonly killAll: () => void;
  /** The command's own empty HOME, to be removed after it. */
  readonly home: string;
}

export interface HostPlace {
  /** Working directory on the host. */
  readonly directory: string;
  readonly hostPath: string;
  readonly stdio: StdioPlan;
}

export function launchOnHost(command: SandboxCommand, place: HostPlace): HostLaunched {
  linkDependencies(command);
  // Never a known place: what others, or an earlier command, left in a home would be executed.
  const home = makeScratch('home');
  // The home's own ending tells this command from every other, of other sandboxes of this process too.
  const marker = `${ownerTag()}-${home.slice(home.lastIndexOf('-') + 1)}`;
  const binaries = command.workspace.mounts
    .filter((mount) => !isAbsolute(mount.inside))
    .map((mount) =>
      join(command.workspace.root, mount.inside, mount.inside.endsWith('venv') ? 'bin' : '.bin'),
    );
  const [file = '', ...args] = command.argv;
  const child = spawn(file, args, {
    cwd: place.directory,
    detached: true,
    stdio: place.stdio(3),
    env: {
      PATH: [dirname(process.execPath), ...binaries, place.hostPath].join(delimiter),
      HOME: home,
      LANG: 'C.UTF-8',
      CI: '1',
      ...command.env,
      [MARKER]: marker,
    },
  });
  const spawnError = new Promise<Error | null>((resolve) => {
    child.once('error', resolve);
    child.once('spawn', () => resolve(null));
  });
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  const killAll = (): void => {
    if (child.pid !== undefined) killNow(-child.pid);
    for (const { pid, tag } of markedProcesses()) if (tag === marker) killNow(pid);
  };
  return { child, spawnError, killAll, home };
}

/** Without mounts, dependencies are links; the snapshot leaves them out. */
function linkDependencies(command: SandboxCommand): void {
  for (const mount of usableMounts(command.workspace)) {
    if (isAbsolute(mount.inside)) continue;
    const at = join(command.workspace.root, mount.inside);
    // An empty directory is what a mount of an earlier command left; anything else is what the command is to see.
    const there = lstatSync(at, { throwIfNoEntry: false });
    if (there?.isDirectory() && readdirSync(at).length === 0) rmdirSync(at);
    else if (there) continue;
    symlinkSync(realpathSync(mount.host), at);
  }
}

/** Processes of this machine that a command of ours started and whose environment we may read. */
export function markedProcesses(): { pid: number; tag: string; ownerGone: boolean }[] {
  return processIds().flatMap((pid) => {
    const tag = environmentOf(pid)?.match(new RegExp(`(?:^|\0)${MARKER}=([0-9A-Za-z-]+)(?:\0|$)`))?.[1];
    return tag === undefined ? [] : [{ pid, tag, ownerGone: !ownerLives(tag) }];
  });
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function environmentOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return null;
  }
}
