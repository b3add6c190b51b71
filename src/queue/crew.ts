// A worker process as an agent of the registry: it registers, beats, heeds pause and drain, and keeps the schedules.
import type { AgentIntake } from '#contracts/agent.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { errorCode, errorMessage } from '#foundation/errors.ts';
import { createIdentity } from '#foundation/identity.ts';
import type { Log } from '#foundation/log.ts';
import { type Agents, heartbeatText } from './agents.ts';
import type { TaskHandler } from './port.ts';
import type { Schedules } from './schedules.ts';

const BEAT_MS = 20_000;
/** How often a worker looks for schedules that are due and for agents that fell silent. */
const LOOK_MS = 2_000;

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

async function enlist({ db, agents, schedules, clock, log }: CrewSetup, recruit: Recruit): Promise<Enlisted> {
  const identity = createIdentity();
  const { owner, version, capabilities, capacity } = recruit;
  const { publicKey } = identity;
  const given = { type: 'worker', capabilities: [...capabilities], capacity, version, owner, publicKey };
  const { id: agentId, name } = await agents.register(given);
  const over = new AbortController();
  const drained = new AbortController();
  const tally: Tally = { running: 0, ended: 0, failed: 0, spentMs: 0 };
  const standing = { intake: 'open' as AgentIntake, quarantined: false };
  let seq = 0;
  const settleDrain = (): void => {
    if (standing.intake === 'draining' && tally.running === 0) drained.abort();
  };
  const beat = async (): Promise<void> => {
    seq += 1;
    const { running, ended, failed, spentMs } = tally;
    Object.assign(tally, { ended: 0, failed: 0, spentMs: 0 });
    const report = {
      running,
      latencyMs: ended === 0 ? null : spentMs / ended,
      errorShare: ended === 0 ? 0 : failed / ended,
      load: Math.min(1, running / capacity),
    };
    const signature = identity.sign(heartbeatText({ agentId, seq, report }));
    const { intake, quarantined } = await agents.heartbeat({ agentId, seq, report, signature });
    Object.assign(standing, { intake, quarantined });
    settleDrain();
  };
  await beat();
  const listener = await db.listen('agent_intake', (id) => {
    if (id === agentId) void beat().catch((error: unknown) => warn(log, name, error));
  });
  const rounds = [
    every({ clock, log, name, signal: over.signal }, BEAT_MS, beat),
    every({ clock, log, name, signal: over.signal }, LOOK_MS, async () => {
      await schedules.tick();
      await agents.sweep();
    }),
  ];
  return {
    agentId,
    name,
    accepts: () => standing.intake === 'open' && !standing.quarantined,
    drained: drained.signal,
    observed: (handler) => async (task, signal) => {
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
        if (!ok && !signal.aborted) tally.failed += 1;
        if (!signal.aborted) {
          const capabilities = [task.type, ...task.capabilities];
          await agents
            .learn(agentId, { capabilities, ok, costUsd: 0 })
            .catch((error: unknown) => warn(log, name, error));
        }
        settleDrain();
      }
    },
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await Promise.all(rounds);
      await listener[Symbol.asyncDispose]();
      await agents
        .retire(agentId, standing.intake === 'draining' ? 'it was drained' : 'it stopped')
        .catch((error: unknown) => warn(log, name, error));
    },
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
