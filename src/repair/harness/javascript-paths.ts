// Runs inside the sandbox. Where a specifier leads by the project's own settings: aliases, and the paths of tsconfig.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface Alias {
  readonly find: string | RegExp;
  /** Replacements to try, one after the other. */
  readonly to: readonly string[];
}

export interface PathSettings {
  readonly aliases: readonly Alias[];
  /** Absolute folders in which specifiers are looked for as well. */
  readonly folders: readonly string[];
  readonly root: string;
}

/** `tree`: absolute folder above which no tsconfig is looked for. `settings` may be other ones at each call. */
export function createLocator(
  tree: string,
  settings: () => PathSettings,
): (specifier: string, from: string) => string | null {
  const configs = new Map<string, Mapping | null>();
  const found = new Map<string, string | null>();
  return (specifier, from) => {
    const { aliases, folders, root } = settings();
    if (/^[a-z]+:/.test(specifier) || !from.startsWith(tree) || from.includes('/node_modules/')) return null;
    const key = `${root}\0${path.dirname(from)}\0${specifier}`;
    const known = found.get(key);
    if (known !== undefined) return known;
    // Asking Node where a specifier leads comes back here: then its own way is meant.
    found.set(key, null);
    const located =
      byAlias(specifier, from, aliases, root) ??
      (isBare(specifier) && !isInstalled(specifier, from)
        ? (inFolders(specifier, folders) ?? byMapping(specifier, mappingFor(from, tree, configs)))
        : null);
    found.set(key, located);
    return located;
  };
}

function isBare(specifier: string): boolean {
  return !specifier.startsWith('.') && !specifier.startsWith('/');
}

function isInstalled(specifier: string, from: string): boolean {
  try {
    createRequire(from).resolve(specifier);
    return true;
  } catch (error) {
    // It is there, but only for modules.
    return (error as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  }
}

function byAlias(specifier: string, from: string, aliases: readonly Alias[], root: string): string | null {
  for (const { find, to } of aliases) {
    const isMatch =
      typeof find === 'string'
        ? specifier === find || specifier.startsWith(find.endsWith('/') ? find : `${find}/`)
        : new RegExp(find.source, find.flags.replace(/[gy]/g, '')).test(specifier);
    if (!isMatch) continue;
    for (const one of to) {
      const replaced = specifier.replace(find, one);
      const file = path.isAbsolute(replaced)
        ? (existing(replaced) ?? existing(path.join(root, replaced)))
        : resolved(replaced, from);
      if (file !== null) return file;
    }
    return null;
  }
  return null;
}

function resolved(specifier: string, from: string): string | null {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return null;
  }
}

function inFolders(specifier: string, folders: readonly string[]): string | null {
  for (const folder of folders) {
    const file = existing(path.join(folder, specifier));
    if (file !== null) return file;
  }
  return null;
}

const ENDINGS = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json'];

/** The file itself, with an ending, as `.ts` in place of `.js`, or the index of a folder. */
export function existing(file: string): string | null {
  const isFile = (one: string) => fs.statSync(one, { throwIfNoEntry: false })?.isFile() === true;
  const candidates = [
    file,
    ...ENDINGS.map((ending) => file + ending),
    ...[file.replace(/\.([cm]?)js$/, '.$1ts'), file.replace(/\.jsx?$/, '.tsx')],
    ...ENDINGS.map((ending) => path.join(file, `index${ending}`)),
  ];
  return candidates.find(isFile) ?? null;
}

interface Mapping {
  readonly base: string;
  /** False where only `paths` are looked up, not every specifier. */
  readonly isBaseUrl: boolean;
  readonly paths: readonly (readonly [pattern: string, targets: readonly string[]])[];
}

function mappingFor(from: string, tree: string, known: Map<string, Mapping | null>): Mapping | null {
  for (let at = path.dirname(from); at.startsWith(tree); at = path.dirname(at)) {
    const file = ['tsconfig.json', 'jsconfig.json'].map((name) => path.join(at, name)).find(fs.existsSync);
    if (file !== undefined) {
      const mapping = known.get(file) ?? readMapping(file, 0);
      known.set(file, mapping);
      if (mapping !== null) return mapping;
    }
    if (path.dirname(at) === at) break;
  }
  return null;
}

const MAX_EXTENDS = 5;

interface CompilerFile {
  readonly extends?: string | readonly string[];
  readonly references?: readonly { readonly path?: string }[];
  readonly compilerOptions?: {
    readonly baseUrl?: string;
    readonly paths?: Readonly<Record<string, string[]>>;
  };
}

function readMapping(file: string, depth: number): Mapping | null {
  if (depth > MAX_EXTENDS || !fs.existsSync(file)) return null;
  const config = parseLoosely(fs.readFileSync(file, 'utf8'));
  const { baseUrl, paths } = config?.compilerOptions ?? {};
  if (baseUrl !== undefined || paths !== undefined) {
    const base = path.resolve(path.dirname(file), baseUrl ?? '.');
    return { base, isBaseUrl: baseUrl !== undefined, paths: Object.entries(paths ?? {}) };
  }
  const above = [config?.extends ?? []].flat();
  const beside = (config?.references ?? []).flatMap((one) => (one.path === undefined ? [] : [one.path]));
  for (const one of [...above.toReversed(), ...beside]) {
    const next = one.startsWith('.') ? path.resolve(path.dirname(file), one) : resolved(one, file);
    const candidates = next === null ? [] : [next, `${next}.json`, path.join(next, 'tsconfig.json')];
    const target = candidates.find((each) => fs.statSync(each, { throwIfNoEntry: false })?.isFile());
    const mapping = target === undefined ? null : readMapping(target, depth + 1);
    if (mapping !== null) return mapping;
  }
  return null;
}

/** JSON with comments and trailing commas; null when it is something else. */
function parseLoosely(text: string): CompilerFile | null {
  const plain = text
    .replace(
      /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
      (_, string: string | undefined) => string ?? '',
    )
    .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, (_, string: string | undefined) => string ?? '');
  try {
    return JSON.parse(plain) as CompilerFile;
  } catch {
    return null;
  }
}

function byMapping(specifier: string, mapping: Mapping | null): string | null {
  if (mapping === null) return null;
  // The longest pattern before its star is the nearest.
  const ranked = mapping.paths.toSorted(([a], [b]) => b.indexOf('*') - a.indexOf('*'));
  for (const [pattern, targets] of ranked) {
    const middle = matched(specifier, pattern);
    if (middle === null) continue;
    for (const target of targets) {
      const file = existing(path.resolve(mapping.base, target.replace('*', middle)));
      if (file !== null) return file;
    }
  }
  return mapping.isBaseUrl ? existing(path.join(mapping.base, specifier)) : null;
}

/** What stands for the star; null without a match. */
function matched(specifier: string, pattern: string): string | null {
  const star = pattern.indexOf('*');
  if (star < 0) return specifier === pattern ? '' : null;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  const isMatch = specifier.startsWith(before) && specifier.endsWith(after);
  return isMatch && specifier.length >= before.length + after.length
    ? specifier.slice(before.length, specifier.length - after.length)
    : null;
}
