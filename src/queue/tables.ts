// The queue's own table, as `migrations/0004-job-leases.sql` makes it; pg-boss keeps its tables in a schema of its own.
import { customType, index, instant, integer, pgTable, text } from '#database/drizzle.ts';

const uuid = customType<{ data: string }>({ dataType: () => 'uuid' });

export const jobLeases = pgTable(
  'job_leases',
  {
    jobId: uuid('job_id').primaryKey(),
    queue: text().notNull(),
    owner: text().notNull(),
    epoch: integer().notNull(),
    until: instant(),
  },
  (table) => [index('job_leases_by_end').on(table.until)],
);
