// Control groups for one command: version 1 by hand where we are root, version 2 where a group is delegated to us.
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLimits } from '#contracts/command.ts';
import type { Clock } from '#foundation/clock.ts';
import { errorMessage } from '#foundation/errors.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import { killNow, ownerTag } from '../process/owner.ts';

export type GroupLimits = Pick<CommandLimits, 'memoryBytes' | 'cpus' | 'processes'>;

/** The group of one command. */
export interface Group {
  /** Moves a process in; children that it makes later are in as well. */
  join(pid: number): void;
  /** How many processes the kernel killed for want of memory. */
  oomKills(): number;
  /** Kills what is left and removes the group, trying for up to two seconds. False when it is still there. */
  remove(): Promise<boolean>;
}

/** A place where groups can be made. */
export interface GroupHost {
  readonly kind: 'v1' | 'v2';
  /** Directories that hold our groups, one for each hierarchy. */
  readonly directories: readonly string[];
  create(limits: GroupLimits): Group;
}

export const GROUP_PARENT = 'cambium';
const CPU_PERIOD_US = 100_000;
/** All commands together would weigh as much as one process of the host; so many may run at once unhindered. */
const WEIGHT = 8;
const REMOVE_TRIES = 100;
const REMOVE_PAUSE_MS = 20;
const V1_CONTROLLERS = ['memory', 'pids', 'cpu'] as const;

export interface GroupSearch {
  readonly clock: Clock;
  /** Contents of `/proc/self/mountinfo` and `/proc/self/cgroup`; read from there by default. */
  readonly mountInfo?: string;
  readonly ownGroups?: string;
}

/** Finds a usable place, or says in words why there is none. Tries version 1 first: a hybrid machine keeps its controllers there. */
export function findGroupHost(search: GroupSearch): Result<GroupHost, string> {
  const mountInfo = search.mountInfo ?? readFileSync('/proc/self/mountinfo', 'utf8');
  const v1 = findV1(mountInfo, search.clock);
  if (v1.ok) return v1;
  const v2 = findV2(mountInfo, search.ownGroups ?? readFileSync('/proc/self/cgroup', 'utf8'), search.clock);
  if (v2.ok) return v2;
  return err(`${v1.error}; ${v2.error}`);
}

interface CgroupMount {
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

function cgroupMounts(mountInfo: string): CgroupMount[] {
  return mountInfo.split('\n').flatMap((line) => {
    const [left, right] = line.split(' - ');
    const path = left?.split(' ')[4];
    const [type, , options] = right?.split(' ') ?? [];
    if (path === undefined || type === undefined || !type.startsWith('cgroup')) return [];
    return [{ path, type, options: options?.split(',') ?? [] }];
  });
}

function findV1(mountInfo: string, clock: Clock): Result<GroupHost, string> {
  const mounts = cgroupMounts(mountInfo).filter((mount) => mount.type === 'cgroup');
  const directories: string[] = [];
  for (const controller of V1_CONTROLLERS) {
    const mount = mounts.find((candidate) => candidate.options.includes(controller));
    if (mount === undefined) return err(`no version 1 control group for ${controller}`);
    const directory = join(mount.path, GROUP_PARENT);
    const made = makeWritable(directory);
    if (!made.ok) return err(`version 1 control group: ${made.error}`);
    directories.push(directory);
  }
  const [memory = '', pids = '', cpu = ''] = directories;
  writeIfThere(join(cpu, 'cpu.shares'), String(1024 * WEIGHT));
  const create = (limits: GroupLimits): Group => {
    const name = newName(memory);
    const paths = [...new Set([memory, pids, cpu])].map((directory) => join(directory, name));
    for (const path of paths) mkdirSync(path, { recursive: true });
    const bytes = String(limits.memoryBytes);
    writeFileSync(join(memory, name, 'memory.limit_in_bytes'), bytes);
    writeIfThere(join(memory, name, 'memory.memsw.limit_in_bytes'), bytes);
    writeFileSync(join(pids, name, 'pids.max'), String(limits.processes));
    writeFileSync(join(cpu, name, 'cpu.cfs_period_us'), String(CPU_PERIOD_US));
    writeFileSync(join(cpu, name, 'cpu.cfs_quota_us'), String(Math.ceil(limits.cpus * CPU_PERIOD_US)));
    return groupOf(paths, join(memory, name, 'memory.oom_control'), clock);
  };
  return ok({ kind: 'v1', directories: [...new Set(directories)], create });
}

/**
 * Root makes its groups below the top of the hierarchy; an ordinary user needs a delegated group
 * (`systemd-run --user --scope -p Delegate=yes`) and moves this process into a sub-group, because
 * a group that hands controllers down must not hold processes itself.
 */
function findV2(mountInfo: string, ownGroups: string, clock: Clock): Result<GroupHost, string> {
  const mount = cgroupMounts(mountInfo).find((candidate) => candidate.type === 'cgroup2');
  if (mount === undefined) return err('no version 2 control groups');
  const own = ownGroups.match(/^0::(.*)$/m)?.[1] ?? '/';
  const isRoot = process.getuid?.() === 0;
  const base = isRoot ? mount.path : join(mount.path, own);
  const missing = missingControllers(base);
  if (missing === null || missing.length > 0) {
    return err(`version 2 control group ${base} offers no ${(missing ?? V1_CONTROLLERS).join(', ')}`);
  }
  try {
    if (!isRoot) leaveGroup(base);
    writeFileSync(join(base, 'cgroup.subtree_control'), '+memory +pids +cpu');
    const directory = join(base, GROUP_PARENT);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'cgroup.subtree_control'), '+memory +pids +cpu');
    writeIfThere(join(directory, 'cpu.weight'), String(100 * WEIGHT));
    const create = (limits: GroupLimits): Group => createV2(directory, limits, clock);
    return ok({ kind: 'v2', directories: [directory], create });
  } catch (error) {
    return err(
      `version 2 control group ${base} is not delegated to this user (${errorMessage(error)}); start Cambium with: systemd-run --user --scope -p Delegate=yes`,
    );
  }
}

