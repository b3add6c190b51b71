// Installed dependencies of the user's checkout, to be shown read-only in the workspace at the same place.
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, posix } from 'node:path';
import type { Mount } from '../command.ts';

const MAX_MOUNTS = 200;
const NODE_MANIFEST = 'package.json';
const PYTHON_MANIFESTS = new Set(['pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', 'Pipfile']);
const VENV_NAMES = ['.venv', 'venv'];

/**
 * Looks beside every manifest of the commit, and at the top. A place that the commit itself fills is left alone,
 * and a link counts only when what it leads to has the same name, so that a prepared checkout cannot show more.
 */
export async function findDependencies(topLevel: string, files: readonly string[]): Promise<Mount[]> {
  const places = new Set<string>(['node_modules', ...VENV_NAMES]);
  for (const file of files) {
    const directory = posix.dirname(file);
    const name = posix.basename(file);
    if (name === NODE_MANIFEST) places.add(posix.join(directory, 'node_modules'));
    if (PYTHON_MANIFESTS.has(name)) for (const venv of VENV_NAMES) places.add(posix.join(directory, venv));
  }
  const mounts: Mount[] = [];
  for (const inside of [...places].sort()) {
    if (mounts.length >= MAX_MOUNTS) break;
    if (files.some((file) => file === inside || file.startsWith(`${inside}/`))) continue;
    const host = await dependencyDirectory(topLevel, inside);
    if (host === null) continue;
    mounts.push({ host, inside });
    if (basename(inside).endsWith('venv')) mounts.push(...(await interpreterOf(host)));
  }
  return mounts;
}

async function dependencyDirectory(topLevel: string, inside: string): Promise<string | null> {
  try {
    const at = join(topLevel, inside);
    if ((await realpath(dirname(at))) !== dirname(at)) return null;
    const host = await realpath(at);
    return basename(host) === basename(at) && (await stat(host)).isDirectory() ? host : null;
  } catch {
    return null;
  }
}

/** A virtual environment made with a Python outside /usr needs that Python's own files. */
async function interpreterOf(venv: string): Promise<Mount[]> {
  try {
    const home = (await readFile(join(venv, 'pyvenv.cfg'), 'utf8')).match(/^home\s*=\s*(.+)$/m)?.[1]?.trim();
    if (home === undefined || !isAbsolute(home) || basename(home) !== 'bin') return [];
    const prefix = dirname(await realpath(home));
    if (prefix.startsWith('/usr') || prefix.split('/').length < 4) return [];
    const libraries = await readdir(join(prefix, 'lib'));
    if (!libraries.some((name) => /^python3\.\d+$/.test(name))) return [];
    return ['bin', 'lib'].map((name) => ({ host: join(prefix, name), inside: join(prefix, name) }));
  } catch {
    return [];
  }
}
