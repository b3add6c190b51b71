// Homes for tests of the embedded server: fresh or with a database that is stopped, cleared away with their processes.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { stopEmbedded } from '#database/embedded.ts';
import { openDatabase } from '#database/open.ts';
import type { Database } from '#database/port.ts';
import { spawnAs } from '#database/supervisor/identity.ts';
import { findPlaces, type Places, preparePlaces } from '#database/supervisor/places.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { MIGRATIONS } from '../support/database.ts';

const clock = createSystemClock();

export interface Homes {
  /** The directory of this test. */
  base(): string;
  /** A home that is not there yet. */
  fresh(name?: string): string;
  /** A home whose database is there and stopped. */
  used(name?: string): Promise<string>;
  /** Kills the process when the test is over. */
  track<T extends ChildProcess>(child: T): T;
  /** Starts a process of the server's user, as a reused pid would be. */
  stranger(places: Places, argv: readonly string[]): ChildProcess;
}

/** Sets up homes for the tests of a file. */
export function useHomes(): Homes {
  let pristine = '';
  let base = '';
  let homes: string[] = [];
  let children: ChildProcess[] = [];

  // Making a cluster takes seconds on a busy disk: most tests start from a copy of one that was shut down.
  beforeAll(async () => {
    pristine = await mkdtemp('/tmp/cambium-pristine-');
    await chmod(pristine, 0o755);
    await (await openHome(pristine)).close();
    await stopEmbedded({ home: pristine, clock });
  });

  afterAll(async () => {
    await stopEmbedded({ home: pristine, clock });
    await rm(pristine, { recursive: true, force: true });
  });

  beforeEach(async () => {
    base = await mkdtemp('/tmp/cambium-embedded-');
    await chmod(base, 0o755);
    homes = [];
    children = [];
  });

  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    for (const home of homes) {
      await stopEmbedded({ home, clock });
      const places = await findPlaces(home);
      for (const path of places === null ? [] : [places.root, places.socket])
        await rm(path, { recursive: true, force: true });
    }
    await rm(base, { recursive: true, force: true });
  });

  const fresh = (name = 'home'): string => {
    const path = join(base, name);
    homes.push(path);
    return path;
  };
  const track = <T extends ChildProcess>(child: T): T => {
    children.push(child);
    return child;
  };
  return {
    base: () => base,
    fresh,
    track,
    used: async (name) => {
      const path = fresh(name);
      const places = await preparePlaces(path);
      await promisify(execFile)('cp', ['-a', join(pristine, 'postgres', 'data'), places.data]);
      return path;
    },
    stranger: (places, argv) =>
      track(
        spawn(argv[0] ?? '', argv.slice(1), {
          stdio: ['ignore', 'pipe', 'ignore'],
          ...spawnAs(places.identity),
        }),
      ),
  };
}

export function openHome(
  path: string,
  options: { idleStopSeconds?: number; pgbin?: string } = {},
): Promise<Database> {
  const log = createLog({ level: 'silent' });
  return openDatabase({
    home: path,
    tables: [],
    migrationsDirectory: MIGRATIONS,
    clock,
    log,
    idleStopSeconds: 60,
    ...options,
  });
}

export async function placesOf(path: string): Promise<Places> {
  const places = await findPlaces(path);
  if (places === null) throw new Error('no places');
  return places;
}
