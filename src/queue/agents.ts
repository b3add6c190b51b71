// The registry of agents (O14-O19): who can do what, who is well, who is found for a task, and who is taken out.
import {
  type AgentIntake,
  type AgentReport,
  type AgentView,
  agentReport,
  type NewAgent,
  newAgent,
} from '#contracts/agent.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import { isSignedBy } from '#foundation/identity.ts';
import type { Ids } from '#foundation/ids.ts';
import { BEST_FIT, READ } from './agent-reads.ts';
import { type Baseline, judgeReport, ODD_IN_ROW, ODD_SCORE } from './anomaly.ts';
import { reassign } from './reassign.ts';
import type { Scoring } from './scoring.ts';
import { transact, within } from './statement.ts';

const LEASE_MS = 60_000;
const RENEW_MS = 20_000;
const RESTARTS_AN_HOUR = 3;
const COOL_DOWN_MS = 60_000;

/** Signed words of an agent; a number that is not the next one shows heartbeats that were lost. */
export interface Heartbeat {
  readonly agentId: string;
  readonly seq: number;
  readonly report: AgentReport;
  /** Over `heartbeatText`. */
  readonly signature: string;
}

export interface Beaten {
  readonly intake: AgentIntake;
  readonly quarantined: boolean;
  /** Heartbeats that never arrived since the last one. */
  readonly missed: number;
}

export interface Agents {
  register(agent: NewAgent): Promise<AgentView>;
  /** Throws USAGE for a wrong signature or an old number, NOT_FOUND for an agent that is unknown or has ended. */
  heartbeat(beat: Heartbeat): Promise<Beaten>;
  /** Best first. With `capabilities`, only those that have some of them. */
  search(wish: {
    capabilities: readonly string[];
    limit: number;
  }): Promise<(AgentView & { score: number })[]>;
  /** Learns from the end of a task. */
  learn(
    agentId: string,
    of: { capabilities: readonly string[]; ok: boolean; costUsd: number },
  ): Promise<void>;
  setIntake(ref: string, intake: AgentIntake): Promise<AgentView>;
  /** Gives its tasks to others, then takes it out until somebody reinstates it. */
  quarantine(ref: string, reason: string): Promise<AgentView>;
  reinstate(ref: string): Promise<AgentView>;
  /** Gives its tasks to others, then counts a restart. Throws RUN_CONFLICT past three in an hour or within a minute. */
  restart(ref: string): Promise<AgentView>;
  /** The agent has ended; its tasks are for others. */
  retire(agentId: string, reason: string): Promise<void>;
  /** Notes agents whose heartbeats did not come; after three their tasks are for others. How many changed. */
  sweep(): Promise<number>;
  list(limit: number): Promise<AgentView[]>;
  /** By id, name or owner's name. Throws NOT_FOUND. */
  show(ref: string): Promise<AgentView>;
}

export interface AgentsSetup {
  readonly db: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly scoring: Scoring;
}

/** What a heartbeat's signature covers. */
export function heartbeatText(beat: Pick<Heartbeat, 'agentId' | 'seq' | 'report'>): string {
  return `${beat.agentId} ${beat.seq} ${JSON.stringify(agentReport.parse(beat.report))}`;
}

