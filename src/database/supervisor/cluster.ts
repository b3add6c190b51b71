// Makes a new database cluster: complete under another name first, then renamed, so that no half one is ever seen.
import { spawn } from 'node:child_process';
import { chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { codeOf, startFailure } from './failures.ts';
import { spawnAs } from './identity.ts';
import type { Places } from './places.ts';

export const SUPERUSER = 'cambium';
/** The only variables that children see: nothing of the caller's environment changes what they do. */
export const CHILD_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
const OUTPUT_CHARS = 20_000;

/** Creates the cluster in `places.data`; another process's cluster, should one appear meanwhile, is kept instead. */
export async function createCluster(places: Places, binaries: Binaries): Promise<void> {
  await removeDrafts(places);
  const draft = `${places.data}.new-${process.pid}`;
  await mkdir(draft, { mode: 0o700 });
  try {
    if (places.identity.dropped) await chown(draft, places.identity.uid, places.identity.gid);
    await runInitdb(places, binaries, draft);
    await rename(draft, places.data).catch((error: unknown) => {
      if (!['EEXIST', 'ENOTEMPTY'].includes(codeOf(error))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Removes what processes left that were killed while they made a cluster. Only under the start lock. */
async function removeDrafts(places: Places): Promise<void> {
  const prefix = `${basename(places.data)}.new-`;
  for (const name of await readdir(places.root)) {
    if (name.startsWith(prefix)) await rm(join(places.root, name), { recursive: true, force: true });
  }
}

function runInitdb(places: Places, binaries: Binaries, directory: string): Promise<void> {
  // Trust is safe: the socket's directory is open to its owner alone, and no TCP port is opened.
  const argv = ['-D', directory, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C'];
  return new Promise((resolve, reject) => {
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARS);
    };
    const child = spawn(binaries.initdb, argv, {
      cwd: '/',
      env: CHILD_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...spawnAs(places.identity),
    });
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => reject(startFailure(`${error.message}\n${output}`, places.root)));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(startFailure(output, places.root));
    });
  });
}
