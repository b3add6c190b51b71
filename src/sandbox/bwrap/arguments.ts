// The options of bubblewrap for one command. Every one is here for a reason that a regression test holds.
import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { CommandLimits } from '#contracts/command.ts';
import { AppError } from '#foundation/errors.ts';
import type { Mount, SandboxCommand } from '../command.ts';
import type { BwrapFeatures } from '../features.ts';
import { dependencyBinds } from './dependency-binds.ts';
import { usableMounts } from './mount-points.ts';

export const INSIDE = { workspace: '/workspace', results: '/results', node: '/opt/node/bin/node' } as const;

const TMP_BYTES = 268_435_456;
const SHM_BYTES = 67_108_864;
const SCRATCH_BYTES = 33_554_432;
/** Node 24 reserves half a gigabyte of data space before it does anything. */
const DATA_HEADROOM_BYTES = 536_870_912;
const INSIDE_ID = '1000';

const ETC = ['ld.so.cache', 'ssl', 'pki', 'ca-certificates', 'alternatives', 'localtime', 'mime.types'];
const PASSWD = `root:x:0:0:root:/root:/usr/sbin/nologin\nsandbox:x:1000:1000:sandbox:/tmp/home:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`;
const GROUP = 'root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n';
const HOSTS = '127.0.0.1 localhost sandbox\n::1 localhost\n';

/** What a child gets on its further descriptors, in order from 3 on. */
export interface DescriptorTable {
  /** Adds something to read and returns its number. */
  input(content: string | Uint8Array): number;
}

export interface ArgumentsInput {
  readonly command: SandboxCommand;
  readonly features: BwrapFeatures;
  /** Directory of the host's Node. */
  readonly nodeDirectory: string;
  readonly filter: Uint8Array;
  readonly descriptors: DescriptorTable;
  /** The path to name for a host path (see staging). */
  readonly sourceOf: (host: string) => string;
}

/** The options for `--args`; the last two words of the sandbox, status and block descriptors, are the caller's. */
export function bwrapOptions(input: ArgumentsInput): string[] {
  const { command, features, descriptors } = input;
  return [
    ...['--unshare-all', '--unshare-user', ...(features.disableUserns ? ['--disable-userns'] : [])],
    ...[
      '--uid',
      INSIDE_ID,
      '--gid',
      INSIDE_ID,
      '--hostname',
      'sandbox',
      '--die-with-parent',
      '--new-session',
    ],
    ...systemBinds(),
    ...['--ro-bind-data', String(descriptors.input(PASSWD)), '/etc/passwd'],
    ...['--ro-bind-data', String(descriptors.input(GROUP)), '/etc/group'],
    ...['--ro-bind-data', String(descriptors.input(HOSTS)), '/etc/hosts'],
    ...nodeBinds(input),
    // A group-less uid of root's map may write below /proc/sys where bubblewrap thinks it may not: covered again.
    ...['--proc', '/proc', '--ro-bind', '/proc/sys', '/proc/sys', '--dev', '/dev'],
    ...sized(features, SHM_BYTES, '/dev/shm'),
    ...sized(features, TMP_BYTES, '/tmp'),
    ...['--dir', '/tmp/home'],
    ...treeBinds(input),
    // Both are memory without a bound otherwise.
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
    ...['--seccomp', String(descriptors.input(input.filter))],
    '--clearenv',
    ...Object.entries(insideEnvironment(command)).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--chdir', insideDirectory(command.directory)],
  ];
}

/** Resource limits are set inside, where processes are counted by user name space and not with the host's. */
export function limitedArgv(argv: readonly string[], limits: CommandLimits): string[] {
  return [
    '/usr/bin/prlimit',
    `--nproc=${limits.processes}`,
    `--data=${limits.memoryBytes + DATA_HEADROOM_BYTES}`,
    `--fsize=${limits.fileBytes}`,
    '--core=0',
    '--nofile=4096',
    '--',
    ...argv,
  ];
}

