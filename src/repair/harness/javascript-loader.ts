// Runs inside the sandbox. Loads tests and sources: a candidate's text in place of the file, every project module anew.
import fs from 'node:fs';
import Module, { registerHooks, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { QuickAssert } from './javascript-assert.ts';
import { createScripts, hasModuleSyntax, isModule, type ScriptWorld } from './javascript-scripts.ts';
import type { StartMessage } from './protocol.ts';

type Entry = StartMessage['entries'][number];
const GIVEN = 'cambium:';

/** TypeScript without its types, every offset as before. */
export function stripped(file: string, text: string): string {
  if (!/\.[cm]?ts$/.test(file)) return text;
  try {
    const plain = stripTypeScriptTypes(text, { mode: 'strip' });
    return plain.length === text.length ? plain : text;
  } catch {
    return text;
  }
}

export interface Loader {
  load(entry: Entry): Promise<unknown>;
  /** Runs an entry once more, with all that it loaded staying as it is. */
  again(entry: Entry): Promise<unknown>;
  /** From now on everything is loaded anew. */
  forget(): void;
  /** What is loaded now, to be come back to. */
  world(): World;
  resume(world: World): void;
  /** Own files in the order in which they were loaded anew, those of tests excepted. */
  loads(): readonly string[];
  /** Loads a file before anything asks for it. */
  preload(file: string): Promise<void>;
  /** What the own CommonJS files export that are loaded now. */
  exported(): unknown[];
  /** The text of an own file without a candidate and without types; null when it cannot be read. */
  plainText(file: string): string | null;
  /** True for objects that belong to packages and to node. */
  isForeign(value: object): boolean;
}

export interface World {
  readonly generation: number;
  readonly scripts: ScriptWorld;
  readonly cached: Readonly<Record<string, unknown>>;
}

export interface LoaderParts {
  readonly base: ReadonlyMap<string, string>;
  readonly texts: ReadonlyMap<string, string>;
  /** What is given in place of a module, by the specifier that asks for it. */
  readonly modules: ReadonlyMap<string, object>;
  readonly assert: QuickAssert;
  /** The file that the project's own settings (aliases, path mappings) lead a specifier to; null for Node's own way. */
  readonly locate: (specifier: string, from: string) => string | null;
  /** Text that Node can run, from text without types that it may not be able to. */
  readonly finish: (file: string, text: string) => string;
  /** Runs a CommonJS file for the first time. */
  readonly whileLoading: (file: string, run: () => void) => void;
}

/** Two ways in: CommonJS is run by ourselves, compiled once; modules go through Node's loader with hooks. */
export function createLoader(start: Omit<StartMessage, 'token'>, parts: LoaderParts): Loader {
  let generation = 0;
  let generations = 0;
  let again = 0;
  let loads: string[] = [];
  const mains = new Set(start.entries.map((entry) => path.join(start.directory, entry.file)));
  const onLoad = (file: string) => {
    if (!mains.has(file)) loads.push(file);
  };
  const isOwn = (file: string) => file.startsWith(`${start.directory}/`) && !file.includes('/node_modules/');
  const { plainTextOf, textOf } = createTexts(parts);
  const isChanged = (file: string) => parts.texts.has(file);
  hookModules({ isOwn, textOf, plainTextOf, parts, generation: () => generation, onLoad });
  const builtins = givenFor(parts);
  const { locate } = parts;
  const whileLoading = (file: string, run: () => void) => {
    onLoad(file);
    parts.whileLoading(file, run);
  };
  const scripts = createScripts({ isOwn, textOf, plainTextOf, isChanged, builtins, locate, whileLoading });
  const cache = nativeCache(isOwn);
  const load = async (entry: Entry, mark: string) => {
    const file = path.join(start.directory, entry.file);
    process.argv = [process.argv[0] ?? 'node', file, ...entry.args];
    if (scripts.takes(file)) return scripts.run(file);
    return import(`${pathToFileURL(file).href}?c=${generation}${mark}`);
  };
  return {
    forget: () => {
      generations += 1;
      generation = generations;
      loads = [];
      scripts.forget();
      cache.drop();
    },
    load: (entry) => load(entry, ''),
    again: (entry) => {
      const file = path.join(start.directory, entry.file);
      scripts.drop(file);
      cache.remove(file);
      again += 1;
      return load(entry, `.${again}`);
    },
    world: () => ({
      generation,
      scripts: scripts.world(),
      cached: cache.kept(),
    }),
    resume: (world) => {
      generation = world.generation;
      scripts.resume(world.scripts);
      cache.bringBack(world.cached);
    },
    loads: () => loads,
    preload: async (file) => {
      if (scripts.takes(file)) scripts.preload(file);
      else await import(`${pathToFileURL(file).href}?c=${generation}`);
    },
    exported: () => [
      ...Object.values(scripts.world()).map((module) => module.exports),
      ...cache.exports(true),
    ],
    plainText: (file) => (isOwn(file) && fs.existsSync(file) ? plainTextOf(file) : null),
    isForeign: foreignObjects([...builtins.values()], () => cache.exports(false)),
  };
}

/** What `require` gives in place of modules. */
function givenFor({ assert, modules }: LoaderParts): Map<string, unknown> {
  const given = new Map<string, unknown>();
  for (const prefix of ['', 'node:'])
    given.set(`${prefix}assert`, assert.loose).set(`${prefix}assert/strict`, assert.strict);
  for (const [specifier, value] of modules) given.set(specifier, value);
  return given;
}

function createTexts(parts: LoaderParts) {
  const untouched = new Map<string, string>();
  const plainTextOf = (file: string) => {
    const known = parts.base.get(file) ?? untouched.get(file);
    if (known !== undefined) return known;
    const text = stripped(file, fs.readFileSync(file, 'utf8'));
    untouched.set(file, text);
    return text;
  };
  const finished = new Map<string, string>();
  const textOf = (file: string) => {
    const changed = parts.texts.get(file);
    if (changed !== undefined) return parts.finish(file, changed);
    const known = finished.get(file) ?? parts.finish(file, plainTextOf(file));
    finished.set(file, known);
    return known;
  };
  return { plainTextOf, textOf };
}

/** Modules that Node itself loaded for `require`. */
function nativeCache(isOwn: (file: string) => boolean) {
  const cache = (Module as unknown as { _cache: Record<string, NodeJS.Module | undefined> })._cache;
  const isOurs = (file: string) => isOwn(file) || file.startsWith(GIVEN);
  const drop = () => {
    for (const file of Object.keys(cache)) if (isOurs(file)) delete cache[file];
  };
  return {
    drop,
    remove: (file: string) => {
      delete cache[file];
    },
    kept: () => Object.fromEntries(Object.entries(cache).filter(([file]) => isOurs(file))),
    bringBack: (kept: Readonly<Record<string, unknown>>) => {
      drop();
      Object.assign(cache, kept);
    },
    /** What the tree's own modules export, or all the others. */
    exports: (own: boolean): unknown[] =>
      Object.entries(cache)
        .filter(([file]) => isOwn(file) === own)
        .map(([, module]) => module?.exports),
  };
}

/** What node itself, installed packages and we ourselves give to whoever imports them. */
function foreignObjects(ours: readonly unknown[], packages: () => unknown[]): (value: object) => boolean {
  let known: Set<unknown> | null = null;
  const collect = () => {
    const { moduleLoadList } = process as unknown as { moduleLoadList: string[] };
    const builtins = moduleLoadList
      .map((entry) => entry.replace('NativeModule ', ''))
      .filter((name) => !name.startsWith('internal/') && Module.isBuiltin(name))
      .map((name) => process.getBuiltinModule(name) as unknown);
    const found = new Set<unknown>([globalThis, process, console]);
    for (const exported of [...builtins, ...ours, ...packages()]) {
      found.add(exported);
      if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) continue;
      for (const { value } of Object.values(Object.getOwnPropertyDescriptors(exported))) found.add(value);
    }
    return found;
  };
  return (value) => {
    known ??= collect();
    return known.has(value);
  };
}

