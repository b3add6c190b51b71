// The tables of threads, handoffs and discoveries, as migrations/0009-collaboration-and-discovery.sql makes them.
import type { HandoffPackage } from '#contracts/thread.ts';
import {
  boolean,
  foreignKey,
  index,
  instant,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  sql,
  text,
  uniqueIndex,
} from '#database/drizzle.ts';

export const threads = pgTable(
  'threads',
  {
    id: text().primaryKey(),
    number: integer().notNull().generatedAlwaysAsIdentity(),
    kind: text().$type<'handoff' | 'review' | 'consultation'>().notNull(),
    state: text().$type<'active' | 'resolved' | 'abandoned'>().notNull(),
    subject: text().notNull(),
    projectId: text('project_id'),
    ticketId: text('ticket_id'),
    taskId: text('task_id'),
    openedBy: text('opened_by').notNull(),
    openedAt: instant('opened_at').notNull(),
    idleSeconds: integer('idle_seconds').notNull(),
    idleUntil: instant('idle_until').notNull(),
    closedBy: text('closed_by'),
    closedAt: instant('closed_at'),
    outcome: text(),
  },
  (table) => [
    uniqueIndex('threads_number_key').on(table.number),
    index('threads_open_idx').on(table.state, table.idleUntil),
    index('threads_ticket_idx').on(table.ticketId),
  ],
);

export const threadParticipants = pgTable(
  'thread_participants',
  {
    threadId: text('thread_id')
      .notNull()
      .references(() => threads.id),
    agent: text().notNull(),
    joinedAt: instant('joined_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.threadId, table.agent] }),
    index('thread_participants_agent_idx').on(table.agent),
  ],
);

export const messages = pgTable(
  'messages',
  {
    threadId: text('thread_id')
      .notNull()
      .references(() => threads.id),
    seq: integer().notNull(),
    sender: text().notNull(),
    receiver: text(),
    body: text().notNull(),
    sentAt: instant('sent_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.threadId, table.seq] })],
);

export const messageReadings = pgTable(
  'message_readings',
  {
    threadId: text('thread_id').notNull(),
    seq: integer().notNull(),
    reader: text().notNull(),
    context: text(),
    readAt: instant('read_at'),
  },
  (table) => [
    primaryKey({ columns: [table.threadId, table.seq, table.reader] }),
    foreignKey({
      columns: [table.threadId, table.seq],
      foreignColumns: [messages.threadId, messages.seq],
    }),
    index('message_readings_context_idx').on(table.reader, table.context),
  ],
);

export const handoffs = pgTable(
  'handoffs',
  {
    id: text().primaryKey(),
    number: integer().notNull().generatedAlwaysAsIdentity(),
    threadId: text('thread_id')
      .notNull()
      .references(() => threads.id),
    taskId: text('task_id').notNull(),
    projectId: text('project_id'),
    ticketId: text('ticket_id'),
    from: text('from_agent').notNull(),
    to: text('to_agent'),
    reason: text().notNull(),
    package: jsonb().$type<HandoffPackage>().notNull(),
    state: text().$type<'offered' | 'accepted' | 'declined' | 'withdrawn' | 'timed-out'>().notNull(),
    offeredAt: instant('offered_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    decidedBy: text('decided_by'),
    decidedAt: instant('decided_at'),
    note: text(),
  },
  (table) => [
    uniqueIndex('handoffs_number_key').on(table.number),
    uniqueIndex('handoffs_open_key').on(table.taskId).where(sql`state = 'offered'`),
    index('handoffs_state_idx').on(table.state, table.expiresAt),
  ],
);

export const discoveries = pgTable(
  'discoveries',
  {
    id: text().primaryKey(),
    number: integer().notNull().generatedAlwaysAsIdentity(),
    projectId: text('project_id').notNull(),
    ticketId: text('ticket_id').notNull(),
    sourceTaskId: text('source_task_id').notNull(),
    type: text().notNull(),
    title: text().notNull(),
    description: text().notNull(),
    fingerprint: text().notNull(),
    depth: integer().notNull(),
    priorityBoost: boolean('priority_boost').notNull(),
    estimateMinutes: integer('estimate_minutes'),
    resolution: text().$type<'open' | 'in_progress' | 'resolved' | 'invalid'>().notNull(),
    triage: text(),
    seen: integer().notNull(),
    metadata: jsonb().$type<Record<string, unknown>>().notNull(),
    discoveredBy: text('discovered_by').notNull(),
    discoveredAt: instant('discovered_at').notNull(),
    resolvedBy: text('resolved_by'),
    resolvedAt: instant('resolved_at'),
    note: text(),
  },
  (table) => [
    uniqueIndex('discoveries_number_key').on(table.number),
    uniqueIndex('discoveries_open_key')
      .on(table.projectId, table.fingerprint)
      .where(sql`resolution in ('open', 'in_progress')`),
    index('discoveries_ticket_idx').on(table.ticketId),
  ],
);

export const discoveryTasks = pgTable(
  'discovery_tasks',
  {
    discoveryId: text('discovery_id')
      .notNull()
      .references(() => discoveries.id),
    taskId: text('task_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.discoveryId, table.taskId] }),
    index('discovery_tasks_task_idx').on(table.taskId),
  ],
);
