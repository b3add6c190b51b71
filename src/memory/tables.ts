// The tables of this room, as migrations/0005-patterns.sql and 0014-retired-patterns.sql make them.
import {
  boolean,
  index,
  instant,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from '#database/drizzle.ts';

export const patterns = pgTable(
  'patterns',
  {
    id: text('id').primaryKey(),
    number: integer('number').notNull(),
    digest: text('digest').notNull(),
    family: text('family').notNull(),
    kind: text('kind').notNull(),
    before: text('before').notNull(),
    after: text('after').notNull(),
    removes: boolean('removes').notNull(),
    template: text('template').notNull(),
    caseBefore: text('case_before').notNull(),
    caseAfter: text('case_after').notNull(),
    origin: text('origin').notNull(),
    createdAt: instant('created_at').notNull(),
    retiredAt: instant('retired_at'),
    retiredWhy: text('retired_why').notNull().default(''),
  },
  (table) => [
    uniqueIndex('patterns_number_key').on(table.number),
    uniqueIndex('patterns_digest_key').on(table.digest),
    index('patterns_family_idx').on(table.family),
  ],
);

export const patternEvidence = pgTable(
  'pattern_evidence',
  {
    patternId: text('pattern_id')
      .notNull()
      .references(() => patterns.id),
    runId: text('run_id').notNull(),
    outcome: text('outcome').notNull(),
    change: text('change').notNull(),
    ticketId: text('ticket_id').notNull(),
    projectId: text('project_id').notNull(),
    commit: text('commit'),
    certificate: text('certificate'),
    count: integer('count').notNull(),
    parentKind: text('parent_kind').notNull(),
    errorClass: text('error_class').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.patternId, table.runId, table.outcome, table.change] }),
    index('pattern_evidence_run_idx').on(table.runId),
    index('pattern_evidence_commit_idx').on(table.commit),
  ],
);

export const templateOutcomes = pgTable(
  'template_outcomes',
  {
    runId: text('run_id').notNull(),
    change: text('change').notNull(),
    outcome: text('outcome').notNull(),
    projectId: text('project_id').notNull(),
    family: text('family').notNull(),
    template: text('template').notNull(),
    kind: text('kind').notNull(),
    commit: text('commit'),
    at: instant('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.change, table.outcome, table.template] }),
    index('template_outcomes_family_idx').on(table.family),
    index('template_outcomes_commit_idx').on(table.commit),
  ],
);
