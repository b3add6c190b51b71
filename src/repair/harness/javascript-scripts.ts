// Runs inside the sandbox. The tree's CommonJS files, run as Node runs them but compiled only when their text changes:
// for each candidate everything is evaluated anew, and only the changed file is compiled.
import fs from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';

export interface ScriptParts {
  readonly isOwn: (file: string) => boolean;
  /** The text that a file has now, without types. */
  readonly textOf: (file: string) => string;
  /** The text that it has without a candidate. */
  readonly plainTextOf: (file: string) => string;
  /** True when that is a candidate's text, which will not be met again. */
  readonly isChanged: (file: string) => boolean;
  /** What is given in place of built-in modules. */
  readonly builtins: ReadonlyMap<string, unknown>;
  /** The file that the project's own settings lead a specifier to; null for Node's own way. */
  readonly locate: (specifier: string, from: string) => string | null;
  /** Called with what runs a file that was not loaded yet. */
  readonly whileLoading: (file: string, run: () => void) => void;
}

export interface Scripts {
  /** True for a CommonJS file; a module in a file without an ending of its own goes through Node. */
  takes(file: string): boolean;
  run(file: string): unknown;
  /** Runs a file as one that another asks for. */
  preload(file: string): void;
  forget(): void;
  /** Lets one file be run anew. */
  drop(file: string): void;
  world(): ScriptWorld;
  resume(world: ScriptWorld): void;
}

export type ScriptWorld = Record<string, NodeJS.Module>;

type Body = (...args: unknown[]) => void;

interface Host {
  readonly parts: ScriptParts;
  readonly compiled: Map<string, { text: string; body: Body }>;
  readonly kinds: Map<string, boolean>;
  readonly found: Map<string, string>;
  readonly requires: Map<string, NodeJS.Require>;
  loaded: Record<string, NodeJS.Module>;
  main: NodeJS.Module | undefined;
}

const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname'];
const ENDINGS = ['.ts', '.js', '.cts', '/index.ts', '/index.js'];

export function createScripts(parts: ScriptParts): Scripts {
  const host: Host = {
    parts,
    compiled: new Map(),
    kinds: new Map(),
    found: new Map(),
    requires: new Map(),
    loaded: {},
    main: undefined,
  };
  return {
    takes: (file) => isScript(file, host),
    run: (file) => {
      host.main = undefined;
      return loadScript(file, host);
    },
    preload: (file) => {
      host.main = new Module('') as NodeJS.Module;
      loadScript(file, host);
    },
    forget: () => {
      host.loaded = {};
    },
    drop: (file) => {
      delete host.loaded[file];
    },
    world: () => host.loaded,
    resume: (world) => {
      host.loaded = world;
    },
  };
}

function isScript(file: string, host: Host): boolean {
  const known = host.kinds.get(file);
  if (known !== undefined) return known;
  const kind = looksLikeScript(file, host);
  host.kinds.set(file, kind);
  return kind;
}

function looksLikeScript(file: string, host: Host): boolean {
  if (!host.parts.isOwn(file) || !/\.(?:c?js|c?ts|[jt]sx)$/.test(file)) return false;
  if (isModule(file)) return false;
  return !hasModuleSyntax(host.parts.plainTextOf(file));
}

/** True for text that can only be a module. */
export function hasModuleSyntax(text: string): boolean {
  if (/^\s*(?:import\b(?!\s*\()|export\b)/m.test(text) || /^\s*await\b/m.test(text)) return true;
  return WITHIN_A_LINE.test(text) && !/\brequire\s*\(|\bexports\b/.test(text);
}

/** Such words after other code may also stand in a text: they say nothing about a file that asks for others itself. */
const WITHIN_A_LINE = /[;}][ \t]*export\s*(?:\{|\*|(?:default|const|let|var|function|class|async)\b)/;

/** By the ending, else by the nearest package.json. */
export function isModule(file: string): boolean {
  if (/\.m[jt]s$/.test(file)) return true;
  if (/\.c[jt]s$/.test(file)) return false;
  for (let at = path.dirname(file); ; at = path.dirname(at)) {
    const manifest = path.join(at, 'package.json');
    if (fs.existsSync(manifest)) {
      const parsed = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { type?: string };
      return parsed.type === 'module';
    }
    if (path.dirname(at) === at) return false;
  }
}

function loadScript(file: string, host: Host): unknown {
  const before = host.loaded[file];
  if (before !== undefined) return before.exports;
  const module = new Module(file) as NodeJS.Module;
  module.filename = file;
  host.main ??= module;
  host.loaded[file] = module;
  try {
    if (file.endsWith('.json')) module.exports = JSON.parse(host.parts.textOf(file));
    else {
      const require = requireFrom(file, host);
      Object.assign(module, { require });
      const args = [module.exports, require, module, file, path.dirname(file)];
      const body = bodyOf(file, host);
      host.parts.whileLoading(file, () => Reflect.apply(body, module.exports, args));
    }
  } catch (error) {
    delete host.loaded[file];
    throw error;
  }
  module.loaded = true;
  return module.exports;
}

function bodyOf(file: string, host: Host): Body {
  const text = host.parts.textOf(file);
  const known = host.compiled.get(file);
  if (known?.text === text) return known.body;
  const body = vm.compileFunction(text.replace(/^#!.*/, ''), PARAMETERS, {
    filename: file,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as Body;
  if (!host.parts.isChanged(file)) host.compiled.set(file, { text, body });
  return body;
}

function requireFrom(file: string, host: Host): NodeJS.Require {
  const native = nativeRequire(file, host);
  const directory = path.dirname(file);
  const own = (specifier: string): unknown => {
    if (host.parts.builtins.has(specifier)) return host.parts.builtins.get(specifier);
    const key = `${directory}\0${specifier}`;
    const found =
      host.found.get(key) ?? host.parts.locate(specifier, file) ?? resolve(specifier, directory, native);
    host.found.set(key, found);
    const isOwn = isScript(found, host) || (found.endsWith('.json') && host.parts.isOwn(found));
    return isOwn ? loadScript(found, host) : native(specifier);
  };
  return Object.assign(own, {
    resolve: native.resolve,
    cache: host.loaded,
    main: host.main,
    extensions: native.extensions,
  }) as NodeJS.Require;
}

function nativeRequire(file: string, host: Host): NodeJS.Require {
  const known = host.requires.get(file) ?? createRequire(file);
  host.requires.set(file, known);
  return known;
}

function resolve(specifier: string, directory: string, native: NodeJS.Require): string {
  try {
    return native.resolve(specifier);
  } catch (error) {
    if (!specifier.startsWith('.')) throw error;
    const bare = path.resolve(directory, specifier).replace(/\.[cm]?js$/, '');
    const found = ENDINGS.map((ending) => bare + ending).find((one) => fs.existsSync(one));
    if (found === undefined) throw error;
    return found;
  }
}
