// The driver: what carries tickets through their phases, on the rooms of an invocation.
import type { OperationContext } from '#operations/context.ts';
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