/** `/workspace/…` for a relative path; PATH_ESCAPE when it leaves the tree. */
export function insideDirectory(relative = '.'): string {
  const path = posix.normalize(posix.join(INSIDE.workspace, relative));
  if (posix.isAbsolute(relative) || (path !== INSIDE.workspace && !path.startsWith(`${INSIDE.workspace}/`))) {
    throw new AppError('PATH_ESCAPE', { message: `${JSON.stringify(relative)} leaves the workspace` });
  }
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function insideEnvironment(command: SandboxCommand): Record<string, string> {
  const own = insideDirectory(command.directory);
  const dependencies = command.workspace.mounts.flatMap((mount) => {
    const at = insideOf(mount);
    if (posix.basename(at) === 'node_modules') return [`${at}/.bin`];
    return posix.basename(at).endsWith('venv') ? [`${at}/bin`] : [];
  });
  // The package's own programs come before those of the packages around it.
  dependencies.sort((a, b) => Number(b.startsWith(own)) - Number(a.startsWith(own)) || b.length - a.length);
  return {
    PATH: ['/opt/node/bin', ...dependencies, '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME: '/tmp/home',
    LANG: 'C.UTF-8',
    CI: '1',
    ...command.env,
  };
}

/** Where a mount appears inside. */
export function insideOf(mount: Mount): string {
  return posix.isAbsolute(mount.inside) ? posix.normalize(mount.inside) : insideDirectory(mount.inside);
}

/** The system's programs, following how this system lays them out. */
function systemBinds(): string[] {
  const options = ['--ro-bind', '/usr', '/usr'];
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    const path = `/${name}`;
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) options.push('--symlink', readlinkSync(path), path);
    else options.push('--ro-bind', path, path);
  }
  if (existsSync('/nix/store')) options.push('--ro-bind', '/nix/store', '/nix/store');
  for (const name of ETC) options.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`);
  return options;
}

function nodeBinds(input: ArgumentsInput): string[] {
  const options = ['--ro-bind', input.sourceOf(input.nodeDirectory), '/opt/node/bin'];
  const modules = join(dirname(input.nodeDirectory), 'lib', 'node_modules', 'npm');
  if (!existsSync(modules)) return options;
  return [...options, '--ro-bind', input.sourceOf(modules), '/opt/node/lib/node_modules/npm'];
}

function sized(features: BwrapFeatures, bytes: number, path: string): string[] {
  return features.sizedTmpfs ? ['--size', String(bytes), '--tmpfs', path] : ['--tmpfs', path];
}

function treeBinds(input: ArgumentsInput): string[] {
  const { command, sourceOf } = input;
  const { root } = command.workspace;
  const options = ['--bind', sourceOf(root), INSIDE.workspace];
  const gitLink = join(root, '.git');
  const gitStat = lstatSync(gitLink, { throwIfNoEntry: false });
  if (gitStat?.isSymbolicLink()) {
    throw new AppError('PATH_ESCAPE', { message: `the workspace's .git is a link`, details: { root } });
  }
  // What is written there would be believed by the next person who uses git in this tree. Named through the tree's
  // own source, which may be staged.
  if (gitStat) options.push('--ro-bind', `${sourceOf(root)}/.git`, `${INSIDE.workspace}/.git`);
  const shown = usableMounts(command.workspace).map((mount) => ({ host: mount.host, at: insideOf(mount) }));
  options.push(...dependencyBinds(shown, sourceOf, (path) => sized(input.features, SCRATCH_BYTES, path)));
  for (const mount of command.readOnly ?? []) {
    if (!posix.isAbsolute(mount.inside)) {
      throw new AppError('INTERNAL', { message: `a further mount needs an absolute path: ${mount.inside}` });
    }
    options.push('--ro-bind', sourceOf(realpathSync(mount.host)), posix.normalize(mount.inside));
  }
  if (command.results !== undefined) options.push('--bind', sourceOf(command.results), INSIDE.results);
  return options;
}
