// Where the embedded server keeps its things: one directory per Cambium home, and a socket path short enough.
import { chmod, chown, lstat, mkdir, realpath, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '#foundation/digest.ts';
import { AppError } from '#foundation/errors.ts';
import { fileFailure } from './failures.ts';
import { canReach, type Identity, serverIdentity } from './identity.ts';

/** `sun_path` holds 108 bytes with its closing zero on Linux, 104 on macOS. */
const SOCKET_PATH_BYTES = process.platform === 'darwin' ? 103 : 107;
export const SOCKET_PORT = 5432;
const SOCKET_NAME = `.s.PGSQL.${SOCKET_PORT}`;

export interface Places {
  /** Holds everything below; owned by this process's user. */
  readonly root: string;
  readonly data: string;
  /** Directory of the socket, owned by the server's user, closed to others. */
  readonly socket: string;
  readonly log: string;
  readonly startLock: string;
  /** Present while the idle watcher is stopping the server. */
  readonly stopping: string;
  readonly identity: Identity;
}

/** The places for `home`, without creating anything; null when there is nothing there yet. */
export async function findPlaces(home: string): Promise<Places | null> {
  const root = await realpath(join(home, 'postgres')).catch(() => null);
  return root === null ? null : placesIn(root);
}

/** The places for `home`, created where missing. */
export async function preparePlaces(home: string): Promise<Places> {
  const found = await findPlaces(home);
  if (found !== null && (await lstat(found.socket).catch(() => null)) !== null) return found;
  try {
    return await createPlaces(home);
  } catch (error) {
    throw fileFailure(error, join(home, 'postgres'));
  }
}

async function createPlaces(home: string): Promise<Places> {
  await mkdir(home, { recursive: true });
  const link = join(await realpath(home), 'postgres');
  const identity = await serverIdentity(join(link, 'data'));
  if ((await lstat(link).catch(() => null)) === null && !(await canReach(identity, dirname(link)))) {
    await linkOutside(link);
  }
  await mkdir(link, { recursive: true, mode: identity.dropped ? 0o755 : 0o700 });
  const places = await placesIn(await realpath(link));
  await ownDirectory(places.socket, identity);
  return places;
}

/** Under root the home may be closed to the server's user (/root is 0700): keep the data where it can get in. */
async function linkOutside(link: string): Promise<void> {
  const outside = join('/var/lib/cambium', shortHash(link));
  await mkdir(outside, { recursive: true, mode: 0o755 });
  await symlink(outside, link).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
}

async function placesIn(root: string): Promise<Places> {
  const data = join(root, 'data');
  const identity = await serverIdentity(data);
  const socket = socketDirectory(root, identity);
  return {
    root,
    data,
    socket,
    log: join(root, 'server.log'),
    startLock: join(root, 'start.lock'),
    stopping: join(socket, 'stopping'),
    identity,
  };
}

function socketDirectory(root: string, identity: Identity): string {
  const beside = join(root, 'run');
  if (Buffer.byteLength(join(beside, SOCKET_NAME)) <= SOCKET_PATH_BYTES) return beside;
  return join('/tmp', `cambium-${identity.uid}-${shortHash(root)}`);
}

function shortHash(text: string): string {
  return sha256(text).slice('sha256:'.length, 'sha256:'.length + 12);
}

/** Creates a directory for the server alone; an existing one of somebody else is refused, for /tmp is everybody's. */
export async function ownDirectory(path: string, identity: Identity): Promise<void> {
  await mkdir(path, { mode: 0o700 }).then(
    () => (identity.dropped ? chown(path, identity.uid, identity.gid) : undefined),
    (error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    },
  );
  const facts = await lstat(path);
  const owners = identity.dropped ? [identity.uid, 0] : [identity.uid];
  if (!facts.isDirectory() || (process.getuid !== undefined && !owners.includes(facts.uid))) {
    throw new AppError('DATABASE_UNAVAILABLE', {
      message: `${path} belongs to somebody else`,
      next: 'remove it, or set CAMBIUM_HOME to a directory with a path of at most 80 bytes',
    });
  }
  if (identity.dropped && facts.uid !== identity.uid) await chown(path, identity.uid, identity.gid);
  if ((facts.mode & 0o077) !== 0) await chmod(path, 0o700);
}
