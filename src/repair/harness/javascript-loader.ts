// Runs inside the sandbox. Loads tests and sources: a candidate's text in place of the file, every project module anew.
import fs from 'node:fs';
import Module, { registerHooks, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { QuickAssert } from './javascript-assert.ts';
import { createScripts, hasModuleSyntax, isModule } from './javascript-scripts.ts';
import type { StartMessage } from './protocol.ts';

type Entry = StartMessage['entries'][number];

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
  forget(): void;
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
}

/** Two ways in: CommonJS is run by ourselves, compiled once; modules go through Node's loader with hooks. */
export function createLoader(start: Omit<StartMessage, 'token'>, parts: LoaderParts): Loader {
  let generation = 0;
  const untouched = new Map<string, string>();
  const isOwn = (file: string) => file.startsWith(`${start.directory}/`) && !file.includes('/node_modules/');
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
  const isChanged = (file: string) => parts.texts.has(file);
  hookModules({ isOwn, textOf, plainTextOf, parts, generation: () => generation });
  const builtins = new Map<string, unknown>();
  for (const prefix of ['', 'node:']) {
    builtins.set(`${prefix}assert`, parts.assert.loose).set(`${prefix}assert/strict`, parts.assert.strict);
  }
  for (const [specifier, value] of parts.modules) builtins.set(specifier, value);
  const scripts = createScripts({ isOwn, textOf, plainTextOf, isChanged, builtins, locate: parts.locate });
  const cache = (Module as unknown as { _cache: Record<string, unknown> })._cache;
  return {
    forget: () => {
      generation += 1;
      scripts.forget();
      for (const file of Object.keys(cache))
        if (isOwn(file) || file.startsWith('cambium:')) delete cache[file];
    },
    load: async (entry) => {
      const file = path.join(start.directory, entry.file);
      process.argv = [process.argv[0] ?? 'node', file, ...entry.args];
      if (scripts.takes(file)) return scripts.run(file);
      return import(`${pathToFileURL(file).href}?c=${generation}`);
    },
  };
}

interface Hooked {
  readonly isOwn: (file: string) => boolean;
  readonly textOf: (file: string) => string;
  readonly plainTextOf: (file: string) => string;
  readonly parts: LoaderParts;
  readonly generation: () => number;
}

const GIVEN = 'cambium:';

function hookModules({ isOwn, textOf, plainTextOf, parts, generation }: Hooked): void {
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
