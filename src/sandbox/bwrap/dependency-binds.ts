// Binds of dependency folders: read-only, but for the scratch folder that Vite insists on making in `node_modules`.
import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join, posix } from 'node:path';

/** Vite writes a compiled configuration there; where it cannot, it gives up without a word about why. */
const SCRATCH = '.vite-temp';
/** A folder of more entries is bound whole: a bind for each takes time. */
const MAX_ENTRIES = 4_000;

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
    if (lstatSync(join(host, SCRATCH), { throwIfNoEntry: false })?.isDirectory() === true)
      return [...whole, ...scratch(`${at}/${SCRATCH}`)];
    const entries = readdirSync(host).sort();
    if (entries.length > MAX_ENTRIES) return whole;
    // No place for it in the folder, which is not ours to write to: a folder of memory holds the same entries.
    const source = sourceOf(host);
    const single = entries.flatMap((name) => {
      const link = lstatSync(join(host, name)).isSymbolicLink();
      return link
        ? ['--symlink', readlinkSync(join(host, name)), `${at}/${name}`]
        : ['--ro-bind', `${source}/${name}`, `${at}/${name}`];
    });
    return [...scratch(at), ...single, ...scratch(`${at}/${SCRATCH}`), '--remount-ro', at];
  });
}

function isModules(at: string): boolean {
  return posix.basename(at) === 'node_modules';
}
