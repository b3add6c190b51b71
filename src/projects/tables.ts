// The tables of this room, as migrations/0002-projects-and-tickets.sql makes them.
import type { ProjectProfile } from '#contracts/project.ts';
import { index, instant, integer, jsonb, pgTable, text, uniqueIndex } from '#database/drizzle.ts';

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
  },
  (table) => [
    uniqueIndex('tickets_number_key').on(table.number),
    index('tickets_project_idx').on(table.projectId),
  ],
);
