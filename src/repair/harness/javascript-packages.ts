// Runs inside the sandbox. Finds and loads packages of the project: those that its test runner itself is made of.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface Packages {
  /** Folder of the last package of a chain, each looked for from the one before and then from the project; null when missing. */
  find(...chain: readonly string[]): string | null;
  /** What that package exports, or a file in it; null when it is missing or does not load. */
  load(chain: readonly string[], file?: string): Record<string, unknown> | null;
}

/** `directory`: absolute, of the package whose tests run. */
export function createPackages(directory: string): Packages {
  const find = (...chain: readonly string[]) => {
    let from: string | null = directory;
    for (const name of chain) from = folderOf(name, from ?? directory) ?? folderOf(name, directory) ?? from;
    const last = chain.at(-1) ?? '';
    return from !== null && from !== directory && nameIn(from) === last ? from : null;
  };
  return {
    find,
    load: (chain, file) => {
      const folder = find(...chain);
      if (folder === null) return null;
      const own = createRequire(path.join(folder, 'package.json'));
      try {
        return own(file === undefined ? folder : path.join(folder, file)) as Record<string, unknown>;
      } catch {
        return viaExports(folder, chain.at(-1) ?? '');
      }
    },
  };
}

/** Packages without a `main` are only found by their name, from a place that has them. */
function viaExports(folder: string, name: string): Record<string, unknown> | null {
  try {
    return createRequire(path.join(folder, 'package.json'))(name) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** Goes up through the folders named node_modules: what a package exports does not matter. */
function folderOf(name: string, from: string): string | null {
  for (let at = from; ; at = path.dirname(at)) {
    const candidate = path.join(at, 'node_modules', name);
    if (fs.existsSync(path.join(candidate, 'package.json'))) return fs.realpathSync(candidate);
    if (path.dirname(at) === at) return null;
  }
}

function nameIn(folder: string): string | null {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    name?: string;
  };
  return manifest.name ?? null;
}
