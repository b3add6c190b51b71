// Runs inside the sandbox. Loads tests and sources: a candidate's text in place of the file, every project module anew.
import fs from 'node:fs';
import Module, { registerHooks, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { QuickAssert } from './javascript-assert.ts';
import { createScripts, isModule } from './javascript-scripts.ts';
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
  readonly nodeTest: unknown;
  readonly assert: QuickAssert;
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
  const textOf = (file: string) => parts.texts.get(file) ?? plainTextOf(file);
  const isChanged = (file: string) => parts.texts.has(file);
  hookModules({ isOwn, textOf, parts, generation: () => generation });
  const builtins = new Map<string, unknown>();
  for (const prefix of ['', 'node:']) {
    builtins.set(`${prefix}assert`, parts.assert.loose).set(`${prefix}assert/strict`, parts.assert.strict);
  }
  builtins.set('node:test', parts.nodeTest);
  const scripts = createScripts({ isOwn, textOf, plainTextOf, isChanged, builtins });
  const cache = (Module as unknown as { _cache: Record<string, unknown> })._cache;
  const loadMain = (
    Module as unknown as { _load: (file: string, parent: undefined, main: boolean) => unknown }
  )._load;
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
      if (isModule(file)) return import(`${pathToFileURL(file).href}?c=${generation}`);
      return loadMain(file, undefined, true);
    },
  };
}

interface Hooked {
  readonly isOwn: (file: string) => boolean;
  readonly textOf: (file: string) => string;
  readonly parts: LoaderParts;
  readonly generation: () => number;
}

function hookModules({ isOwn, textOf, parts, generation }: Hooked): void {
  const formats = new Map<string, string>();
  const scope = globalThis as unknown as Record<string, unknown>;
  Object.defineProperty(scope, '__cambiumNodeTest', { value: parts.nodeTest });
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === 'node:test') {
        const format = context.conditions.includes('import') ? 'module' : 'commonjs';
        return { url: `cambium:test-${format}`, format, shortCircuit: true };
      }
      const found = resolveLoosely(specifier, context, next);
      if (!found.url.startsWith('file:') || !context.conditions.includes('import')) return found;
      const file = fileURLToPath(found.url);
      return isOwn(file) && !found.url.includes('?')
        ? { ...found, url: `${found.url}?c=${generation()}` }
        : found;
    },
    load: (url, context, next) => {
      if (url === 'cambium:test-commonjs') {
        const source = 'module.exports = globalThis.__cambiumNodeTest;';
        return { format: 'commonjs', source, shortCircuit: true };
      }
      if (url === 'cambium:test-module') return { format: 'module', source: TEST_MODULE, shortCircuit: true };
      if (!url.startsWith('file:')) return next(url, context);
      const file = fileURLToPath(url.split('?')[0] ?? url);
      if (!isOwn(file)) return next(url, context);
      const format = formats.get(file);
      if (format !== undefined) return { format, source: textOf(file), shortCircuit: true };
      const loaded = next(url, context);
      formats.set(file, plainFormat(file, loaded.format ?? 'commonjs'));
      return { ...loaded, format: formats.get(file) ?? loaded.format, source: textOf(file) };
    },
  });
}

const TEST_MODULE = `const api = globalThis.__cambiumNodeTest;
export default api;
export const { test, it, describe, suite, before, after, beforeEach, afterEach, mock } = api;
`;

/** Types are stripped before loading, so that a TypeScript format is its JavaScript one. */
function plainFormat(file: string, format: string): string {
  return /\.[cm]?ts$/.test(file) ? format.replace('-typescript', '') : format;
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
