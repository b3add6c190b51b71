// Tasks of the type `command`: run by the host in a clean tree of the project's newest commit, as a gate would.
import type { CommandLimits } from '#contracts/command.ts';
import { COMMAND_TASK, commandPayload } from '#contracts/command-task.ts';
import { gateCheck } from '#contracts/gate.ts';
import { AppError } from '#foundation/errors.ts';
import type { Projects } from '#projects/projects.ts';
import type { TaskHandler } from '#queue/port.ts';
import type { Git } from '#sandbox/git.ts';
import type { KeeperAnswer } from './drive/visit.ts';

export interface CommandTaskParts {
  readonly projects: Projects;
  readonly git: Git;
  readonly openKeeper: () => Promise<KeeperAnswer>;
  readonly limits: CommandLimits;
}

/**
 * The handler. Its result names the commit and what was seen; a command that ends otherwise than wanted fails the try.
 * Nothing that it writes is kept: the tree is thrown away, so a try that is repeated does no harm.
 */
export function createCommandTask(parts: CommandTaskParts): TaskHandler {
  return async (task, signal) => {
    const read = commandPayload.safeParse(task.payload);
    if (!read.success) throw unfit(task.key, read.error.issues[0]?.message ?? 'not valid');
    const { project: named, ...command } = read.data;
    const project = await parts.projects.find(named);
    if (project === null) throw unfit(task.key, `there is no project ${named}`);
    const opened = await parts.openKeeper();
    if (!opened.ok)
      throw new AppError('ISOLATION_UNAVAILABLE', { message: opened.reason, next: opened.next });
    const commit = await parts.git.resolveCommit(project.path, 'HEAD');
    const verdict = await opened.keeper.evaluate(
      {
        subject: {
          ...{ repository: project.path, project: project.name, base: commit, commit, branch: 'HEAD' },
          ticket: { key: task.key, title: `Command of ${task.key}`, description: '' },
          phase: COMMAND_TASK,
          limits: parts.limits,
        },
        checks: [gateCheck.parse({ type: 'command', ...command })],
        iteration: task.tries,
        openTasks: [],
        answers: {
          artefacts: [],
          certificateOf: () => Promise.resolve(null),
          approval: () => Promise.reject(new AppError('INTERNAL', { message: 'a command asks nobody' })),
        },
      },
      signal,
    );
    const [seen] = verdict.checks;
    if (verdict.verdict === 'passed') return { commit, said: seen?.reason, took_ms: seen?.durationMs };
    const next = seen?.reproduce ?? `cambium task show ${task.key}`;
    throw new AppError('COMMAND_FAILED', { message: verdict.reasons.join('; '), next });
  };
}

/** Another try would find the same. */
function unfit(key: string, why: string): AppError {
  return new AppError('USAGE', {
    message: `${key} cannot be carried out: ${why}`,
    next: 'remove its schedule and add it again with another payload',
    details: { retryable: false },
  });
}
