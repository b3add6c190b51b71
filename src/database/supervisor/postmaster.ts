// The server as its data directory tells it: postmaster.pid read with suspicion, for pids die and are reused.
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Places } from './places.ts';
import { SOCKET_PORT } from './places.ts';
import { commandOf, isAlive } from './processes.ts';

/** `absent`: no cluster. `stopped`: no server. `stale`: postmaster.pid names a process that is not this server. */
export type ServerState = 'absent' | 'stopped' | 'stale' | 'starting' | 'ready' | 'stopping';

export interface Postmaster {
  readonly state: ServerState;
  readonly pid: number | null;
  readonly socket: string;
}

export async function inspectServer(places: Places): Promise<Postmaster> {
  const none = { pid: null, socket: places.socket };
  if ((await stat(join(places.data, 'PG_VERSION')).catch(() => null)) === null)
    return { ...none, state: 'absent' };
  const text = await readFile(join(places.data, 'postmaster.pid'), 'utf8').catch(() => null);
  if (text === null) return { ...none, state: 'stopped' };
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!(await isThisServer(pid, places.data))) return { ...none, state: 'stale' };
  const socket = lines[4]?.trim() || places.socket;
  const status = lines[7]?.trim() ?? '';
  if (status !== 'ready') return { pid, socket, state: status === 'stopping' ? 'stopping' : 'starting' };
  const stopping = await stat(places.stopping).catch(() => null);
  return { pid, socket, state: stopping === null ? 'ready' : 'stopping' };
}

async function isThisServer(pid: number, data: string): Promise<boolean> {
  if (!(await isAlive(pid))) return false;
  const command = await commandOf(pid);
  return command === null || command.includes(data);
}

/**
 * Lets the next start pass over a postmaster.pid whose process is a zombie or a stranger with the same number:
 * PostgreSQL takes its parent's pid for stale, and goes on to check that no orphaned backend still has the shared
 * memory, which it would not after a plain removal of the file. Only under the start lock.
 */
export async function disownPidFile(places: Places): Promise<void> {
  const path = join(places.data, 'postmaster.pid');
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text !== null) {
    const [, ...rest] = text.split('\n');
    await writeFile(path, [String(process.pid), ...rest].join('\n'));
  }
  // The socket's own lock file has no such interlock; the directory is ours alone and its server is gone.
  await rm(join(places.socket, `.s.PGSQL.${SOCKET_PORT}.lock`), { force: true });
}
