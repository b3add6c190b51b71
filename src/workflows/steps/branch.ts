// The branch that a fix is proposed on: made by compare-and-set, never over somebody else's, withdrawn only if untouched.
import { AppError } from '#foundation/errors.ts';
import type { Git } from '#sandbox/git.ts';
import type { StepContext } from './step.ts';

const NAMES_TRIED = 50;

/** References that keep a run's objects, and remember its branch, until it ends. */
export function keepPrefix(runId: string): string {
  return `refs/cambium/runs/${runId}/`;
}

/**
 * Puts the commit on `cambium/TKT-n`, or on `cambium/TKT-n-2` and so on where that name is taken by other work; on
 * `cambium-TKT-n` where a branch `cambium` leaves git no room for names below it.
 * Done twice it finds its own work. The intent is kept as a reference first, so that a run that dies in between and
 * is then cancelled still knows what to withdraw.
 */
export async function proposeBranch(context: StepContext, commit: string): Promise<string> {
  const { git, project, run } = context;
  for (let tries = 0; tries < NAMES_TRIED; tries += 1) {
    const { name, taken } = await branchNameFor(context, commit);
    if (taken) return name;
    const ref = `refs/heads/${name}`;
    const intent = `${keepPrefix(run.id)}branches/${name}`;
    await git.updateRef(project.path, { ref: intent, from: null, to: commit });
    await context.guard();
    context.probe('branch.before-update');
    if (await git.updateRef(project.path, { ref, from: null, to: commit })) {
      context.probe('branch.after-update');
      return name;
    }
  }
  throw allTaken(`cambium/${context.ticket.key}`);
}

/** The name that the commit gets, or has already (`taken`): the first that nobody else uses now. */
export async function branchNameFor(
  { git, project, ticket }: StepContext,
  commit: string,
): Promise<{ name: string; taken: boolean }> {
  const stem = (await git.readRef(project.path, 'refs/heads/cambium')) === null ? 'cambium/' : 'cambium-';
  for (let copy = 1; copy <= NAMES_TRIED; copy += 1) {
    const name = `${stem}${ticket.key}${copy === 1 ? '' : `-${copy}`}`;
    const ref = `refs/heads/${name}`;
    const there = await git.readRef(project.path, ref);
    if (there === commit) return { name, taken: true };
    if (there === null && (await git.listRefs(project.path, `${ref}/`)).length === 0)
      return { name, taken: false };
  }
  throw allTaken(`${stem}${ticket.key}`);
}

function allTaken(name: string): AppError {
  return new AppError('COMMAND_FAILED', {
    message: `the branches ${name} to ${name}-${NAMES_TRIED} are all taken`,
    next: `git branch --list '${name}*', and delete those that are done`,
  });
}

/** Takes back the run's branches where they still stand at its own commit; what somebody moved stays. */
export async function withdrawBranches(git: Git, repository: string, runId: string): Promise<void> {
  const prefix = `${keepPrefix(runId)}branches/`;
  for (const { ref, target } of await git.listRefs(repository, prefix)) {
    const branch = `refs/heads/${ref.slice(prefix.length)}`;
    if ((await git.readRef(repository, branch)) === target) {
      await git.updateRef(repository, { ref: branch, from: target, to: null });
    }
    await git.updateRef(repository, { ref, from: target, to: null });
  }
}

/** The run goes on without its branch: a person rejected what is on it. */
export async function releaseBranch({ git, project, run, guard }: StepContext): Promise<void> {
  await guard();
  await withdrawBranches(git, project.path, run.id);
}