export function createAgents(setup: AgentsSetup): Agents {
  const { db } = setup;
  const show = async (ref: string): Promise<AgentView> => {
    const [view] = await db.raw<AgentView>(READ, [ref, 1]);
    if (view) return view;
    throw new AppError('NOT_FOUND', { message: `no agent ${ref}`, next: 'cambium agent list' });
  };
  /** Changes a living agent, once its tasks are with others when it is to stop. */
  const change = async (ref: string, work: (q: Queries, agent: AgentView) => Promise<unknown>) => {
    const agent = await show(ref);
    await transact(db, (q) => work(q, agent));
    return show(agent.id);
  };
  return {
    show,
    register: async (given) => show(await register(setup, given)),
    heartbeat: (beat) => transact(db, (q) => heartbeat(setup, q, beat)),
    search: ({ capabilities, limit }) =>
      db.raw<AgentView & { score: number }>(BEST_FIT, [
        capabilities.map((each) => each.toLowerCase()),
        limit,
      ]),
    learn: async (agentId, { capabilities, ok, costUsd }) => {
      await db.raw(
        `insert into agent_outcomes as o (agent_id, capability, succeeded, failed, cost_usd)
         select $1, lower(c), $3::integer, 1 - $3::integer, $4::float8 / greatest(1, cardinality($2::text[])) from unnest($2::text[]) c
         on conflict (agent_id, capability) do update set succeeded = o.succeeded + excluded.succeeded,
           failed = o.failed + excluded.failed, cost_usd = o.cost_usd + excluded.cost_usd`,
        [agentId, capabilities, ok ? 1 : 0, costUsd],
      );
    },
    setIntake: (ref, intake) =>
      change(ref, async (q, agent) => {
        await within(q, 'update agents set intake = $2 where id = $1 and ended_at is null', [
          agent.id,
          intake,
        ]);
        await within(q, `select pg_notify('agent_intake', $1)`, [agent.id]);
      }),
    quarantine: (ref, reason) => change(ref, (q, agent) => takeOut(setup, q, { id: agent.id, reason })),
    reinstate: (ref) =>
      change(ref, async (q, agent) => {
        refuseUnless(['degraded', 'failed', 'quarantined'], agent, 'reinstated');
        await within(
          q,
          `update agents set state = 'idle', reason = null, anomalies_in_row = 0 where id = $1`,
          [agent.id],
        );
      }),
    restart: (ref) => change(ref, (q, agent) => restart(setup, q, agent)),
    retire: (agentId, reason) =>
      transact(db, async (q) => {
        await reassign(setup, q, { agentId, reason });
        // A running agent has put down its work first: the machine of states has no way from running to the end.
        await within(q, `update agents set state = 'idle' where id = $1 and state = 'running'`, [agentId]);
        await within(
          q,
          `update agents set state = 'terminated', reason = $2, ended_at = now() where id = $1 and state <> 'terminated'`,
          [agentId, reason],
        );
      }),
    sweep: () => sweep(setup),
    list: (limit) => db.raw<AgentView>(READ, [null, limit]),
  };
}

async function register({ db, ids }: AgentsSetup, given: NewAgent): Promise<string> {
  const parsed = newAgent.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError('USAGE', { message: `agent: ${issue?.path.join('.')}: ${issue?.message}` });
  }
  const { type, phase, capabilities, capacity, tags, version, owner, publicKey, metadata } = parsed.data;
  const id = ids.next('agt');
  await transact(db, async (q) => {
    await within(q, 'select pg_advisory_xact_lock(4720009)');
    await within(
      q,
      `insert into agents (id, name, type, phase, capabilities, capacity, tags, state, health, intake, version, owner,
         public_key, metadata, heartbeat_at, lease_until, anomalies_in_row, created_at)
       select $1, $2 || '-' || $3 || '-' || lpad((count(*) + 1)::text, greatest(3, length((count(*) + 1)::text)), '0'),
         $2, $3, $4::text[], $5, $6::text[], 'spawning', 'healthy', 'open', $7, $8, $9, $10::jsonb, now(),
         now() + interval '${LEASE_MS} ms', 0, now()
       from agents where type = $2 and phase = $3`,
      [
        ...[id, type, phase, capabilities.map((each) => each.toLowerCase()), capacity, tags, version, owner],
        ...[publicKey, JSON.stringify(metadata)],
      ],
    );
  });
  return id;
}

interface AgentRow extends Record<string, unknown> {
  readonly state: string;
  readonly intake: AgentIntake;
  readonly publicKey: string;
  readonly seq: number;
  readonly baseline: Baseline | null;
  readonly odd: number;
}

async function heartbeat(setup: AgentsSetup, q: Queries, beat: Heartbeat): Promise<Beaten> {
  const [row] = await within<AgentRow>(
    q,
    `select state, intake, public_key as "publicKey", heartbeat_seq as seq, baseline, anomalies_in_row as odd
     from agents where id = $1 and ended_at is null for update`,
    [beat.agentId],
  );
  if (!row) {
    throw new AppError('NOT_FOUND', { message: `no living agent ${beat.agentId}`, next: 'register again' });
  }
  if (!isSignedBy(row.publicKey, heartbeatText(beat), beat.signature)) {
    throw new AppError('USAGE', { message: `a heartbeat of ${beat.agentId} is not signed by it` });
  }
  if (beat.seq <= row.seq) {
    throw new AppError('USAGE', { message: `heartbeat ${beat.seq} of ${beat.agentId} was there before` });
  }
  const report = agentReport.parse(beat.report);
  const { anomaly, baseline } = judgeReport(row.baseline, report);
  const odd = anomaly.score >= ODD_SCORE ? row.odd + 1 : 0;
  const state = stateAfter(row.state, report.running);
  await within(
    q,
    `update agents set heartbeat_seq = $2, heartbeat_at = now(), lease_until = now() + interval '${LEASE_MS} ms',
       health = 'healthy', state = $3, baseline = $4::jsonb, anomaly = $5::jsonb, anomalies_in_row = $6 where id = $1`,
    [beat.agentId, beat.seq, state, JSON.stringify(baseline), JSON.stringify(anomaly), odd],
  );
  const bad = odd >= ODD_IN_ROW && state !== 'quarantined';
  if (bad) {
    const reason = `${ODD_IN_ROW} odd reports in a row, the last with ${anomaly.score}: ${anomaly.text}`;
    await takeOut(setup, q, { id: beat.agentId, reason });
  }
  const quarantined = bad || state === 'quarantined';
  return { intake: row.intake, quarantined, missed: beat.seq - row.seq - 1 };
}

