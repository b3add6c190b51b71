// A worker process as an agent of the registry: it registers, beats, heeds pause and drain, and keeps the schedules.
import type { AgentIntake, AgentReport } from '#contracts/agent.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { errorCode, errorMessage } from '#foundation/errors.ts';
import { createIdentity } from '#foundation/identity.ts';
import type { Log } from '#foundation/log.ts';
import { type Agents, heartbeatText } from './agents.ts';
import type { Queue, TaskHandler, TaskLease } from './port.ts';
import type { Schedules } from './schedules.ts';

const BEAT_MS = 20_000;
/** How often a worker looks for schedules that are due and for agents that fell silent. */
const LOOK_MS = 2_000;
/** How often it forgets what ended long ago. */
const PURGE_MS = 3_600_000;

export interface Recruit {
  readonly owner: string;
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly capacity: number;
}

/** One worker's place in the registry. */
export interface Enlisted extends AsyncDisposable {
  readonly agentId: string;
  readonly name: string;
  /** False while the agent is paused, drains or is quarantined. */
  readonly accepts: () => boolean;
  /** Aborted when the agent was told to drain and has nothing in hand any more. */
  readonly drained: AbortSignal;
  /** The handler, with what came of each task told to the registry. */
  observed(handler: TaskHandler): TaskHandler;
}

export interface Crew {
  enlist(recruit: Recruit): Promise<Enlisted>;
}

export interface CrewSetup {
  readonly db: Database;
  readonly agents: Agents;
  readonly schedules: Pick<Schedules, 'tick'>;
  readonly queue: Pick<Queue, 'purge'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What happened since the last heartbeat. */
interface Tally {
  running: number;
  ended: number;
  failed: number;
  spentMs: number;
}

export function createCrew(setup: CrewSetup): Crew {
  return { enlist: (recruit) => enlist(setup, recruit) };
}

async function enlist(setup: CrewSetup, recruit: Recruit): Promise<Enlisted> {
  const { db, agents, schedules, queue, clock, log } = setup;
  const member = await createMember(setup, recruit);
  const { agentId, name, beat } = member;
  await beat();
  const over = new AbortController();
  const round: Round = { clock, log, name, signal: over.signal };
  const listener = await db.listen('agent_intake', (id) => {
    if (id === agentId) void beat().catch((error: unknown) => warn(log, name, error));
  });
  const rounds = [
    every(round, BEAT_MS, beat),
    every(round, LOOK_MS, async () => {
      await schedules.tick();
      await agents.sweep();
    }),
    every(round, PURGE_MS, async () => void (await queue.purge())),
  ];
  return {
    agentId,
    name,
    accepts: () => member.standing.intake === 'open' && !member.standing.quarantined,
    drained: member.drained.signal,
    observed: member.observed,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await Promise.all(rounds);
      await listener[Symbol.asyncDispose]();
      const reason = member.standing.intake === 'draining' ? 'it was drained' : 'it stopped';
      await agents.retire(agentId, reason).catch((error: unknown) => warn(log, name, error));
    },
  };
}

interface Member {
  readonly agentId: string;
  readonly name: string;
  readonly standing: { intake: AgentIntake; quarantined: boolean };
  readonly drained: AbortController;
  readonly beat: () => Promise<void>;
  readonly observed: Enlisted['observed'];
}

/** Registers, and keeps count of what the agent does between its heartbeats. */
async function createMember({ agents, clock, log }: CrewSetup, recruit: Recruit): Promise<Member> {
  const identity = createIdentity();
  const { publicKey } = identity;
  const { id: agentId, name } = await agents.register({
    ...recruit,
    capabilities: [...recruit.capabilities],
    type: 'worker',
    publicKey,
  });
  const drained = new AbortController();
  const tally: Tally = { running: 0, ended: 0, failed: 0, spentMs: 0 };
  const standing: Member['standing'] = { intake: 'open', quarantined: false };
  let seq = 0;
  const settleDrain = (): void => {
    if (standing.intake === 'draining' && tally.running === 0) drained.abort();
  };
  const beat = async (): Promise<void> => {
    seq += 1;
    const report = reportOf(tally, recruit.capacity);
    Object.assign(tally, { ended: 0, failed: 0, spentMs: 0 });
    const signature = identity.sign(heartbeatText({ agentId, seq, report }));
    Object.assign(standing, await agents.heartbeat({ agentId, seq, report, signature }));
    settleDrain();
  };
  const learn = (task: TaskLease, ok: boolean): Promise<void> =>
    agents
      .learn(agentId, { capabilities: [task.type, ...task.capabilities], ok, costUsd: 0 })
      .catch((error: unknown) => warn(log, name, error));
  const observed: Member['observed'] = (handler) => async (task, signal) => {
    const startedMs = clock.monotonicMs();
    tally.running += 1;
    let ok = false;
    try {
      const result = await handler(task, signal);
      ok = true;
      return result;
    } finally {
      tally.running -= 1;
      tally.ended += 1;
      tally.spentMs += clock.monotonicMs() - startedMs;
      // What was stopped from outside says nothing about the agent.
      if (!signal.aborted) {
        if (!ok) tally.failed += 1;
        await learn(task, ok);
      }
      settleDrain();
    }
  };
  return { agentId, name, standing, drained, beat, observed };
}

function reportOf({ running, ended, failed, spentMs }: Tally, capacity: number): AgentReport {
  return {
    running,
    latencyMs: ended === 0 ? null : spentMs / ended,
    errorShare: ended === 0 ? 0 : failed / ended,
    load: Math.min(1, running / capacity),
  };
}

function warn(log: Log, name: string, error: unknown): void {
  // An agent that was ended by a person stops by itself soon; the rest is worth a line.
  if (errorCode(error) !== 'NOT_FOUND') {
    log.warn({ error: errorMessage(error), agent: name }, 'the registry could not be told');
  }
}

interface Round {
  readonly clock: Clock;
  readonly log: Log;
  readonly name: string;
  readonly signal: AbortSignal;
}

async function every(
  { clock, log, name, signal }: Round,
  ms: number,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await work().catch((error: unknown) => warn(log, name, error));
    await clock.sleep(ms, signal).catch(() => undefined);
  }
}