interface Hooked {
  readonly isOwn: (file: string) => boolean;
  readonly textOf: (file: string) => string;
  readonly plainTextOf: (file: string) => string;
  readonly parts: LoaderParts;
  readonly generation: () => number;
  readonly onLoad: (file: string) => void;
}

function hookModules({ isOwn, textOf, plainTextOf, parts, generation, onLoad }: Hooked): void {
  const formats = new Map<string, string>();
  Object.defineProperty(globalThis, '__cambiumModules', { value: new Map(parts.modules) });
  const fresh = (file: string) => `${pathToFileURL(file).href}?c=${generation()}`;
  registerHooks({
    resolve: (specifier, context, next) => {
      if (parts.modules.has(specifier)) {
        const format = context.conditions.includes('import') ? 'module' : 'commonjs';
        return { url: `${GIVEN}${format}:${specifier}`, format, shortCircuit: true };
      }
      const located = context.parentURL?.startsWith('file:')
        ? parts.locate(specifier, fileOf(context.parentURL))
        : null;
      if (located !== null) return { url: fresh(located), shortCircuit: true };
      const found = resolveLoosely(specifier, context, next);
      if (!found.url.startsWith('file:') || !context.conditions.includes('import')) return found;
      const file = fileURLToPath(found.url);
      return isOwn(file) && !found.url.includes('?') ? { ...found, url: fresh(file) } : found;
    },
    load: (url, context, next) => {
      if (url.startsWith(GIVEN)) return givenModule(url, parts.modules);
      if (!url.startsWith('file:')) return next(url, context);
      const file = fileOf(url);
      if (!isOwn(file) || !/\.(?:[cm]?[jt]s|[jt]sx)$/.test(file)) return next(url, context);
      const format =
        formats.get(file) ?? (isModule(file) || hasModuleSyntax(plainTextOf(file)) ? 'module' : 'commonjs');
      formats.set(file, format);
      onLoad(file);
      return { format, source: textOf(file), shortCircuit: true };
    },
  });
}