/** A sign of life ends lateness; only a person ends a quarantine. */
function stateAfter(state: string, running: number): string {
  if (state === 'quarantined') return state;
  if (state === 'spawning' || state === 'degraded' || state === 'failed') return 'idle';
  return running > 0 ? 'running' : 'idle';
}

/** Work is given to others first (O19), then the agent is taken out. */
async function takeOut(
  setup: AgentsSetup,
  q: Queries,
  { id, reason }: { id: string; reason: string },
): Promise<void> {
  await reassign(setup, q, { agentId: id, reason: `its agent was quarantined: ${reason}` });
  await within(q, `update agents set state = 'idle' where id = $1 and state = 'spawning'`, [id]);
  await within(
    q,
    `update agents set state = 'quarantined', reason = $2 where id = $1 and state not in ('quarantined', 'terminated')`,
    [id, reason],
  );
}

async function restart(setup: AgentsSetup, q: Queries, agent: AgentView): Promise<void> {
  refuseUnless(['idle', 'running', 'degraded', 'failed', 'quarantined'], agent, 'restarted');
  const [recent] = await within<{ hour: number; cooling: boolean }>(
    q,
    `select (select count(*)::integer from unnest(restarts) r where r > now() - interval '1 hour') as hour,
       coalesce((select max(r) from unnest(restarts) r) > now() - interval '${COOL_DOWN_MS} ms', false) as cooling
     from agents where id = $1 for update`,
    [agent.id],
  );
  if ((recent?.hour ?? 0) >= RESTARTS_AN_HOUR || recent?.cooling === true) {
    const why =
      recent?.cooling === true
        ? `was restarted less than ${COOL_DOWN_MS / 1000} s ago`
        : `was restarted ${RESTARTS_AN_HOUR} times in an hour`;
    throw new AppError('RUN_CONFLICT', {
      message: `${agent.name} ${why}`,
      next: `look at cambium agent show ${agent.name}; a person has to decide`,
    });
  }
  await reassign(setup, q, { agentId: agent.id, reason: 'its agent was restarted' });
  await within(
    q,
    `update agents set state = 'idle', reason = 'restarted', intake = 'open', anomalies_in_row = 0,
       restarts = (restarts || now())[greatest(1, cardinality(restarts) - 8):] where id = $1`,
    [agent.id],
  );
  await within(q, `select pg_notify('agent_intake', $1)`, [agent.id]);
}

/** One heartbeat missed is late, two are degraded, three end its leases. */
async function sweep(setup: AgentsSetup): Promise<number> {
  return transact(setup.db, async (q) => {
    const rows = await within<{ id: string; state: string; health: string; missed: number }>(
      q,
      `select id, state, health, floor(extract(epoch from now() - heartbeat_at) * 1000 / ${RENEW_MS})::integer as missed
       from agents where ended_at is null and health <> 'unresponsive'
         and heartbeat_at < now() - interval '${RENEW_MS * 1.5} ms' order by id limit 100 for update skip locked`,
    );
    for (const { id, state, missed } of rows) {
      const health = missed >= 3 ? 'unresponsive' : missed === 2 ? 'degraded' : 'late';
      const reason = `${missed} ${missed === 1 ? 'heartbeat' : 'heartbeats'} missed`;
      if (missed >= 3) await reassign(setup, q, { agentId: id, reason: `its agent fell silent: ${reason}` });
      const next = missed >= 3 ? SILENT[state] : missed === 2 ? WEAK[state] : undefined;
      await within(
        q,
        'update agents set health = $2, state = $3, reason = case when $3 = state then reason else $4 end where id = $1',
        [id, health, next ?? state, reason],
      );
    }
    return rows.length;
  });
}

const WEAK: Readonly<Record<string, string>> = { idle: 'degraded', running: 'degraded' };
const SILENT: Readonly<Record<string, string>> = {
  spawning: 'failed',
  running: 'failed',
  degraded: 'failed',
  idle: 'degraded',
};

function refuseUnless(states: readonly string[], agent: AgentView, what: string): void {
  if (states.includes(agent.state)) return;
  throw new AppError('RUN_CONFLICT', {
    message: `${agent.name} is ${agent.state} and cannot be ${what}`,
    next: `cambium agent show ${agent.name}`,
  });
}
