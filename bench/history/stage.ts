// A case made ready to run: its repository laid out, a workspace with its dependencies, its test plan, and runs of it.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { detectProject } from '#code/detect.ts';
import { isCodeUnderTest } from '#code/test-files.ts';
import type { TextEdit } from '#contracts/edit.ts';
import type { Language } from '#contracts/project.ts';
import type { TestPlan, TestReport } from '#contracts/tests.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Log } from '#foundation/log.ts';
import { createTestRunner } from '#quality/test-run.ts';
import { applyEdits, byFile } from '#repair/edits.ts';
import { createGit, type Git } from '#sandbox/git.ts';
import type { Sandbox } from '#sandbox/runner.ts';
import { createWorkspaces, type Workspace } from '#sandbox/workspace.ts';
import { type HistoryCase, layOutHistory } from '../cases/history.ts';
import { fileAt } from './git.ts';

const RUN_MS = 120_000;
const MEMORY_BYTES = 3 * 1024 ** 3;

export interface Bench {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly log: Log;
  /** Holds checkouts and workspaces. */
  readonly root: string;
}

export interface StagePlace {
  /** Git repository that holds the case's commits. */
  readonly from: string;
  /** A folder called `node_modules`. */
  readonly dependencies: string;
}

/** Files written over the start for one run; a null removes nothing, it is not allowed. */
export type Texts = ReadonlyMap<string, string>;

export interface Stage {
  readonly item: HistoryCase;
  readonly workspace: Workspace;
  readonly plan: TestPlan;
  readonly language: Language;
  /** All tracked files. */
  readonly files: readonly string[];
  /** Code that may be changed, as a run of the product would choose it. */
  readonly sourceFiles: readonly string[];
  readonly buggy: string;
  readonly fixed: string;
  /** Runs the test files with `texts` in place of the start's, which comes back afterwards. */
  run(files: readonly string[], texts: Texts, signal?: AbortSignal): Promise<TestReport>;
  /** As `run`, and the text of a file that the tests wrote; null when they wrote none. */
  runAndRead(
    files: readonly string[],
    texts: Texts,
    path: string,
  ): Promise<{ report: TestReport; written: string | null }>;
  /** A file's text at the start, once no run is under way that puts others in its place. */
  read(path: string): Promise<string>;
  /** The texts of the files that the edits change. */
  withEdits(edits: readonly TextEdit[]): Promise<Texts>;
  close(): Promise<void>;
}

/** Lays the case out and prepares it. Throws, with the reason in words, when that cannot be done. */
export async function openStage(bench: Bench, item: HistoryCase, place: StagePlace): Promise<Stage> {
  const name = `${item.repository.replaceAll('/', '-')}-${item.commit.slice(0, 10)}`;
  const directory = join(bench.root, 'checkouts', name);
  await rm(directory, { recursive: true, force: true });
  await layOutHistory(item, { directory, ...place, withFix: false, shallow: true });
  const git = createGit({ log: bench.log });
  const workspaces = createWorkspaces({ home: await homeOf(bench), git, clock: bench.clock, log: bench.log });
  const workspace = await workspaces.prepare({ repository: directory, commit: 'HEAD', name });
  const close = async () => {
    await workspaces.remove(name);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    return { ...(await prepared(bench, { item, workspace, git, from: place.from })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function homeOf({ root }: Bench): Promise<string> {
  const home = join(root, 'home');
  await mkdir(home, { recursive: true, mode: 0o755 });
  return home;
}

interface Prepared {
  readonly item: HistoryCase;
  readonly workspace: Workspace;
  readonly git: Git;
  readonly from: string;
}

async function prepared(
  bench: Bench,
  { item, workspace, git, from }: Prepared,
): Promise<Omit<Stage, 'close'>> {
  const files = await git.listFiles(workspace.repository, workspace.commit);
  const profile = await detectProject({
    testCommand: item.test,
    files: {
      list: () => Promise.resolve([...files]),
      read: (path) => readFile(join(workspace.root, path), 'utf8').catch(() => null),
    },
  });
  const { primary, tests: plan } = profile;
  if (plan === null || primary === null) throw new Error('no test command was detected');
  const buggy = await workspace.read(item.source);
  const fixed = await fileAt(from, item.commit, item.source);
  if (fixed === null) throw new Error('the fix removes the source file');
  const runner = createTestRunner(bench);
  const limits = { wallMs: RUN_MS, memoryBytes: MEMORY_BYTES };
  let last: Promise<unknown> = Promise.resolve();
  const runNow = async (
    only: readonly string[],
    texts: Texts,
    more: { path?: string; signal?: AbortSignal },
  ) => {
    for (const [path, text] of texts) await workspace.write(path, text);
    try {
      const report = await runner.run({ workspace, plan, only: { files: only }, limits }, more.signal);
      const written = more.path === undefined ? null : await workspace.read(more.path).catch(() => null);
      return { report, written };
    } finally {
      await workspace.reset(workspace.commit);
    }
  };
  // One run at a time: they share the workspace.
  const inTurn: typeof runNow = (only, texts, more) => {
    const next = last.then(() => runNow(only, texts, more));
    last = next.catch(() => undefined);
    return next;
  };
  // A run that a search gave up is still going on: what it wrote is not the start.
  const read = (path: string) => last.then(() => workspace.read(path));
  return {
    ...{ item, workspace, plan, language: primary, files, buggy, fixed },
    sourceFiles: files.filter((path) => isCodeUnderTest(path, primary, plan)),
    run: async (only, texts, signal) => (await inTurn(only, texts, signal ? { signal } : {})).report,
    runAndRead: (only, texts, path) => inTurn(only, texts, { path }),
    read,
    withEdits: async (edits) => {
      const texts = new Map<string, string>();
      for (const [file, own] of byFile(edits)) texts.set(file, applyEdits(await read(file), own));
      return texts;
    },
  };
}
