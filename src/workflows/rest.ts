// When a run has ended: its workspaces, kept objects and, without a fix, its branch go; safe to repeat at any point.
import type { Git } from '#sandbox/git.ts';
import type { Workspaces } from '#sandbox/workspace.ts';
import type { CrashPoint } from './crash-points.ts';
import type { RunRecord } from './run-record.ts';
import { keepPrefix, withdrawBranches } from './steps/branch.ts';

export interface RestParts {
  readonly git: Git;
  readonly workspaces: Workspaces;
  readonly repository: string;
  readonly probe: (point: CrashPoint) => void;
}

/** Name of the workspace of one owner of a run: a later owner never shares files with one that may still linger. */
export function workspaceName(run: Pick<RunRecord, 'id' | 'epoch'>): string {
  return `${run.id}-${run.epoch}`;
}

/** Removes every workspace of the run but the one of `keepEpoch`. */
export async function removeWorkspaces(
  workspaces: Workspaces,
  runId: string,
  keepEpoch: number | null,
): Promise<void> {
  const kept = keepEpoch === null ? null : workspaceName({ id: runId, epoch: keepEpoch });
  for (const { name } of await workspaces.list()) {
    if (name.startsWith(`${runId}-`) && name !== kept) await workspaces.remove(name);
  }
}

export async function cleanUp(
  { git, workspaces, repository, probe }: RestParts,
  run: RunRecord,
): Promise<void> {
  probe('rest.before-cleanup');
  await removeWorkspaces(workspaces, run.id, null);
  probe('rest.after-workspace-removed');
  // A repository that the user has deleted since holds nothing to clean.
  if (!(await git.isRepository(repository))) return;
  if (run.state !== 'SUCCESS') await withdrawBranches(git, repository, run.id);
  for (const { ref, target } of await git.listRefs(repository, keepPrefix(run.id))) {
    await git.updateRef(repository, { ref, from: target, to: null });
  }
  probe('rest.after-refs-removed');
}
