// What carries work on: the driver of tickets through their phases, and the handlers of tasks.
import type { OperationContext } from '#operations/context.ts';
import type { Projects } from '#projects/projects.ts';
import type { TaskHandler } from '#queue/port.ts';
import type { Driver } from '#workflows/driver.ts';
import type { Base } from './base.ts';
import type { Hands } from './hands.ts';

type Rooms = Pick<OperationContext, 'projects' | 'engine' | 'ticketing'>;

export async function createDriverOn(base: Base, hands: Hands, rooms: Rooms): Promise<Driver> {
  const { createDriver } = await import('#workflows/driver.ts');
  const { db, journal, definitions, tickets, transitions } = await rooms.ticketing();
  const { clock, ids, log, git } = base;
  return createDriver({
    ...{ db, journal, clock, ids, log, git, definitions, tickets, transitions },
    projects: await rooms.projects(),
    engine: await rooms.engine(),
    openKeeper: hands.openKeeper,
    limits: base.config.sandbox.limits,
  });
}

/** What workers can do besides executing runs, by type of task. */
export async function createHandlers(
  base: Base,
  { openKeeper }: Hands,
  projects: Projects,
): Promise<Readonly<Record<string, TaskHandler>>> {
  const [{ createCommandTask }, { COMMAND_TASK }] = await Promise.all([
    import('#workflows/command-task.ts'),
    import('#contracts/command-task.ts'),
  ]);
  const { limits } = base.config.sandbox;
  return { [COMMAND_TASK]: createCommandTask({ projects, git: base.git, openKeeper, limits }) };
}