function createV2(directory: string, limits: GroupLimits, clock: Clock): Group {
  const path = join(directory, newName(directory));
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'memory.max'), String(limits.memoryBytes));
  writeIfThere(join(path, 'memory.swap.max'), '0');
  writeFileSync(join(path, 'pids.max'), String(limits.processes));
  writeFileSync(join(path, 'cpu.max'), `${Math.ceil(limits.cpus * CPU_PERIOD_US)} ${CPU_PERIOD_US}`);
  return groupOf([path], join(path, 'memory.events'), clock);
}

function missingControllers(base: string): readonly string[] | null {
  const offered = readOrNull(join(base, 'cgroup.controllers'));
  if (offered === null) return null;
  const names = offered.trim().split(/\s+/);
  return V1_CONTROLLERS.filter((controller) => !names.includes(controller));
}

function leaveGroup(base: string): void {
  const supervisor = join(base, `${GROUP_PARENT}-supervisor`);
  mkdirSync(supervisor, { recursive: true });
  writeFileSync(join(supervisor, 'cgroup.procs'), String(process.pid));
}

function groupOf(paths: readonly string[], oomFile: string, clock: Clock): Group {
  return {
    join: (pid) => {
      for (const path of paths) writeFileSync(join(path, 'cgroup.procs'), String(pid));
    },
    oomKills: () => Number(readOrNull(oomFile)?.match(/^oom_kill (\d+)$/m)?.[1] ?? 0),
    remove: async () => {
      for (let attempt = 0; attempt < REMOVE_TRIES; attempt += 1) {
        if (removeGroupDirectories(paths)) return true;
        await clock.sleep(REMOVE_PAUSE_MS);
      }
      return false;
    },
  };
}

/** Kills the members of groups and removes the directories; true when all are gone. */
export function removeGroupDirectories(paths: readonly string[]): boolean {
  let gone = true;
  for (const path of paths) {
    if (removeNow(path)) continue;
    for (const pid of (readOrNull(join(path, 'cgroup.procs')) ?? '').split('\n').filter(Boolean)) {
      killNow(Number(pid));
    }
    gone = removeNow(path) && gone;
  }
  return gone;
}

function removeNow(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** A name that says who made the group, so that a later process can tell whether the owner still lives. */
function newName(directory: string): string {
  for (let number = 1; ; number += 1) {
    const name = `${ownerTag()}-${number}`;
    try {
      mkdirSync(join(directory, name));
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function makeWritable(directory: string): Result<string, string> {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return ok(directory);
  } catch (error) {
    return err(`${directory} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function writeIfThere(path: string, value: string): void {
  if (readOrNull(path) !== null) writeFileSync(path, value);
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
