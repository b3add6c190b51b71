// Which test files reach a source file: the import graph of the tracked files, followed backwards.
import { posix } from 'node:path';
import { testPathKind } from '#code/test-files.ts';
import { isTest } from './rule.ts';

const SPECIFIERS = [
  /\bfrom\s{0,9}['"]([^'"\n]{1,300})['"]/g,
  /\bimport\s{0,9}\(?\s{0,9}['"]([^'"\n]{1,300})['"]/g,
  /\brequire\(\s{0,9}['"]([^'"\n]{1,300})['"]/g,
];
const ENDINGS = ['', '.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'];
const CODE = /(?<!\.d)\.[cm]?[jt]sx?$/;
/** Test files at most, the nearest first. */
export const MAX_RELATED = 60;

/** The given tests, then every other test file from which imports lead to `source`, by the length of the way. */
export async function relatedTests(
  files: readonly string[],
  read: (path: string) => Promise<string>,
  from: { readonly source: string; readonly tests: readonly string[] },
): Promise<string[]> {
  const all = new Set(files);
  const importers = new Map<string, string[]>();
  for (const path of files.filter((file) => CODE.test(file))) {
    const text = await read(path).catch(() => '');
    for (const target of importsOf(path, text, all))
      importers.set(target, [...(importers.get(target) ?? []), path]);
  }
  const reached = new Set([from.source]);
  for (const path of reached) for (const importer of importers.get(path) ?? []) reached.add(importer);
  const others = [...reached].filter((path) => isTestFile(path, from.tests));
  return [...from.tests, ...others].slice(0, MAX_RELATED);
}

/** A file of cases that was not given; helpers that tests import are no tests themselves. */
function isTestFile(path: string, given: readonly string[]): boolean {
  if (given.includes(path) || !isTest(path)) return false;
  const sibling = given.some((one) => posix.dirname(one) === posix.dirname(path));
  return testPathKind(path) === 'test' || sibling;
}

function importsOf(path: string, text: string, all: ReadonlySet<string>): Set<string> {
  const targets = new Set<string>();
  for (const pattern of SPECIFIERS) {
    for (const [, specifier = ''] of text.matchAll(pattern)) {
      const target = specifier.startsWith('.')
        ? resolved(posix.join(posix.dirname(path), specifier), all)
        : null;
      if (target !== null && target !== path) targets.add(target);
    }
  }
  return targets;
}

function resolved(path: string, all: ReadonlySet<string>): string | null {
  const clean = path.replace(/\/$/, '');
  const bases = [clean, clean.replace(/\.[cm]?jsx?$/, ''), `${clean === '.' ? '' : `${clean}/`}index`];
  for (const base of bases) for (const ending of ENDINGS) if (all.has(base + ending)) return base + ending;
  return null;
}
