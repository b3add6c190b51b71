// Runs inside the sandbox. Compares values with the snapshots that a project stored, beside the test or in it; nothing is
// ever written: without a stored one the case fails here, and is then left to the project's own runner.
import fs from 'node:fs';
import path from 'node:path';
import type { Case } from './javascript-tests.ts';

export interface SnapshotParts {
  /** What stands between the names of suites and case in a snapshot's name. */
  readonly between: ' ' | ' > ';
  /** What stands before a hint. */
  readonly beforeHint: ': ' | ' > ';
  /** A value as the project's runner writes it; null when the way of writing cannot be found. */
  readonly format: ((value: unknown) => string) | null;
}

export interface Snapshots {
  readonly matchers: Readonly<Record<string, (value: unknown, ...args: unknown[]) => void>>;
  begin(testCase: Case, file: string): void;
}

interface Place {
  file: string;
  name: string;
  readonly counts: Map<string, number>;
}

export function createSnapshots(parts: SnapshotParts): Snapshots {
  const stored = new Map<string, Readonly<Record<string, string>>>();
  const place: Place = { file: '', name: '', counts: new Map() };
  const written = (value: unknown) => {
    if (parts.format === null) throw new Error('snapshots cannot be compared here');
    return parts.format(value);
  };
  const compareStored = (text: string, hint: unknown) => {
    const name =
      typeof hint === 'string' && hint !== '' ? `${place.name}${parts.beforeHint}${hint}` : place.name;
    const count = (place.counts.get(name) ?? 0) + 1;
    place.counts.set(name, count);
    const known = stored.get(place.file) ?? readSnapshots(place.file);
    stored.set(place.file, known);
    const expected = known[`${name} ${count}`];
    if (expected === undefined) throw new Error('no snapshot is stored');
    if (tidy(expected) !== tidy(text)) throw new Error('the snapshot is another');
  };
  const compareInline = (text: string, args: readonly unknown[]) => {
    const expected = args.find((one): one is string => typeof one === 'string');
    if (expected === undefined) throw new Error('no snapshot is stored');
    if (dedented(expected) !== tidy(text)) throw new Error('the snapshot is another');
  };
  const refuseShapes = (args: readonly unknown[]) => {
    if (args.some((one) => typeof one === 'object' && one !== null))
      throw new Error('snapshots with property matchers are not compared here');
  };
  return {
    begin: (testCase, file) => {
      place.file = path.resolve(file);
      place.name = testCase.path.join(parts.between);
      place.counts.clear();
    },
    matchers: {
      toMatchSnapshot: (value, ...args) => {
        refuseShapes(args);
        compareStored(written(value), args[0]);
      },
      toMatchInlineSnapshot: (value, ...args) => {
        refuseShapes(args);
        compareInline(written(value), args);
      },
      toThrowErrorMatchingSnapshot: (value, ...args) => compareStored(written(thrownBy(value)), args[0]),
      toThrowErrorMatchingInlineSnapshot: (value, ...args) => compareInline(written(thrownBy(value)), args),
    },
  };
}

function thrownBy(value: unknown): unknown {
  if (typeof value !== 'function') return messageOf(value);
  try {
    value();
  } catch (error) {
    return messageOf(error);
  }
  throw new Error('nothing was thrown');
}

/** Runners differ in whether the error or its message is written: only the message is known to both. */
function messageOf(error: unknown): unknown {
  return error instanceof Error ? error.message : error;
}

/** A snapshot file is a script that fills `exports`. */
function readSnapshots(file: string): Readonly<Record<string, string>> {
  const beside = path.join(path.dirname(file), '__snapshots__', `${path.basename(file)}.snap`);
  if (!fs.existsSync(beside)) return {};
  const exports: Record<string, string> = {};
  new Function('exports', fs.readFileSync(beside, 'utf8'))(exports);
  return { ...exports };
}

function tidy(text: string): string {
  return text.replace(/\r\n/g, '\n').trim();
}

/** An inline snapshot without the indentation that it has from the code round it. */
function dedented(text: string): string {
  const lines = text.replace(/\r\n/g, '\n').split('\n');
  const first = lines.find((line) => line.trim() !== '') ?? '';
  const indent = lines.length > 1 ? (/^\s*/.exec(first)?.[0] ?? '') : '';
  return tidy(lines.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)).join('\n'));
}
