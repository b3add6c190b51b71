// Parses the report lines that our reporters write inside the sandbox. The content is untrusted: bad lines are counted, not believed.
import { z } from 'zod';
import { FILE_TEST } from '#contracts/tests.ts';
import type { RawReport, RawTest } from './adapter.ts';

const file = z.string().max(4_096).nullable();
const path = z.array(z.string().max(2_000)).min(1).max(64);
const status = z.enum(['passed', 'failed', 'skipped']);
const message = z.string().nullable();
const line = z.discriminatedUnion('k', [
  z.object({ k: z.literal('start'), file, path }),
  z.object({ k: z.literal('end'), file, path, status, ms: z.number().nonnegative().nullable(), message }),
  z.object({ k: z.literal('file-start'), file }),
  z.object({ k: z.literal('file-end'), file }),
  z.object({ k: z.literal('file-final'), file }),
  z.object({ k: z.literal('file'), file, status, message, load: z.boolean() }),
  z.object({ k: z.literal('done') }),
]);
type Line = z.infer<typeof line>;

type Place = RawReport['unfinished'][number];

/** Everything is kept by file: a forged report of many lines must not cost the square of them. */
interface State {
  readonly tests: Map<string | null, RawTest[]>;
  /** Tests that have begun and not ended, by their path. */
  readonly started: Map<string | null, Map<string, Place>>;
  readonly openFiles: Set<string | null>;
  done: boolean;
}

/** The report of a run, however far it came. */
export function parseReportLines(text: string): RawReport {
  const state: State = { tests: new Map(), started: new Map(), openFiles: new Set(), done: false };
  let bad = 0;
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  for (const one of lines) {
    const parsed = parseLine(one);
    if (parsed) take(state, parsed);
    else if (one !== '') bad += 1;
  }
  // A run that was killed may leave half a line; a run that ended may not.
  if (last !== '' && state.done) bad += 1;
  return {
    tests: [...state.tests.values()].flat(),
    unfinished: unfinished(state),
    complete: state.done,
    problem: bad > 0 ? `${bad} lines of the test report could not be read` : null,
  };
}

function parseLine(text: string): Line | null {
  try {
    const parsed = line.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function take(state: State, entry: Line): void {
  switch (entry.k) {
    case 'start':
      among(state.started, entry.file, () => new Map<string, Place>()).set(key(entry), entry);
      break;
    case 'end':
      state.started.get(entry.file)?.delete(key(entry));
      add(state, { ...entry, durationMs: entry.ms, load: false });
      break;
    case 'file-start':
      state.openFiles.add(entry.file);
      break;
    case 'file-end':
      state.openFiles.delete(entry.file);
      state.started.delete(entry.file);
      break;
    case 'file-final':
      state.tests.delete(entry.file);
      break;
    case 'file':
      add(state, { ...entry, path: [FILE_TEST], durationMs: null });
      break;
    case 'done':
      state.done = true;
  }
}

function add(state: State, test: RawTest): void {
  among(state.tests, test.file, (): RawTest[] => []).push(test);
}

function among<V>(map: Map<string | null, V>, file: string | null, fresh: () => V): V {
  const value = map.get(file) ?? fresh();
  map.set(file, value);
  return value;
}

function key(entry: Place): string {
  return JSON.stringify(entry.path);
}

function unfinished(state: State): RawReport['unfinished'] {
  if (state.done) return [];
  const tests = [...state.started.values()].flatMap((open) => [...open.values()]);
  const files = [...state.openFiles].filter((file) => (state.started.get(file)?.size ?? 0) === 0);
  return [
    ...tests.map(({ file, path }) => ({ file, path })),
    ...files.map((file) => ({ file, path: [FILE_TEST] })),
  ];
}
