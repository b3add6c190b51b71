// Starts the server process, detached from this one, and waits until it accepts connections.
import { spawn } from 'node:child_process';
import { open, rename, stat } from 'node:fs/promises';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Binaries } from './binaries.ts';
import { CHILD_ENVIRONMENT } from './cluster.ts';
import { startFailure } from './failures.ts';
import { spawnAs } from './identity.ts';
import { watchIdle } from './idle-watch.ts';
import { type Places, SOCKET_PORT } from './places.ts';
import { disownPidFile, inspectServer } from './postmaster.ts';

const READY_POLL_MS = 4;
/** Crash recovery replays at most max_wal_size; a minute is many times that. */
const READY_LIMIT_MS = 60_000;
/** How long a refused start is tried again: orphans of a killed server take a moment to go. */
const RETRY_LIMIT_MS = 10_000;
const RETRY_PAUSE_MS = 100;
const LOG_BYTES = 5_000_000;
const TAIL_BYTES = 8_192;

const SETTINGS = {
  listen_addresses: '',
  port: String(SOCKET_PORT),
  unix_socket_permissions: '0700',
  max_connections: '200',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  fsync: 'on',
  // One server without replicas: less to write for the same durability.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  // Planning with JIT costs more than it saves on queries of milliseconds.
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'off',
  log_checkpoints: 'off',
  cluster_name: 'cambium',
};

export interface LaunchOptions {
  readonly places: Places;
  readonly binaries: Binaries;
  readonly clock: Clock;
  /** Seconds without a client after which the server stops; 0 for never. */
  readonly idleStopSeconds: number;
}

/** Starts the server; the caller holds the start lock and has seen that none runs. */
export async function launchServer(options: LaunchOptions): Promise<void> {
  const { places, clock } = options;
  const deadline = clock.monotonicMs() + RETRY_LIMIT_MS;
  for (;;) {
    await disownPidFile(places);
    const refusal = await launchOnce(options);
    if (refusal === null) return;
    const passing = /pre-existing shared memory block|lock file ".*" already exists/.test(refusal);
    if (!passing || clock.monotonicMs() > deadline) throw startFailure(refusal, places.root);
    await clock.sleep(RETRY_PAUSE_MS);
  }
}

/** Null when the server is ready, else what it said before it ended. */
async function launchOnce({
  places,
  binaries,
  clock,
  idleStopSeconds,
}: LaunchOptions): Promise<string | null> {
  const log = await openLog(places);
  try {
    const from = (await log.stat()).size;
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(binaries.postgres, ['-D', places.data, '-k', places.socket, ...settings], {
      cwd: '/',
      env: CHILD_ENVIRONMENT,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...spawnAs(places.identity),
    });
    const end = { said: null as string | null };
    child.once('error', (error) => {
      end.said = error.message;
    });
    child.once('exit', (code, signal) => {
      end.said = `ended with ${signal ?? `status ${code}`}`;
    });
    child.unref();
    const deadline = clock.monotonicMs() + READY_LIMIT_MS;
    while (end.said === null) {
      const server = await inspectServer(places);
      if (server.state === 'ready' && server.pid === child.pid) {
        watchIdle({ places, pid: server.pid, idleStopSeconds });
        return null;
      }
      if (clock.monotonicMs() > deadline) throw notReady(places);
      await clock.sleep(READY_POLL_MS);
    }
    return `${end.said}\n${await tail(places, from)}`;
  } finally {
    await log.close();
  }
}

function notReady(places: Places): AppError {
  return new AppError('DATABASE_UNAVAILABLE', {
    message: `PostgreSQL in ${places.root} is still not ready after ${READY_LIMIT_MS / 1000} s`,
    next: `read ${places.log}; it may be recovering after a crash: try again`,
  });
}

async function openLog(places: Places): Promise<Awaited<ReturnType<typeof open>>> {
  const size = (await stat(places.log).catch(() => null))?.size ?? 0;
  if (size > LOG_BYTES) await rename(places.log, `${places.log}.1`);
  return open(places.log, 'a+', 0o600);
}

async function tail(places: Places, from: number): Promise<string> {
  const file = await open(places.log, 'r');
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.max(size - start, 1)),
      0,
      size - start,
      start,
    );
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}
