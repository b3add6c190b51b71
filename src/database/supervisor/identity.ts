// Which user runs the server: PostgreSQL refuses root, so under root an unprivileged account does.
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '#foundation/errors.ts';

/** Accounts tried under root, in order; each must have a passwd entry, for initdb asks for its name. */
const ACCOUNTS = ['postgres', 'nobody'] as const;

export interface Identity {
  /** Whether the server runs as another user than this process. */
  readonly dropped: boolean;
  readonly uid: number;
  readonly gid: number;
}

/** The user for a server whose data is in `dataDirectory`: its owner when it exists, else an ordinary account. */
export async function serverIdentity(dataDirectory: string): Promise<Identity> {
  const uid = process.getuid?.() ?? -1;
  const gid = process.getgid?.() ?? -1;
  if (uid !== 0) return { dropped: false, uid, gid };
  const owner = await stat(dataDirectory).catch(() => null);
  if (owner !== null && owner.uid !== 0) return { dropped: true, uid: owner.uid, gid: owner.gid };
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  for (const account of ACCOUNTS) {
    const fields = passwd
      .split('\n')
      .find((line) => line.startsWith(`${account}:`))
      ?.split(':');
    const [accountUid, accountGid] = [Number(fields?.[2]), Number(fields?.[3])];
    if (accountUid > 0 && accountGid >= 0) return { dropped: true, uid: accountUid, gid: accountGid };
  }
  throw new AppError('DATABASE_UNAVAILABLE', {
    message: 'PostgreSQL refuses to run as root, and there is no account postgres or nobody to run it as',
    next: 'run Cambium as an ordinary user, or set DATABASE_URL to a server of your own',
  });
}

/** Options for a child process that runs as `identity`. */
export function spawnAs(identity: Identity): { uid?: number; gid?: number } {
  return identity.dropped ? { uid: identity.uid, gid: identity.gid } : {};
}

/** Whether `identity` may enter every directory down to and including `directory`. */
export async function canReach(identity: Identity, directory: string): Promise<boolean> {
  if (!identity.dropped) return true;
  for (let path = directory; ; path = dirname(path)) {
    if (!(await may(identity, path, 1))) return false;
    if (path === dirname(path)) return true;
  }
}

/** Whether `identity` has `bits` (4 read, 2 write, 1 execute or enter) on `path` by its mode. */
export async function may(identity: Identity, path: string, bits: number): Promise<boolean> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) return false;
  const shift = facts.uid === identity.uid ? 6 : facts.gid === identity.gid ? 3 : 0;
  return ((facts.mode >> shift) & bits) === bits;
}
