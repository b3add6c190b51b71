// Which source files can matter at all: what failing tests import or name, nearest first, read only as far as that goes.
import { createImportResolver, type Pointer } from './imports.ts';

/** A file that was read, with how near it is to the failing tests. */
export interface ReadFile {
  readonly path: string;
  readonly text: string;
  /** Imports between a failing test and the file, 0 for what it imports itself; null when none leads there. */
  readonly distance: number | null;
}

export interface ReadLimits {
  readonly files: number;
  readonly chars: number;
  /** Room that files get to which no import leads, less what the others took of it. */
  readonly unreachedChars: number;
}

/** Read at one distance before the next: those named by the failing tests first. */
const READ_FACTOR = 4;

/**
 * The files worth a closer look, nearest first and at most as many as the limits say, then `others` that were left
 * out. What tests import is followed file by file; only when that leads nowhere, or to little, the rest is read, too.
 */
export async function readRelevant(
  paths: readonly string[],
  pointers: readonly Pointer[],
  how: { readonly limits: ReadLimits; readonly read: (path: string) => Promise<string | null> },
): Promise<{ files: ReadFile[]; leftOut: number }> {
  const { limits, read } = how;
  const known = new Set(paths);
  const resolver = createImportResolver(known);
  const taken = new Map<string, ReadFile>();
  const budget = { chars: limits.chars, files: limits.files };
  const texts = new Map<string, string | null>();
  const textOf = async (path: string): Promise<string | null> => {
    if (!texts.has(path)) texts.set(path, await read(path));
    return texts.get(path) ?? null;
  };
  const take = async (path: string, distance: number | null): Promise<void> => {
    const text = await textOf(path);
    if (text === null || taken.has(path) || budget.files <= 0) return;
    if (text.length > budget.chars) return;
    budget.files -= 1;
    budget.chars -= text.length;
    taken.set(path, { path, text, distance });
  };
  const words = wordsOf(pointers.map((pointer) => `${pointer.words}\n${pointer.file}`).join('\n'));
  for (const path of mentioned(paths, pointers)) await take(path, 0);
  const distances = new Map<string, number>();
  let frontier = pointers.flatMap(({ file, text }) => resolver.importsOf(file, text));
  for (let distance = 0; frontier.length > 0 && budget.files > 0; distance += 1) {
    const fresh = [...new Set(frontier)].filter((path) => !distances.has(path));
    for (const path of fresh) distances.set(path, distance);
    const near = byName(fresh, words).slice(0, limits.files * READ_FACTOR);
    const next: string[] = [];
    for (const path of near) {
      await take(path, distance);
      const text = await textOf(path);
      if (text !== null) next.push(...resolver.importsOf(path, text));
    }
    frontier = next;
  }
  for (const path of byName(
    [...known].filter((path) => !taken.has(path)),
    words,
  )) {
    if (budget.files <= 0 || limits.chars - budget.chars >= limits.unreachedChars) break;
    await take(path, distances.get(path) ?? null);
  }
  const files = [...taken.values()].map((file) => ({
    ...file,
    distance: distances.get(file.path) ?? file.distance,
  }));
  return { files, leftOut: known.size - taken.size };
}

/** Files that a failure's text names with their path, in its order. */
function mentioned(paths: readonly string[], pointers: readonly Pointer[]): string[] {
  const said = pointers.map((pointer) => pointer.words).join('\n');
  return paths
    .map((path) => ({ path, at: said.indexOf(path) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ path }) => path);
}

/** Those whose name holds a word of the failing tests first; else in order of path. */
function byName(paths: readonly string[], words: ReadonlySet<string>): string[] {
  const hits = (path: string) => [...wordsOf(path)].filter((word) => words.has(word)).length;
  return paths
    .map((path) => ({ path, hits: hits(path) }))
    .sort((a, b) => b.hits - a.hits || (a.path < b.path ? -1 : 1))
    .map(({ path }) => path);
}

/** Words of a text in small letters, names in camel case and in snake case taken apart. */
function wordsOf(text: string): Set<string> {
  const parts = text.match(/\p{Lu}?\p{Ll}{2,}|\p{Lu}{3,}/gu) ?? [];
  return new Set(parts.map((part) => part.toLowerCase()).filter((part) => !COMMON.has(part)));
}

const COMMON = new Set([
  'src',
  'lib',
  'index',
  'test',
  'tests',
  'spec',
  'should',
  'error',
  'expected',
  'node',
  'the',
  'and',
]);
