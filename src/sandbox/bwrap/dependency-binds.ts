// Binds of dependency folders: read-only, but for the scratch folders that Vite and vitest insist on in `node_modules`.
import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Compiled configuration and caches go there; where they cannot, Vite gives up without a word about why. */
const SCRATCH = ['.vite', '.vite-temp', '.vitest-cache', '.cache'];
/** Vite makes these two in every checkout in which it has run. */
const USUAL = ['.vite', '.vite-temp'];
/** Holds the real folder where scratch folders have no place in it; laid out as package managers with a store do. */
const STORE = '.cambium';
const MAX_ENTRIES = 10_000;

export interface DependencyMount {
  readonly host: string;
  /** Absolute path inside. */
  readonly at: string;
}

/** Options that show the folders; `sourceOf` names a host path, `scratch` gives the options of a small file system. */
export function dependencyBinds(
  mounts: readonly DependencyMount[],
  sourceOf: (host: string) => string,
  scratch: (path: string) => readonly string[],
): string[] {
  const real = mounts.map(({ host, at }) => ({ host: realpathSync(host), at }));
  const vite = real.some(({ host, at }) => isModules(at) && existsSync(join(host, 'vite')));
  return real.flatMap(({ host, at }) => {
    const whole = ['--ro-bind', sourceOf(host), at];
    if (!vite || !isModules(at)) return whole;
    if (USUAL.every((name) => isFolder(join(host, name)))) {
      const there = SCRATCH.filter((name) => isFolder(join(host, name)));
      return [...whole, ...there.flatMap((name) => scratch(`${at}/${name}`))];
    }
    // The folder is not ours to write to: one of memory links to its entries and has room for the scratch folders.
    const entries = readdirSync(host).filter((name) => !SCRATCH.includes(name) && name !== STORE);
    if (entries.length > MAX_ENTRIES) return whole;
    const store = `${STORE}/node_modules`;
    return [
      ...scratch(at),
      ...['--ro-bind', sourceOf(host), `${at}/${store}`],
      ...entries.sort().flatMap((name) => entryLinks({ host, at, store }, name)),
      ...SCRATCH.flatMap((name) => scratch(`${at}/${name}`)),
      ...['--remount-ro', at],
    ];
  });
}

interface Linked {
  readonly host: string;
  readonly at: string;
  /** The real folder, relative to `at`. */
  readonly store: string;
}

/** Links to one entry. Links that lead out of the folder (packages of a workspace) would lead elsewhere from the store. */
function entryLinks({ host, at, store }: Linked, name: string): string[] {
  const target = outwardTarget(host, name);
  if (target !== null) return ['--symlink', target, `${at}/${name}`];
  const whole = ['--symlink', `${store}/${name}`, `${at}/${name}`];
  if (!name.startsWith('@') || !isFolder(join(host, name))) return whole;
  const packages = readdirSync(join(host, name)).map((own) => `${name}/${own}`);
  if (packages.length > MAX_ENTRIES || packages.every((own) => outwardTarget(host, own) === null))
    return whole;
  return packages.flatMap((own) => {
    return ['--symlink', outwardTarget(host, own) ?? `../${store}/${own}`, `${at}/${own}`];
  });
}

/** Where the link `name` in `folder` leads, when that is outside; null for anything else. */
function outwardTarget(folder: string, name: string): string | null {
  const path = join(folder, name);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return null;
  const target = readlinkSync(path);
  return posix.isAbsolute(target) || posix.join(posix.dirname(name), target).startsWith('..') ? target : null;
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isModules(at: string): boolean {
  return posix.basename(at) === 'node_modules';
}
