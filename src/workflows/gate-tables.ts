// The tables of gates and of the work on tickets, as migrations/0007-gates.sql makes them.
import {
  index,
  instant,
  integer,
  isNull,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from '#database/drizzle.ts';
import { tickets } from '#projects/tables.ts';
import { runs, workflowVersions } from './tables.ts';

const ticketId = () =>
  text('ticket_id')
    .notNull()
    .references(() => tickets.id);

export const gateResults = pgTable(
  'gate_results',
  {
    ticketId: ticketId(),
    visit: integer('visit').notNull(),
    iteration: integer('iteration').notNull(),
    phase: text('phase').notNull(),
    workflow: text('workflow')
      .notNull()
      .references(() => workflowVersions.digest),
    commitId: text('commit_id').notNull(),
    status: text('status').notNull(),
    verdict: text('verdict'),
    body: jsonb('body').$type<unknown>().notNull(),
    at: instant('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.ticketId, table.visit, table.iteration] })],
);

export const gateClaims = pgTable(
  'gate_claims',
  {
    ticketId: ticketId(),
    visit: integer('visit').notNull(),
    digest: text('digest').notNull(),
    author: text('author').notNull(),
    statement: text('statement').notNull(),
    claimedAt: instant('claimed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.ticketId, table.visit, table.digest] })],
);

export const approvals = pgTable(
  'approvals',
  {
    id: text('id').primaryKey(),
    ticketId: ticketId(),
    visit: integer('visit').notNull(),
    phase: text('phase').notNull(),
    askedBy: text('asked_by').notNull(),
    commitId: text('commit_id').notNull(),
    round: integer('round').notNull(),
    deciders: text('deciders').array().notNull(),
    question: text('question').notNull(),
    state: text('state').$type<'pending' | 'approved' | 'rejected' | 'expired'>().notNull(),
    expiresAt: instant('expires_at').notNull(),
    decidedBy: text('decided_by'),
    note: text('note').notNull().default(''),
    decidedAt: instant('decided_at'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    uniqueIndex('approvals_question_key').on(
      table.ticketId,
      table.visit,
      table.askedBy,
      table.commitId,
      table.round,
    ),
    index('approvals_pending_idx').on(table.state, table.expiresAt),
  ],
);

export const phaseDrives = pgTable(
  'phase_drives',
  {
    ticketId: text('ticket_id')
      .primaryKey()
      .references(() => tickets.id),
    visit: integer('visit').notNull(),
    step: text('step').$type<'enter' | 'body' | 'collect' | 'gate' | 'move'>().notNull(),
    base: text('base').notNull(),
    commitId: text('commit_id').notNull(),
    fromCommit: text('from_commit').notNull(),
    branch: text('branch'),
    runId: text('run_id').references(() => runs.id),
    tries: integer('tries').notNull(),
    notBefore: instant('not_before'),
    rest: jsonb('rest').$type<unknown>(),
    epoch: integer('epoch').notNull(),
    owner: jsonb('owner').$type<unknown>(),
    leaseUntil: instant('lease_until'),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [index('phase_drives_due_idx').on(table.leaseUntil, table.notBefore).where(isNull(table.rest))],
);
