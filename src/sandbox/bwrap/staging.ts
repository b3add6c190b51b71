// Root's way to show the unprivileged identity a directory that it cannot reach, such as one below /root (0700):
// a private mount name space, gone with the command, holds bind mounts of exactly the paths that are needed.
import { lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SandboxUser } from '../user.ts';

const STAGE = '/run/cambium-stage';

/**
 * Arguments: count, then pairs of kind and source, then the command. Paths travel as arguments,
 * never inside the script, so that no name can become code.
 */
const SCRIPT = `set -e
/usr/bin/mount -t tmpfs -o mode=0755,size=1m,nr_inodes=4096 tmpfs ${STAGE}
count=$1; shift; index=0
while [ $index -lt $count ]; do
  if [ "$1" = d ]; then mkdir ${STAGE}/$index; else : > ${STAGE}/$index; fi
  /usr/bin/mount --bind -- "$2" ${STAGE}/$index
  shift 2; index=$((index + 1))
done
exec "$@"`;

export interface Staging {
  /** The path to name in a bind option instead of the host's own. */
  sourceOf(host: string): string;
  /** The program and arguments that run `command` as the identity with the stage in place. */
  wrap(command: readonly string[]): { file: string; args: string[]; uid?: number; gid?: number };
}

/** Decides for each path whether the identity reaches it; only those that it does not are staged. */
export function createStaging(user: SandboxUser): Staging {
  const staged = new Map<string, number>();
  return {
    sourceOf: (host) => {
      if (!user.dropped || reaches(user, host)) return host;
      const index = staged.get(host) ?? staged.size;
      staged.set(host, index);
      return `${STAGE}/${index}`;
    },
    wrap: (command) => {
      const [file = '', ...args] = command;
      if (!user.dropped) return { file, args };
      if (staged.size === 0) return { file, args, uid: user.uid, gid: user.gid };
      mkdirSync(STAGE, { recursive: true, mode: 0o755 });
      const sources = [...staged.keys()].flatMap((host) => [lstatSync(host).isDirectory() ? 'd' : 'f', host]);
      const drop = ['/usr/bin/setpriv', '--reuid', String(user.uid), '--regid', String(user.gid)];
      return {
        file: '/usr/bin/unshare',
        args: [
          ...['--mount', '--propagation', 'private', '--', '/bin/sh', '-c', SCRIPT, 'stage'],
          ...[String(staged.size), ...sources, ...drop, '--clear-groups', '--', ...command],
        ],
      };
    },
  };
}

/** Whether an identity without supplementary groups may enter a directory, or read a file. */
export function reaches(user: SandboxUser, host: string): boolean {
  let path = realpathSync(host);
  let needed = lstatSync(path).isDirectory() ? 0o5 : 0o4;
  for (;;) {
    if ((accessBits(user, path) & needed) !== needed) return false;
    const parent = dirname(path);
    if (parent === path) return true;
    path = parent;
    needed = 0o1;
  }
}

function accessBits(user: SandboxUser, path: string): number {
  const { mode, uid, gid } = lstatSync(path);
  if (uid === user.uid) return (mode >> 6) & 0o7;
  if (gid === user.gid) return (mode >> 3) & 0o7;
  return mode & 0o7;
}
