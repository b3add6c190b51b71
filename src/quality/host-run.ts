// Clean runs by the host: a fresh workspace of one exact commit, the plan in it, and what the run did to tracked files.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandLimits } from '#contracts/command.ts';
import type { TestPlan, TestReport } from '#contracts/tests.ts';
import { AppError, isAppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Git } from '#sandbox/git.ts';
import type { Workspace, Workspaces } from '#sandbox/workspace.ts';
import type { CoverageTap, TestRunner, TestSelection } from './test-run.ts';
import type { HostRun } from './verdict.ts';

export interface HostParts {
  readonly git: Git;
  readonly workspaces: Workspaces;
  readonly tests: TestRunner;
  readonly ids: Ids;
}

/** What is run, and where it comes from. */
export interface HostTask {
  readonly repository: string;
  /** Full commit id. */
  readonly commit: string;
  readonly plan: TestPlan;
  readonly limits: CommandLimits;
}

/** Changes made by the host in a scratch workspace before a run: new text, or null to remove the file. */
export type Overlay = ReadonlyMap<string, string | null>;

/**
 * Work in a workspace of the commit that nobody has touched; it is gone afterwards, whatever happens.
 * @throws AppError CANCELLED when the signal is aborted, before or during the work.
 */
export async function inCleanWorkspace<T>(
  parts: HostParts,
  task: Pick<HostTask, 'repository' | 'commit'>,
  work: (workspace: Workspace) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  stopWhenCancelled(signal);
  const name = parts.ids.next('crt');
  try {
    const workspace = await parts.workspaces.prepare({
      repository: task.repository,
      commit: task.commit,
      name,
    });
    stopWhenCancelled(signal);
    const result = await work(workspace);
    stopWhenCancelled(signal);
    return result;
  } finally {
    await parts.workspaces.remove(name);
  }
}

/** Runs the whole plan on the exact commit and compares the tree before and after with the commit's tree. */
export async function runWholePlan(
  parts: HostParts,
  task: HostTask & { readonly tap?: CoverageTap },
  signal?: AbortSignal,
): Promise<HostRun> {
  const { repository, commit, plan, limits, tap } = task;
  return await inCleanWorkspace(
    parts,
    task,
    async (workspace) => {
      const tree = await parts.git.treeOf(repository, commit);
      const before = await differences(parts.git, tree, workspace);
      const report = await parts.tests.run({ workspace, plan, limits, tap }, signal);
      stopWhenCancelled(signal);
      const after = await differences(parts.git, tree, workspace).catch((error: unknown) => {
        // A run can leave what no snapshot holds (a huge tracked file); that too is a change, and refuses.
        if (!isAppError(error)) throw error;
        return [`(unreadable: ${error.message})`];
      });
      return { report, unlikeCommit: before, changedFiles: after };
    },
    signal,
  );
}

/** Tracked files that differ from the commit's tree; files that a run adds are no difference. */
async function differences(git: Git, tree: string, workspace: Workspace): Promise<string[]> {
  const present = await workspace.snapshot();
  if (present === tree) return [];
  const changed = await git.changedFiles(workspace.repository, tree, present);
  return changed.filter((file) => file.change !== 'added').map((file) => file.path);
}

/** Repeats the plan (or part of it) on the commit, each time from the same clean files. */
export async function repeatPlan(
  parts: HostParts,
  task: HostTask & { readonly times: number; readonly only?: TestSelection },
  signal?: AbortSignal,
): Promise<TestReport[]> {
  const { plan, limits, only, times } = task;
  if (times === 0) return [];
  return await inCleanWorkspace(
    parts,
    task,
    async (workspace) => {
      const reports: TestReport[] = [];
      for (let turn = 0; turn < times; turn += 1) {
        if (turn > 0) await workspace.reset(task.commit);
        reports.push(await parts.tests.run({ workspace, plan, limits, only }, signal));
        stopWhenCancelled(signal);
      }
      return reports;
    },
    signal,
  );
}

/** Runs the whole plan on the commit's files with an overlay applied by the host. */
export async function runOverlay(
  parts: HostParts,
  task: HostTask & { readonly overlay: Overlay },
  signal?: AbortSignal,
): Promise<TestReport> {
  const { plan, limits, overlay } = task;
  return await inCleanWorkspace(
    parts,
    task,
    async (workspace) => {
      for (const [path, text] of overlay) {
        // The tree is fresh and nothing has run in it: a path of the commit cannot lead out of it.
        if (text === null) await rm(join(workspace.root, path), { force: true });
        else await workspace.write(path, text);
      }
      return await parts.tests.run({ workspace, plan, limits }, signal);
    },
    signal,
  );
}

/** @throws AppError CANCELLED when the signal is aborted. */
export function stopWhenCancelled(signal?: AbortSignal): void {
  if (signal?.aborted)
    throw new AppError('CANCELLED', { message: 'the certification was stopped on request' });
}

/**
 * Two pieces of work at once; both have ended when this settles, so that no workspace outlives a failure.
 * Two and not more: a small machine must not run into time limits that it would keep otherwise.
 */
export async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return await Promise.all([first, second]);
}
