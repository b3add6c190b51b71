// Where to look when nothing was covered: what failing tests import, nearest first, and what they speak of by name.
import type { SyntaxNode } from '#code/syntax.ts';
import type { Suspect } from '#contracts/edit.ts';
import { distancesFrom, type Pointer } from './imports.ts';
import type { FaultMap } from './locate.ts';
import { lineAt, type SourceFile } from './sources.ts';

/** Suspicion by the number of imports between a failing test and a file. Guesses, and below what coverage gives. */
const BY_DISTANCE = [0.5, 0.45, 0.35, 0.3];
const FARTHER = 0.25;
const UNREACHED = 0.05;
const NAMED_BY_TEST = 0.3;
const NAMED_IN_FILE = 0.1;
const MAX_SUSPECTS = 50;
/** Files that are looked into without coverage; the nearest to the failing tests. */
const MAX_FILES = 60;

/** A fault map from imports and names alone. Deterministic; reads text, runs nothing. */
export function reachMap(pointers: readonly Pointer[], all: readonly SourceFile[]): FaultMap {
  const distances = distancesFrom(pointers, all);
  const far = all.length;
  const files = [...all]
    .sort((a, b) => (distances.get(a.path) ?? far) - (distances.get(b.path) ?? far))
    .slice(0, MAX_FILES);
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
  return {
    suspicionOf: (node) => nearest(node, values),
    suspects: suspects.slice(0, MAX_SUSPECTS),
    files: new Set(files.map((file) => file.path)),
  };
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
