// The queue's tables as `migrations/0008-tasks.sql` makes them. Partial indexes and triggers stand there only.
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  index,
  instant,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from '#database/drizzle.ts';

const texts = customType<{ data: string[] }>({ dataType: () => 'text[]' });
const instants = customType<{ data: string[] }>({ dataType: () => 'timestamp with time zone[]' });
const taskState = customType<{ data: string }>({ dataType: () => 'task_state' });
const taskPriority = customType<{ data: string }>({ dataType: () => 'task_priority' });
const number = () => bigint({ mode: 'number' });

export const tasks = pgTable(
  'tasks',
  {
    id: text().primaryKey(),
    number: number().notNull(),
    type: text().notNull(),
    projectId: text('project_id'),
    ticketId: text('ticket_id'),
    runId: text('run_id'),
    key: text(),
    payload: jsonb().notNull(),
    state: taskState().notNull(),
    reason: text(),
    priority: taskPriority().notNull(),
    deadline: instant(),
    needs: texts().notNull(),
    files: texts().notNull(),
    budgetShare: doublePrecision('budget_share'),
    timeoutMs: bigint('timeout_ms', { mode: 'number' }).notNull(),
    retryLimit: integer('retry_limit').notNull(),
    retryBaseMs: bigint('retry_base_ms', { mode: 'number' }).notNull(),
    retryMaxMs: bigint('retry_max_ms', { mode: 'number' }).notNull(),
    tries: integer().notNull(),
    waitingFor: integer('waiting_for').notNull(),
    dependants: integer().notNull(),
    turn: integer().notNull(),
    base: doublePrecision().notNull(),
    rank: doublePrecision().notNull(),
    notBefore: instant('not_before').notNull(),
    readyAt: instant('ready_at'),
    token: integer().notNull(),
    owner: text(),
    agentId: text('agent_id'),
    leaseUntil: instant('lease_until'),
    cancelBy: instant('cancel_by'),
    result: jsonb(),
    createdAt: instant('created_at').notNull(),
    startedAt: instant('started_at'),
    endedAt: instant('ended_at'),
  },
  (table) => [
    uniqueIndex('tasks_number_key').on(table.number),
    uniqueIndex('tasks_live_key').on(table.type, table.key),
    index('tasks_by_rank').on(table.type, table.rank, table.notBefore),
    index('tasks_by_deadline').on(table.type, table.deadline, table.notBefore),
    index('tasks_by_lease').on(table.leaseUntil),
  ],
);

export const taskEdges = pgTable(
  'task_edges',
  {
    taskId: text('task_id').notNull(),
    needsId: text('needs_id').notNull(),
    policy: text().notNull(),
    settled: boolean().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.needsId] }),
    index('task_edges_by_need').on(table.needsId),
  ],
);

export const taskTries = pgTable(
  'task_tries',
  {
    taskId: text('task_id').notNull(),
    token: integer().notNull(),
    owner: text().notNull(),
    outcome: text().notNull(),
    error: text().notNull(),
    startedAt: instant('started_at').notNull(),
    endedAt: instant('ended_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskId, table.token] })],
);

export const taskFiles = pgTable(
  'task_files',
  {
    projectId: text('project_id').notNull(),
    path: text().notNull(),
    taskId: text('task_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.projectId, table.path] })],
);

export const schedules = pgTable(
  'schedules',
  {
    id: text().primaryKey(),
    name: text().notNull(),
    kind: text().notNull(),
    spec: text().notNull(),
    timeZone: text('time_zone').notNull(),
    misfire: text().notNull(),
    catchUp: integer('catch_up').notNull(),
    task: jsonb().notNull(),
    nextAt: instant('next_at'),
    lastAt: instant('last_at'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [uniqueIndex('schedules_name_key').on(table.name)],
);

export const scheduleFirings = pgTable(
  'schedule_firings',
  {
    scheduleId: text('schedule_id').notNull(),
    dueAt: instant('due_at').notNull(),
    taskId: text('task_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.scheduleId, table.dueAt] })],
);

export const agents = pgTable(
  'agents',
  {
    id: text().primaryKey(),
    number: number().notNull(),
    name: text().notNull(),
    type: text().notNull(),
    phase: text().notNull(),
    capabilities: texts().notNull(),
    capacity: integer().notNull(),
    tags: texts().notNull(),
    state: text().notNull(),
    health: text().notNull(),
    intake: text().notNull(),
    reason: text(),
    version: text().notNull(),
    owner: text().notNull(),
    publicKey: text('public_key').notNull(),
    metadata: jsonb().notNull(),
    heartbeatSeq: bigint('heartbeat_seq', { mode: 'number' }).notNull(),
    heartbeatAt: instant('heartbeat_at').notNull(),
    leaseUntil: instant('lease_until').notNull(),
    baseline: jsonb(),
    anomaly: jsonb(),
    anomaliesInRow: integer('anomalies_in_row').notNull(),
    restarts: instants().notNull(),
    createdAt: instant('created_at').notNull(),
    endedAt: instant('ended_at'),
  },
  (table) => [uniqueIndex('agents_name_key').on(table.name)],
);

export const agentOutcomes = pgTable(
  'agent_outcomes',
  {
    agentId: text('agent_id').notNull(),
    capability: text().notNull(),
    succeeded: integer().notNull(),
    failed: integer().notNull(),
    costUsd: doublePrecision('cost_usd').notNull(),
  },
  (table) => [primaryKey({ columns: [table.agentId, table.capability] })],
);

export const locks = pgTable('locks', {
  resource: text().primaryKey(),
  mode: text().notNull(),
});

export const lockHolders = pgTable(
  'lock_holders',
  {
    resource: text().notNull(),
    mode: text().notNull(),
    holder: text().notNull(),
    taskId: text('task_id'),
    token: number().notNull(),
    acquiredAt: instant('acquired_at').notNull(),
    until: instant().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.resource, table.holder] }),
    uniqueIndex('lock_holders_exclusive').on(table.resource),
  ],
);

export const lockWaits = pgTable('lock_waits', {
  holder: text().primaryKey(),
  resource: text().notNull(),
  mode: text().notNull(),
  since: instant().notNull(),
  until: instant().notNull(),
});
