// From what a runner told to results with stable ids, safe and bounded texts, and paths of the workspace.
import { FILE_TEST, type TestResult } from '#contracts/tests.ts';
import { clip, plainText } from '#foundation/text.ts';
import type { RawTest } from './adapter.ts';

export const MAX_TESTS = 50_000;
const MAX_MESSAGE_CHARS = 10_000;
const MAX_NAME_CHARS = 500;
const SEPARATOR = ' › ';

export interface ResultPlaces {
  /** How the tree may be called inside: absolute directories without a trailing slash. */
  readonly roots: readonly string[];
  /** The package's directory in the tree, `.` for the root. */
  readonly directory: string;
}

export interface Wanted {
  readonly files: readonly string[];
  readonly names: readonly string[];
}

/** Foreign text without control characters and lone surrogates, at most `maxChars` long. */
export function safeText(text: string, maxChars: number): string {
  return clip(plainText(text).toWellFormed(), maxChars).text;
}

/** Results by file, in the order of the runner within each; equal ids get ` (2)`, ` (3)` … */
export function toResults(tests: readonly RawTest[], places: ResultPlaces, wanted: Wanted): TestResult[] {
  const named = tests.slice(0, MAX_TESTS).map((test) => {
    const name = test.path.map((part) => safeText(part, MAX_NAME_CHARS).replace(/\s+/g, ' ')).join(SEPARATOR);
    return { test, name, file: relativeFile(test.file, places) };
  });
  const kept = named
    .filter((one) => isWanted(one, wanted))
    .sort((a, b) => compare(a.file ?? '', b.file ?? ''));
  const used = new Map<string, number>();
  return kept.map(({ test, name, file }) => ({
    id: freshId(used, file === null ? name : `${file}${SEPARATOR}${name}`),
    file,
    name,
    status: test.status,
    durationMs: test.durationMs === null ? null : Math.round(test.durationMs * 100) / 100,
    message: test.message === null ? null : safeText(test.message, MAX_MESSAGE_CHARS),
  }));
}

/** Runners report tests that a name pattern leaves out as skipped; they are not part of a narrowed run. */
function isWanted(
  one: { readonly test: RawTest; readonly name: string; readonly file: string | null },
  wanted: Wanted,
): boolean {
  if (wanted.files.length > 0 && one.file !== null && !wanted.files.includes(one.file)) return false;
  if (wanted.names.length === 0 || wanted.names.includes(one.name)) return true;
  return one.name === FILE_TEST && one.test.status === 'failed';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `used` holds every id given out, with the number that was last put behind it. */
function freshId(used: Map<string, number>, base: string): string {
  let count = used.get(base) ?? 0;
  let id = base;
  while (used.has(id)) {
    count += 1;
    id = `${base} (${count})`;
  }
  used.set(id, 1);
  used.set(base, Math.max(count, 1));
  return id;
}

function relativeFile(file: string | null, places: ResultPlaces): string | null {
  if (file === null) return null;
  const plain = plainText(file.replace(/^file:\/\//, '')).toWellFormed();
  if (!plain.startsWith('/')) {
    const clean = plain.replace(/^(\.\/)+/, '');
    return places.directory === '.' ? clean : `${places.directory}/${clean}`;
  }
  const root = places.roots.find((one) => plain.startsWith(`${one}/`));
  return root === undefined ? null : plain.slice(root.length + 1);
}
