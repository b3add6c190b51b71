// The tables of this room, as migrations 0002, 0006 and 0011 make them.
import type { ProjectProfile } from '#contracts/project.ts';
import type { Priority, Risk, Ticket, TicketKind } from '#contracts/ticket.ts';
import {
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

export const projects = pgTable(
  'projects',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    path: text('path').notNull(),
    origin: text('origin'),
    profile: jsonb('profile').$type<ProjectProfile>().notNull(),
    createdAt: instant('created_at').notNull(),
    lastAnalyzedAt: instant('last_analyzed_at').notNull(),
  },
  (table) => [uniqueIndex('projects_path_key').on(table.path)],
);

export const tickets = pgTable(
  'tickets',
  {
    id: text('id').primaryKey(),
    number: integer('number').notNull(),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    title: text('title').notNull(),
    description: text('description').notNull(),
    createdAt: instant('created_at').notNull(),
    priority: text('priority').$type<Priority>().notNull(),
    kind: text('kind').$type<TicketKind>().notNull(),
    risk: text('risk').$type<Risk>().notNull(),
    labels: text('labels').array().notNull(),
    deadline: instant('deadline'),
    parentId: text('parent_id'),
    estimateMinutes: integer('estimate_minutes'),
    workflow: text('workflow'),
    phase: text('phase'),
    phaseSince: instant('phase_since'),
    rank: text('rank').notNull(),
    blocked: jsonb('blocked').$type<Ticket['blocked']>(),
    cancelled: jsonb('cancelled').$type<Ticket['cancelled']>(),
    approval: jsonb('approval').$type<Ticket['approval']>(),
    version: integer('version').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('tickets_number_key').on(table.number),
    index('tickets_project_idx').on(table.projectId),
    index('tickets_phase_idx').on(table.phase, table.rank),
    index('tickets_project_phase_idx').on(table.projectId, table.phase, table.rank),
    index('tickets_since_idx').on(table.phase, table.phaseSince),
    index('tickets_rank_idx').on(table.rank),
    index('tickets_blocked_idx').on(table.rank).where(sql`blocked is not null`),
    index('tickets_parent_idx').on(table.parentId),
    index('tickets_labels_idx').using('gin', table.labels),
  ],
);

export const ticketDependencies = pgTable(
  'ticket_dependencies',
  {
    ticketId: text('ticket_id')
      .notNull()
      .references(() => tickets.id),
    dependsOn: text('depends_on')
      .notNull()
      .references(() => tickets.id),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ticketId, table.dependsOn] }),
    index('ticket_dependencies_on_idx').on(table.dependsOn),
  ],
);
