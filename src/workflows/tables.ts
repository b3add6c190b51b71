// The tables of this room, as migrations 0003 and 0006 make them.
import type { CertificateBody } from '#contracts/certificate.ts';
import {
  bigint,
  boolean,
  index,
  instant,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from '#database/drizzle.ts';
import { projects, tickets } from '#projects/tables.ts';

export const runs = pgTable(
  'runs',
  {
    id: text('id').primaryKey(),
    number: integer('number').notNull(),
    ticketId: text('ticket_id')
      .notNull()
      .references(() => tickets.id),
    projectId: text('project_id')
      .notNull()
      .references(() => projects.id),
    base: text('base').notNull(),
    options: jsonb('options').$type<unknown>().notNull(),
    state: text('state').notNull(),
    attempt: integer('attempt').notNull(),
    stepCount: integer('step_count').notNull(),
    checkpoint: jsonb('checkpoint').$type<unknown>().notNull(),
    /** Compare-and-set of every write. */
    version: integer('version').notNull(),
    /** Grows with each owner; an older one's writes no longer match. */
    epoch: integer('epoch').notNull(),
    owner: jsonb('owner').$type<unknown>(),
    leaseUntil: instant('lease_until'),
    jobId: text('job_id'),
    request: text('request'),
    paused: jsonb('paused').$type<unknown>(),
    decision: jsonb('decision').$type<unknown>(),
    runningMs: bigint('running_ms', { mode: 'number' }).notNull(),
    outcome: jsonb('outcome').$type<unknown>(),
    /** False as long as a workspace or references of the run may exist. */
    cleaned: boolean('cleaned').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
    finishedAt: instant('finished_at'),
  },
  (table) => [
    uniqueIndex('runs_number_key').on(table.number),
    index('runs_ticket_idx').on(table.ticketId),
    index('runs_uncleaned_idx').on(table.cleaned),
  ],
);

export const steps = pgTable(
  'steps',
  {
    runId: text('run_id')
      .notNull()
      .references(() => runs.id),
    seq: integer('seq').notNull(),
    state: text('state').notNull(),
    attempt: integer('attempt').notNull(),
    input: jsonb('input').$type<unknown>().notNull(),
    output: jsonb('output').$type<unknown>().notNull(),
    log: text('log').notNull(),
    tree: text('tree'),
    nextState: text('next_state').notNull(),
    reason: text('reason').notNull(),
    startedAt: instant('started_at').notNull(),
    finishedAt: instant('finished_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.seq] })],
);

export const certificates = pgTable(
  'certificates',
  {
    digest: text('digest').primaryKey(),
    runId: text('run_id')
      .notNull()
      .references(() => runs.id),
    ticketId: text('ticket_id')
      .notNull()
      .references(() => tickets.id),
    body: jsonb('body').$type<CertificateBody>().notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('certificates_run_idx').on(table.runId),
    index('certificates_ticket_idx').on(table.ticketId),
  ],
);

export const workflowVersions = pgTable(
  'workflow_versions',
  {
    digest: text('digest').primaryKey(),
    name: text('name').notNull(),
    source: text('source').notNull(),
    origin: text('origin').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [index('workflow_versions_name_idx').on(table.name, table.createdAt)],
);

export const phaseHistory = pgTable(
  'phase_history',
  {
    ticketId: text('ticket_id')
      .notNull()
      .references(() => tickets.id),
    seq: integer('seq').notNull(),
    fromPhase: text('from_phase'),
    toPhase: text('to_phase').notNull(),
    workflow: text('workflow').notNull(),
    kind: text('kind').notNull(),
    reason: text('reason').notNull(),
    actor: jsonb('actor').$type<unknown>().notNull(),
    overridden: jsonb('overridden').$type<unknown>().notNull(),
    artefacts: jsonb('artefacts').$type<unknown>().notNull(),
    at: instant('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.ticketId, table.seq] })],
);

export const phaseOutputs = pgTable(
  'phase_outputs',
  {
    ticketId: text('ticket_id')
      .notNull()
      .references(() => tickets.id),
    phase: text('phase').notNull(),
    slot: text('slot').notNull(),
    version: integer('version').notNull(),
    madeIn: integer('made_in').notNull(),
    digest: text('digest').notNull(),
    path: text('path'),
    content: jsonb('content').$type<unknown>().notNull(),
    collectedBy: text('collected_by').notNull(),
    at: instant('at').notNull(),
    supersededIn: integer('superseded_in'),
  },
  (table) => [primaryKey({ columns: [table.ticketId, table.phase, table.slot, table.version] })],
);

export const contextItems = pgTable(
  'context_items',
  {
    id: text('id').primaryKey(),
    ticketId: text('ticket_id')
      .notNull()
      .references(() => tickets.id),
    phase: text('phase'),
    kind: text('kind').notNull(),
    subject: text('subject').notNull(),
    text: text('text').notNull(),
    source: jsonb('source').$type<unknown>().notNull(),
    digest: text('digest').notNull(),
    at: instant('at').notNull(),
    withdrawn: jsonb('withdrawn').$type<unknown>(),
  },
  (table) => [uniqueIndex('context_items_digest_key').on(table.ticketId, table.digest)],
);
