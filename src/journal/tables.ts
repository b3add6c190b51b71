// The journal's tables, as `migrations/0001-events.sql` makes them.
import { bigint, index, instant, integer, jsonb, pgTable, text } from '#database/drizzle.ts';

export const journalHead = pgTable('journal_head', {
  id: integer().primaryKey(),
  seq: bigint({ mode: 'number' }).notNull(),
});

export const events = pgTable(
  'events',
  {
    seq: bigint({ mode: 'number' }).primaryKey(),
    at: instant().notNull(),
    type: text().notNull(),
    schema: integer().notNull(),
    projectId: text('project_id'),
    ticketId: text('ticket_id'),
    runId: text('run_id'),
    payload: jsonb().notNull(),
  },
  (table) => [
    index('events_by_run').on(table.runId, table.seq),
    index('events_by_ticket').on(table.ticketId, table.seq),
    index('events_by_project').on(table.projectId, table.seq),
  ],
);
