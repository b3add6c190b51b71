// Runs inside the sandbox. Turns what Node cannot run as it is into what it can: by itself where it strips types, with a
// compiler of the project where there is more to do.
import fs from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { type Elision, elisionOf } from './javascript-elision.ts';
import type { Packages } from './javascript-packages.ts';

export interface Transpiler {
  /** Text without types as far as that leaves every offset where it was, to text that runs. */
  finish(file: string, text: string): string;
}

type Compile = (text: string, file: string) => string;
type Way = 'as it is' | 'node' | 'compiler';
type Exports = Record<string, unknown>;

const TYPESCRIPT = /\.[cm]?ts$/;
const MARKUP = /\.[jt]sx$/;
/** An element where a value is expected. */
const ELEMENT = /(?:\breturn|[(=?:,&|>[])\s*<(?:[A-Za-z][\w.]*[\s/>]|>)/;

export function createTranspiler(packages: Packages): Transpiler {
  const ways = new Map<string, Way>();
  const elisions = new Map<string, Elision | null>();
  let compile: Compile | null | undefined;
  const wayOf = (file: string, text: string) => {
    const known = ways.get(file) ?? wayFor(file, text);
    ways.set(file, known);
    return known;
  };
  return {
    finish: (file, text) => {
      const way = wayOf(file, text);
      if (way === 'node') return finished(stripTypeScriptTypes(text, { mode: 'transform' }));
      if (way === 'as it is') {
        const elision = elisions.has(file) ? elisions.get(file) : elisionFor(file, text);
        elisions.set(file, elision ?? null);
        return finished(elision?.apply(text) ?? text);
      }
      compile = compile === undefined ? compilerOf(packages) : compile;
      if (compile === null) throw new Error('no compiler for this file was found in the project');
      return finished(compile(text, file));
    },
  };
}

function elisionFor(file: string, given: string): Elision | null {
  if (!TYPESCRIPT.test(file)) return null;
  const typed = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : given;
  return elisionOf(file, { text: stripTypeScriptTypes(typed, { mode: 'strip' }), typed });
}

/** Decided by the file as it stands on disk; `given` when it does not stand there. */
function wayFor(file: string, given: string): Way {
  if (MARKUP.test(file)) return 'compiler';
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : given;
  if (!TYPESCRIPT.test(file)) return /\.[cm]?js$/.test(file) && ELEMENT.test(text) ? 'compiler' : 'as it is';
  try {
    stripTypeScriptTypes(text, { mode: 'strip' });
    return 'as it is';
  } catch {
    return transforms(text) ? 'node' : 'compiler';
  }
}

/** Enumerations, namespaces and parameter properties are known to Node; decorators are not. */
function transforms(text: string): boolean {
  try {
    return !/^\s*@\w/m.test(stripTypeScriptTypes(text, { mode: 'transform' }));
  } catch {
    return false;
  }
}

function finished(text: string): string {
  return withScriptNames(
    text.includes('import.meta.env') ? text.replaceAll('import.meta.env', 'process.env') : text,
  );
}

/** Names that modules do not have, but that the project's runner gives them. On the first line, so that lines stay. */
export function withScriptNames(text: string): string {
  if (!/\b(?:__dirname|__filename|require)\b/.test(text) || !/^\s*(?:import|export)\b/m.test(text))
    return text;
  const missing = (name: string) =>
    new RegExp(`(?<![.\\w$'"\`-])${name}\\b(?!['"\`:])`).test(text) &&
    !new RegExp(`(?:const|let|var|function)\\s+${name}\\b|import\\s+${name}\\b`).test(text);
  let prologue = '';
  if (missing('__dirname')) prologue += 'const __dirname=import.meta.dirname;';
  if (missing('__filename')) prologue += 'const __filename=import.meta.filename;';
  if (missing('require'))
    prologue += 'const require=process.getBuiltinModule("module").createRequire(import.meta.filename);';
  return prologue + text.replace(/^#!.*/, '');
}

/** The first compiler that the project has, the quickest to ask first. */
function compilerOf(packages: Packages): Compile | null {
  const typescript = packages.load(['typescript']);
  if (typeof typescript?.['transpileModule'] === 'function') return byTypeScript(typescript, packages);
  const esbuild =
    packages.load(['esbuild']) ??
    packages.load(['vite', 'esbuild']) ??
    packages.load(['vitest', 'vite', 'esbuild']);
  if (typeof esbuild?.['transformSync'] === 'function') return byEsbuild(esbuild);
  const sucrase = packages.load(['sucrase']);
  if (typeof sucrase?.['transform'] === 'function') return bySucrase(sucrase);
  const babel =
    packages.load(['@babel/core']) ??
    packages.load(['jest', 'jest-cli', '@jest/core', 'jest-config', '@babel/core']);
  return typeof babel?.['transformSync'] === 'function' ? byBabel(babel) : null;
}

function byTypeScript(typescript: Exports, packages: Packages): Compile {
  const transpile = typescript['transpileModule'] as (
    text: string,
    options: object,
  ) => { outputText: string };
  const kinds = (name: string) => typescript[name] as Record<string, number>;
  const isReact = packages.find('react') !== null;
  const compilerOptions = {
    target: kinds('ScriptTarget')['ESNext'],
    module: kinds('ModuleKind')['ESNext'],
    jsx: kinds('JsxEmit')[isReact ? 'ReactJSX' : 'React'],
    experimentalDecorators: true,
    useDefineForClassFields: false,
    allowJs: true,
  };
  return (text, file) => transpile(text, { fileName: markedUp(file), compilerOptions }).outputText;
}

/** Markup in a file whose ending does not say so. */
function markedUp(file: string): string {
  return file.endsWith('.js') ? `${file}x` : file;
}

function byEsbuild(esbuild: Exports): Compile {
  const transform = esbuild['transformSync'] as (text: string, options: object) => { code: string };
  return (text, file) => {
    const loader = path.extname(markedUp(file)).slice(1).replace(/^[cm]/, '');
    return transform(text, { loader, format: 'esm', target: 'esnext', jsx: 'automatic', sourcefile: file })
      .code;
  };
}

function bySucrase(sucrase: Exports): Compile {
  const transform = sucrase['transform'] as (text: string, options: object) => { code: string };
  return (text, file) => {
    const transforms = [...(/\.[cm]?tsx?$/.test(file) ? ['typescript'] : []), 'jsx'];
    return transform(text, { transforms, jsxRuntime: 'automatic', production: true, filePath: file }).code;
  };
}

/** With the project's own presets: it is chosen where they alone say what the text means. */
function byBabel(babel: Exports): Compile {
  const transform = babel['transformSync'] as (text: string, options: object) => { code?: string } | null;
  return (text, file) => transform(text, { filename: file, sourceMaps: false })?.code ?? text;
}
