// The two PostgreSQL servers of a test run: the embedded one, and a separate installation that is reached by URL.
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureEmbedded } from '#database/embedded.ts';
import { createSystemClock } from '#foundation/clock.ts';

export const SERVER_NAMES = ['embedded', 'server'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** Should the run be killed, its servers stop by themselves. */
const IDLE_STOP_SECONDS = 90;

/** Starts the server when it does not run yet, and says how to reach a database on it. */
export async function startServer(
  name: ServerName,
  directory: string,
): Promise<(database: string) => string> {
  const server = await ensureEmbedded({
    home: join(directory, name),
    clock: createSystemClock(),
    idleStopSeconds: IDLE_STOP_SECONDS,
    ...(name === 'server' ? { pgbin: await installedBinaries() } : {}),
  });
  return (database) => `postgres://cambium@${encodeURIComponent(server.socketDirectory)}:5432/${database}`;
}

/** The bin directory of an installed PostgreSQL: CAMBIUM_TEST_PGBIN, or the oldest one from 15 on below /usr/lib. */
export async function installedBinaries(): Promise<string> {
  const given = process.env['CAMBIUM_TEST_PGBIN'];
  if (given !== undefined && given !== '') return given;
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  for (const version of versions
    .map(Number)
    .filter((v) => v >= 15)
    .sort((a, b) => a - b)) {
    const bin = `/usr/lib/postgresql/${version}/bin`;
    if (
      await access(join(bin, 'initdb')).then(
        () => true,
        () => false,
      )
    )
      return bin;
  }
  throw new Error(
    'these tests need an installed PostgreSQL 15 or newer: apt-get install postgresql, or set CAMBIUM_TEST_PGBIN',
  );
}