function fileOf(url: string): string {
  return fileURLToPath(url.split('?')[0] ?? url);
}

/** A module whose exports are those of an object of ours. */
function givenModule(url: string, modules: ReadonlyMap<string, object>) {
  const [format = '', ...rest] = url.slice(GIVEN.length).split(':');
  const name = rest.join(':');
  const api = `globalThis.__cambiumModules.get(${JSON.stringify(name)})`;
  if (format === 'commonjs') return { format, source: `module.exports = ${api};`, shortCircuit: true };
  const names = Object.keys(modules.get(name) ?? {}).filter((key) => /^[A-Za-z_$][\w$]*$/.test(key));
  const own = names.filter((key) => key !== 'default').join(', ');
  const source = `const api = ${api};\nexport default api.default ?? api;\nexport const { ${own} } = api;\n`;
  return { format, source, shortCircuit: true };
}

type Resolve = Parameters<typeof registerHooks>[0]['resolve'];
type ResolveArguments = Parameters<NonNullable<Resolve>>;

/** Node's way first; then what bundlers allow: no extension, a directory's index, `.js` for a `.ts` file. */
function resolveLoosely(...[specifier, context, next]: ResolveArguments): ReturnType<ResolveArguments[2]> {
  try {
    return next(specifier, context);
  } catch (error) {
    if (!specifier.startsWith('.')) throw error;
    const bare = specifier.replace(/\.[cm]?js$/, '');
    for (const ending of LOOSE_ENDINGS) {
      const found = resolveOrNull(bare + ending, context, next);
      if (found !== null) return found;
    }
    throw error;
  }
}

const LOOSE_ENDINGS = ['.ts', '.js', '.mts', '.cts', '/index.ts', '/index.js'];

function resolveOrNull(
  ...[specifier, context, next]: ResolveArguments
): ReturnType<ResolveArguments[2]> | null {
  try {
    return next(specifier, context);
  } catch {
    return null;
  }
}
