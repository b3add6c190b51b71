// A session of the harness on a small tree, for watching what functions of several programs do.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { functionsTouched, heldSources, type Touching } from '#repair/assess/holds.ts';
import type { Observed, ObservedCall } from '#repair/harness/protocol.ts';
import { createHarnessSession } from '#repair/harness-session.ts';
import { readSources } from '#repair/sources.ts';
import { createSandbox } from '#sandbox/runner.ts';

export interface Watch {
  readonly functions: readonly string[];
  readonly calls: readonly ObservedCall[];
  /** By program, the first is the unchanged one. */
  readonly results: readonly (readonly Observed[])[];
}

export interface ToWatch {
  readonly runner: 'node' | 'pytest';
  readonly files: Readonly<Record<string, string>>;
  readonly source: string;
  readonly test: string;
  /** Changes of the source: what is replaced by what. */
  readonly changes: readonly (readonly [from: string, to: string])[];
  /** Further calls besides those that the tests make. */
  readonly more?: readonly ObservedCall[];
}

export async function watch(item: ToWatch): Promise<Watch> {
  const root = await mkdtemp(join(tmpdir(), 'cambium-observe-'));
  try {
    for (const [path, text] of Object.entries(item.files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    return await watchAt(root, item);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function watchAt(
  root: string,
  { runner, files: texts, source, test, changes, more }: ToWatch,
): Promise<Watch> {
  const clock = createSystemClock();
  const family = runner === 'node' ? 'javascript' : 'python';
  const workspace = { root, mounts: [], read: async (path: string) => texts[path] ?? '' };
  const { files } = await readSources([source], family, { workspace, pointers: [] });
  const text = texts[source] ?? '';
  const touching = changes.map(([from, to]): Touching => {
    const start = text.indexOf(from);
    return { file: source, edits: [{ start, end: start + from.length, text: to }] };
  });
  const functions = functionsTouched(files, touching);
  const sourcesOf = heldSources(files, functions);
  const session = createHarnessSession({
    sandbox: createSandbox({ rung: 'none', clock, log: createLog({ level: 'silent' }) }),
    clock,
    workspace,
    directory: '.',
    family,
    start: {
      runner,
      entries: [{ file: test, args: [] }],
      sources: Object.fromEntries(files.map((file) => [file.path, file.guarded.text])),
      shapes: {},
      options: [],
    },
    wallMs: 60_000,
  });
  try {
    const named = functions.map(({ file, name }) => ({ file, name }));
    const everything = [{ file: test, names: null, required: [] }];
    const limits = { timeoutMs: 500, ticks: 20_000 };
    // Python's harness chooses tests by name; a file without names stands for all of its tests.
    const recorded = await session.record({
      functions: named,
      sources: sourcesOf(null),
      failing: everything,
      passing: [],
      maxCalls: 50,
      ...limits,
    });
    const calls = [...(recorded?.calls ?? []), ...(more ?? [])];
    const results: (readonly Observed[])[] = [];
    for (const change of [null, ...touching]) {
      const to = {
        functions: named,
        sources: sourcesOf(change),
        calls,
        entries: [test],
        budgetMs: 5_000,
        ...limits,
      };
      results.push(await session.observe(to));
    }
    return { functions: functions.map((one) => one.name), calls, results };
  } finally {
    await session.close();
  }
}
