// The embedded server of one Cambium home, shared by every local process: attach or start, stop, status.
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import { findBinaries } from './supervisor/binaries.ts';
import { createCluster } from './supervisor/cluster.ts';
import { fileFailure } from './supervisor/failures.ts';
import { launchServer } from './supervisor/launch.ts';
import { findPlaces, type Places, preparePlaces } from './supervisor/places.ts';
import { inspectServer, type Postmaster, type ServerState } from './supervisor/postmaster.ts';
import { lockHolder, tryStartLock } from './supervisor/start-lock.ts';

const WAIT_POLL_MS = 15;
/** Long enough for initdb on a slow disk in another process. */
const WAIT_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 30_000;
/** A marker older than this was left by a watcher that was killed. */
const STALE_MARKER_MS = 15_000;
export const DEFAULT_IDLE_STOP_SECONDS = 600;

export interface EmbeddedOptions {
  /** The data directory of Cambium; the server's own directory is `postgres` in it. */
  readonly home: string;
  /** Directory of installed binaries to use instead of the package's. */
  readonly pgbin?: string;
  /** Seconds without any client after which the server stops by itself; 0 for never; 600 when absent. */
  readonly idleStopSeconds?: number;
  readonly clock: Clock;
}

export interface EmbeddedServer {
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly pid: number;
}

/** Makes sure that the server of `home` runs, creating its cluster when there is none. Throws AppError. */
export async function ensureEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { home, clock } = options;
  const places = await preparePlaces(home);
  const deadline = clock.monotonicMs() + WAIT_LIMIT_MS;
  for (;;) {
    const server = await inspectServer(places);
    if (server.state === 'ready' && server.pid !== null) {
      return { dataDirectory: places.data, socketDirectory: server.socket, pid: server.pid };
    }
    if (server.state === 'stopping') await dropStaleMarker(places, clock);
    else if (server.state !== 'starting' && (await startUnderLock(places, options))) continue;
    if (clock.monotonicMs() > deadline) throw await waitedTooLong(places, server);
    await clock.sleep(WAIT_POLL_MS);
  }
}

/** False when another process holds the lock. */
async function startUnderLock(places: Places, options: EmbeddedOptions): Promise<boolean> {
  const lock = await tryStartLock(places.startLock).catch((error: unknown) => {
    throw fileFailure(error, places.root);
  });
  if (lock === null) return false;
  try {
    const seen = await inspectServer(places);
    if (!['absent', 'stopped', 'stale'].includes(seen.state)) return true;
    const binaries = await findBinaries(places, options.pgbin);
    if (seen.state === 'absent') await createCluster(places, binaries);
    await rm(places.stopping, { force: true });
    const idleStopSeconds = options.idleStopSeconds ?? DEFAULT_IDLE_STOP_SECONDS;
    await launchServer({ places, binaries, clock: options.clock, idleStopSeconds });
    return true;
  } catch (error) {
    throw fileFailure(error, places.root);
  } finally {
    await lock.release();
  }
}

async function dropStaleMarker(places: Places, clock: Clock): Promise<void> {
  const marker = await stat(places.stopping).catch(() => null);
  if (marker !== null && clock.now().getTime() - marker.mtimeMs > STALE_MARKER_MS) {
    await rm(places.stopping, { force: true });
  }
}

async function waitedTooLong(places: Places, server: Postmaster): Promise<AppError> {
  const holder = await lockHolder(places.startLock);
  const who = holder === null ? `the server is ${server.state}` : `process ${holder} is starting it`;
  return new AppError('DATABASE_UNAVAILABLE', {
    message: `the embedded database in ${places.root} is not ready after ${WAIT_LIMIT_MS / 1000} s: ${who}`,
    next: `read ${places.log}, or end that process and try again`,
  });
}

export interface EmbeddedStatus {
  readonly state: ServerState;
  readonly pid: number | null;
  readonly root: string;
  /** Major version that made the data; null without a cluster. */
  readonly version: string | null;
  readonly log: string;
}

/** How the embedded server of `home` is, without starting anything. */
export async function embeddedStatus({ home }: { home: string }): Promise<EmbeddedStatus> {
  const places = await findPlaces(home);
  const root = places?.root ?? join(home, 'postgres');
  if (places === null)
    return { state: 'absent', pid: null, root, version: null, log: join(root, 'server.log') };
  const server = await inspectServer(places);
  const version = await readFile(join(places.data, 'PG_VERSION'), 'utf8').catch(() => null);
  return { state: server.state, pid: server.pid, root, version: version?.trim() ?? null, log: places.log };
}

/** Stops the embedded server of `home`, cutting off its clients; false when none runs. */
export async function stopEmbedded({ home, clock }: { home: string; clock: Clock }): Promise<boolean> {
  const places = await findPlaces(home);
  const server = places === null ? null : await inspectServer(places);
  if (places === null || server?.pid == null) return false;
  process.kill(server.pid, 'SIGINT');
  const deadline = clock.monotonicMs() + STOP_LIMIT_MS;
  while ((await inspectServer(places)).pid === server.pid) {
    if (clock.monotonicMs() > deadline) {
      throw new AppError('DATABASE_UNAVAILABLE', {
        message: `the embedded database (process ${server.pid}) did not stop within ${STOP_LIMIT_MS / 1000} s`,
        next: `read ${places.log}`,
      });
    }
    await clock.sleep(WAIT_POLL_MS);
  }
  return true;
}
