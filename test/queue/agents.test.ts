// The registry: who signs its words is heard, who falls silent loses its work, who is odd is taken out with the reason.
import { describe, expect, test } from 'vitest';
import type { AgentReport, NewAgent } from '#contracts/agent.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createIdentity } from '#foundation/identity.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { heartbeatText } from '#queue/agents.ts';
import { judgeReport } from '#queue/anomaly.ts';
import { createQueue } from '#queue/queue.ts';
import { createQueueRoom } from '#queue/room.ts';
import { openTestDatabase } from '../support/database.ts';

const clock = createSystemClock();
const log = createLog({ level: 'silent' });

async function openRegistry() {
  const t = await openTestDatabase('embedded');
  const queue = createQueue({ db: t.db, clock, log });
  const room = createQueueRoom({ db: t.db, queue, clock, ids: createIds(clock), log });
  const { agents } = room;
  /** Registers an agent and gives it a voice. */
  const join = async (given: Partial<NewAgent> = {}) => {
    const identity = createIdentity();
    const { publicKey } = identity;
    const agent = await agents.register({ type: 'worker', version: '1', owner: 'p', publicKey, ...given });
    let seq = 0;
    const beat = (report: AgentReport = { running: 0 }, step = 1) => {
      seq += step;
      const said = { agentId: agent.id, seq, report };
      return agents.heartbeat({ ...said, signature: identity.sign(heartbeatText(said)) });
    };
    return { ...agent, identity, beat };
  };
  /** A task in the hands of an agent. */
  const holding = async (agentId: string) => {
    const { ids } = await t.db.transaction((q) => queue.add(q, [{ type: 'test' }]));
    const [lease] = await queue.claim(['test'], { owner: 'p', agentId }, 1);
    if (!lease) throw new Error('nothing to hold');
    return { id: ids[0] ?? '', lease };
  };
  const age = (id: string, seconds: number) =>
    t.db.raw(`update agents set heartbeat_at = heartbeat_at - $2 * interval '1 second' where id = $1`, [
      id,
      seconds,
    ]);
  return { ...room, db: t.db, join, holding, age, [Symbol.asyncDispose]: () => t[Symbol.asyncDispose]() };
}

