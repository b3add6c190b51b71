// Where to look when nothing was covered: what failing tests import, nearest first, and what they speak of by name.
import { posix } from 'node:path';
import type { SyntaxNode } from '#code/syntax.ts';
import type { Suspect } from '#contracts/edit.ts';
import type { FaultMap } from './locate.ts';
import { lineAt, type SourceFile } from './sources.ts';

/** A failing test as far as it points at code. */
export interface Pointer {
  /** Path of the test's file. */
  readonly file: string;
  /** Text of that file. */
  readonly text: string;
  /** What the test is called, and what it said when it failed. */
  readonly words: string;
}

/** Suspicion by the number of imports between a failing test and a file. Guesses, and below what coverage gives. */
const BY_DISTANCE = [0.5, 0.45, 0.35, 0.3];
const FARTHER = 0.25;
const UNREACHED = 0.05;
const NAMED_BY_TEST = 0.3;
const NAMED_IN_FILE = 0.1;
const MAX_SUSPECTS = 50;
const IMPORTS = [
  /\bfrom\s{0,9}['"]([^'"\n]{1,400})['"]/g,
  /\b(?:import|require)\s{0,9}\(?\s{0,9}['"]([^'"\n]{1,400})['"]/g,
];
const PYTHON_IMPORT =
  /^[ \t]{0,40}(?:from[ \t]+([.\w]{1,200})[ \t]+import[ \t]|import[ \t]+([\w.]{1,200}))/gm;
const TYPESCRIPT_FOR: readonly (readonly [RegExp, string])[] = [
  [/\.js$/, '.ts'],
  [/\.mjs$/, '.mts'],
  [/\.cjs$/, '.cts'],
  [/\.jsx$/, '.tsx'],
];
const ENDINGS = [
  '',
  '.ts',
  '.tsx',
  '.js',
  '.mjs',
  '.cjs',
  '.jsx',
  '/index.ts',
  '/index.js',
  '.py',
  '/__init__.py',
];

/** A fault map from imports and names alone. Deterministic; reads text, runs nothing. */
export function reachMap(pointers: readonly Pointer[], files: readonly SourceFile[]): FaultMap {
  const distances = distancesFrom(pointers, files);
  const said = wordsOf(pointers.map((pointer) => pointer.words).join('\n'));
  const written = wordsOf(pointers.map((pointer) => pointer.text).join('\n'));
  const values = new Map<SyntaxNode, number>();
  const suspects: Suspect[] = [];
  for (const file of files) {
    const distance = distances.get(file.path);
    const near = distance === undefined ? UNREACHED : (BY_DISTANCE[distance] ?? FARTHER);
    for (const { node, name } of file.scopes) {
      const named = said.has(name) ? NAMED_BY_TEST : written.has(name) ? NAMED_IN_FILE : 0;
      const suspicion = Math.min(1, near + (distance === undefined ? 0 : named));
      values.set(node, suspicion);
      const [source = ''] = node.text.split('\n', 1);
      suspects.push({
        file: file.path,
        line: lineAt(file, node.start),
        suspicion,
        source: source.slice(0, 200),
        signals: [],
      });
    }
  }
  suspects.sort(
    (a, b) => b.suspicion - a.suspicion || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line),
  );
  return { suspicionOf: (node) => nearest(node, values), suspects: suspects.slice(0, MAX_SUSPECTS) };
}

/** Imports between the failing tests and each file: 0 for what a test imports itself; absent when out of reach. */
export function distancesFrom(
  pointers: readonly Pointer[],
  files: readonly { readonly path: string; readonly text: string }[],
): ReadonlyMap<string, number> {
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const distances = new Map<string, number>();
  let frontier = pointers.flatMap(({ file, text }) => importsOf(file, text, texts));
  for (let distance = 0; frontier.length > 0; distance += 1) {
    const fresh = [...new Set(frontier)].filter((path) => !distances.has(path));
    for (const path of fresh) distances.set(path, distance);
    frontier = fresh.flatMap((path) => importsOf(path, texts.get(path) ?? '', texts));
  }
  return distances;
}

function importsOf(from: string, text: string, known: ReadonlyMap<string, string>): string[] {
  if (from.endsWith('.py')) return pythonImports(from, text, known);
  const specifiers = IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  return specifiers.flatMap((specifier) => {
    if (!specifier.startsWith('.')) return [];
    const path = posix.normalize(posix.join(posix.dirname(from), specifier));
    const typed = TYPESCRIPT_FOR.map(([ending, source]) => path.replace(ending, source));
    return [...ENDINGS.map((ending) => path + ending), ...typed].find((each) => known.has(each)) ?? [];
  });
}

function pythonImports(from: string, text: string, known: ReadonlyMap<string, string>): string[] {
  return [...text.matchAll(PYTHON_IMPORT)].flatMap((match) => {
    const module = match[1] ?? match[2] ?? '';
    const dots = /^\.*/.exec(module)?.[0].length ?? 0;
    const tail = module.slice(dots).replaceAll('.', '/');
    const up = posix.join(posix.dirname(from), ...Array.from({ length: Math.max(0, dots - 1) }, () => '..'));
    const roots = dots > 0 ? [up] : [posix.dirname(from), '.', 'src'];
    const places = roots.flatMap((root) =>
      ENDINGS.map((ending) => posix.normalize(posix.join(root, tail + ending))),
    );
    return places.find((place) => known.has(place)) ?? [];
  });
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.match(/[\p{L}_$][\p{L}\p{N}_$]{2,}/gu) ?? []);
}

function nearest(node: SyntaxNode, values: ReadonlyMap<SyntaxNode, number>): number {
  for (let at: SyntaxNode | null = node; at !== null; at = at.parent) {
    const value = values.get(at);
    if (value !== undefined) return value;
  }
  return UNREACHED;
}
