// Everything that the queue offers to people, built on one database.
import { type ScoreRules, scoreRules } from '#contracts/task.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Log } from '#foundation/log.ts';
import { type Agents, createAgents } from './agents.ts';
import { type Crew, createCrew } from './crew.ts';
import { createLocks, type Locks } from './locks.ts';
import type { Queue } from './port.ts';
import { createSchedules, type Schedules } from './schedules.ts';
import { createScoring } from './scoring.ts';
import { createTasks, type Tasks } from './tasks.ts';

export interface QueueRoom {
  readonly queue: Queue;
  readonly tasks: Tasks;
  readonly schedules: Schedules;
  readonly agents: Agents;
  readonly locks: Locks;
  readonly crew: Crew;
}

export interface QueueRoomSetup {
  readonly db: Database;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** The same as the queue's; the defaults of the contract when absent. */
  readonly scoring?: ScoreRules;
}

export function createQueueRoom(setup: QueueRoomSetup): QueueRoom {
  const { db, queue, clock, ids, log } = setup;
  const scoring = createScoring(setup.scoring ?? scoreRules.parse({}));
  const agents = createAgents({ db, clock, ids, scoring });
  const schedules = createSchedules({ db, queue, clock, ids });
  return {
    queue,
    agents,
    schedules,
    tasks: createTasks({ db, scoring }),
    locks: createLocks({ db, clock }),
    crew: createCrew({ db, agents, schedules, queue, clock, log }),
  };
}