describe('the registry of agents', () => {
  test('O14: agents are named by type, phase and number, and are there after their first signed heartbeat', async () => {
    await using r = await openRegistry();
    const first = await r.join({ phase: 'build' });
    const others = await Promise.all([r.join({ phase: 'build' }), r.join({ phase: 'build' }), r.join()]);
    expect([first.name, first.state]).toEqual(['worker-build-001', 'spawning']);
    expect(others.map(({ name }) => name).toSorted()).toEqual([
      'worker-any-001',
      'worker-build-002',
      'worker-build-003',
    ]);
    await first.beat();
    expect((await r.agents.show(first.name)).state).toBe('idle');
    await first.beat({ running: 1 });
    expect((await r.agents.show(first.id)).state).toBe('running');
  });

  test('O14: a heartbeat that another signed, or that was there before, is not heard', async () => {
    await using r = await openRegistry();
    const agent = await r.join();
    await agent.beat();
    const said = { agentId: agent.id, seq: 2, report: { running: 0 } };
    const forged = createIdentity().sign(heartbeatText(said));
    await expect(r.agents.heartbeat({ ...said, signature: forged })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('not signed'),
    });
    const old = { ...said, seq: 1 };
    await expect(
      r.agents.heartbeat({ ...old, signature: agent.identity.sign(heartbeatText(old)) }),
    ).rejects.toMatchObject({ message: expect.stringContaining('before') });
    expect((await agent.beat({ running: 0 }, 3)).missed).toBe(2);
  });

  test('O15: the best fit has the capabilities, is free and well, and did well before at a fair price', async () => {
    await using r = await openRegistry();
    const make = async (owner: string, capabilities: string[], capacity = 1) => {
      const agent = await r.join({ owner, capabilities, capacity });
      await agent.beat();
      return agent;
    };
    const half = await make('half', ['python'], 5);
    const full = await make('full', ['Python', 'docker']);
    const other = await make('other', ['go']);
    const find = async () =>
      (await r.agents.search({ capabilities: ['PYTHON', 'docker'], limit: 5 })).map(({ owner, score }) => [
        owner,
        score,
      ]);
    // 2/2 + .2 + .2 + .05, and 1/2 + .2 + .2 + .25.
    expect(await find()).toEqual([
      ['full', 1.45],
      ['half', 1.15],
    ]);
    for (let i = 0; i < 12; i += 1) {
      await r.agents.learn(full.id, { capabilities: ['docker'], ok: false, costUsd: 1 });
      await r.agents.learn(half.id, { capabilities: ['python'], ok: true, costUsd: 0.1 });
    }
    expect((await find()).map(([owner]) => owner)).toEqual(['half', 'full']);
    await r.agents.setIntake(half.id, 'paused');
    expect((await find()).map(([owner]) => owner)).toEqual(['full']);
    expect(other.state).toBe('spawning');
  });

  test('O16: storage refuses what the machine of states does not have', async () => {
    await using r = await openRegistry();
    const agent = await r.join();
    const set = (state: string) => r.db.raw('update agents set state = $2 where id = $1', [agent.id, state]);
    await expect(set('running')).rejects.toThrow('cannot go from spawning to running');
    await set('idle');
    await set('running');
    await expect(set('terminated')).rejects.toThrow('cannot go from running to terminated');
    await r.agents.retire(agent.id, 'done');
    await expect(set('idle')).rejects.toThrow('cannot go from terminated to idle');
  });

  test('O17: missed heartbeats make an agent late, degraded, unresponsive, and then its task is for others', async () => {
    await using r = await openRegistry();
    const agent = await r.join();
    await agent.beat({ running: 1 });
    await agent.beat({ running: 1 });
    const { id, lease } = await r.holding(agent.id);
    const seen = [];
    for (const silence of [31, 15, 20]) {
      await r.age(agent.id, silence);
      await r.agents.sweep();
      const { health, state } = await r.agents.show(agent.id);
      seen.push([health, state]);
    }
    expect(seen).toEqual([
      ['late', 'running'],
      ['degraded', 'degraded'],
      ['unresponsive', 'failed'],
    ]);
    const task = await r.tasks.show(id);
    expect([task.state, task.tries, task.failures[0]?.outcome]).toEqual(['pending', 0, 'reassigned']);
    expect([await lease.renew(), await lease.complete()]).toEqual([false, false]);
    // A sign of life: it may work again.
    await agent.beat();
    expect(await r.agents.show(agent.id)).toMatchObject({ state: 'idle', health: 'healthy' });
  });

  test('O18: the score of a report is explained by its parts, and learns what is usual', () => {
    let baseline = null;
    for (let i = 0; i < 20; i += 1)
      ({ baseline } = judgeReport(baseline, { running: 1, latencyMs: 100 + (i % 3) }));
    const usual = judgeReport(baseline, { running: 1, latencyMs: 102, resources: 0.5, load: 0.5 });
    expect(usual.anomaly.score).toBeLessThan(0.3);
    const odd = judgeReport(baseline, { running: 1, latencyMs: 900, errorShare: 1, resources: 1, load: 1 });
    expect(odd.anomaly).toMatchObject({ score: 1, parts: { latency: 1, errors: 1, resources: 1, queue: 1 } });
    expect(odd.anomaly.text).toMatch(/^900 ms a task, usually 10\d ± \d+, 100 % failed/);
    // Slow alone is odd, but not enough to be taken out.
    expect(judgeReport(baseline, { running: 1, latencyMs: 900 }).anomaly.score).toBe(0.35);
  });

  test('O18: three odd reports in a row take an agent out, with its work; only a person lets it back', async () => {
    await using r = await openRegistry();
    const agent = await r.join();
    for (let i = 0; i < 8; i += 1) await agent.beat({ running: 1, latencyMs: 100 });
    const { id } = await r.holding(agent.id);
    const odd = { running: 1, latencyMs: 5_000, errorShare: 1, resources: 1, load: 1 };
    expect((await agent.beat(odd)).quarantined).toBe(false);
    await agent.beat({ running: 1, latencyMs: 100 });
    const beats = [await agent.beat(odd), await agent.beat(odd), await agent.beat(odd)];
    expect(beats.map(({ quarantined }) => quarantined)).toEqual([false, false, true]);
    expect(await r.agents.show(agent.id)).toMatchObject({
      state: 'quarantined',
      reason: expect.stringMatching(/3 odd reports in a row.*100 % failed/),
    });
    expect((await r.tasks.show(id)).state).toBe('pending');
    expect((await agent.beat()).quarantined).toBe(true);
    await r.agents.reinstate(agent.id);
    expect((await agent.beat()).quarantined).toBe(false);
  });

  test('O19: a restart gives the work to others first, and is refused within a minute and past three in an hour', async () => {
    await using r = await openRegistry();
    const agent = await r.join();
    await agent.beat();
    const { id, lease } = await r.holding(agent.id);
    expect(await r.agents.restart(agent.id)).toMatchObject({ restarts: 1, state: 'idle' });
    expect((await r.tasks.show(id)).state).toBe('pending');
    expect(await lease.complete()).toBe(false);
    await expect(r.agents.restart(agent.id)).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
      message: expect.stringContaining('60 s ago'),
    });
    const later = () =>
      r.db.raw(
        `update agents set restarts = array(select r - interval '2 minutes' from unnest(restarts) r) where id = $1`,
        [agent.id],
      );
    for (const count of [2, 3]) {
      await later();
      expect((await r.agents.restart(agent.id)).restarts).toBe(count);
    }
    await later();
    await expect(r.agents.restart(agent.id)).rejects.toMatchObject({
      message: expect.stringContaining('3 times in an hour'),
    });
  });

  test('O17, O25: a worker joins, heeds a pause, finishes what it has when drained, and leaves', async () => {
    await using r = await openRegistry();
    const recruit = { owner: 'p', version: '1', capabilities: ['js'], capacity: 2 };
    const agent = await r.crew.enlist(recruit);
    expect(agent.accepts()).toBe(true);
    await r.agents.setIntake(agent.name, 'paused');
    await expect.poll(() => agent.accepts()).toBe(false);
    await r.agents.setIntake(agent.name, 'open');
    await expect.poll(() => agent.accepts()).toBe(true);
    const { lease } = await r.holding(agent.agentId);
    const gate = Promise.withResolvers<void>();
    const carried = agent.observed(() => gate.promise)(lease, new AbortController().signal);
    await r.agents.setIntake(agent.name, 'draining');
    await expect.poll(() => agent.accepts()).toBe(false);
    expect(agent.drained.aborted).toBe(false);
    gate.resolve();
    await carried;
    expect(agent.drained.aborted).toBe(true);
    await lease.complete();
    await agent[Symbol.asyncDispose]();
    expect(await r.agents.show(agent.name)).toMatchObject({
      state: 'terminated',
      reason: 'it was drained',
      outcomes: [{ capability: 'test', succeeded: 1, failed: 0 }],
    });
  });
});
