// Reading runs, their steps and their certificates.
import type { RunState } from '#contracts/run.ts';
import { and, asc, desc, eq, inArray, isNull, notInArray, sql } from '#database/drizzle.ts';
import type { Database } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import { type RunRecord, toRecord } from './run-record.ts';
import { certificates, runs, steps } from './tables.ts';

export const FINAL_STATES: RunState[] = ['SUCCESS', 'FAILED', 'CANCELLED'];
const ROWS_AT_ONCE = 100;

export interface ListFilter {
  readonly projectId?: string | undefined;
  readonly ticketId?: string | undefined;
  readonly limit: number;
}

export interface CertificateFilter {
  readonly runId?: string;
  readonly ticketId?: string;
  readonly digest?: string;
}

export function createRunReads(db: Database) {
  return {
    /** By id, key or number; null when unknown. */
    find: (ref: string) => find(db, ref),
    /** As `find`. @throws AppError NOT_FOUND. */
    load: async (ref: string): Promise<RunRecord> => {
      const run = await find(db, ref);
      if (run) return run;
      throw new AppError('NOT_FOUND', {
        message: `there is no run ${plainText(ref)}`,
        next: 'cambium run list',
      });
    },
    list: (filter: ListFilter) => list(db, filter),
    /** Ended runs that may have left something behind, oldest first, 100 at once. */
    uncleaned: async () => {
      const where = and(eq(runs.cleaned, false), inArray(runs.state, FINAL_STATES));
      const rows = await db.q.select().from(runs).where(where).orderBy(asc(runs.number)).limit(ROWS_AT_ONCE);
      return rows.map(toRecord);
    },
    /** Runs that somebody should be executing or may take, oldest first, 100 at once. */
    unfinished: async () => {
      const undecided = sql`${runs.state} = 'HUMAN_REVIEW' and ${runs.decision} is null`;
      const where = and(notInArray(runs.state, FINAL_STATES), isNull(runs.paused), sql`not (${undecided})`);
      const rows = await db.q.select().from(runs).where(where).orderBy(asc(runs.number)).limit(ROWS_AT_ONCE);
      return rows.map(toRecord);
    },
    steps: (runId: string) => db.q.select().from(steps).where(eq(steps.runId, runId)).orderBy(asc(steps.seq)),
    stepOutput: (runId: string, seq: number) => stepOutput(db, runId, seq),
    /** Newest first. */
    certificates: ({ runId, ticketId, digest }: CertificateFilter) =>
      db.q
        .select()
        .from(certificates)
        .where(
          and(
            runId === undefined ? undefined : eq(certificates.runId, runId),
            ticketId === undefined ? undefined : eq(certificates.ticketId, ticketId),
            digest === undefined ? undefined : eq(certificates.digest, digest),
          ),
        )
        .orderBy(desc(certificates.createdAt), desc(certificates.digest)),
  };
}

async function find(db: Database, ref: string): Promise<RunRecord | null> {
  const number = /^(?:run-)?(\d{1,9})$/i.exec(ref)?.[1];
  const where = number === undefined ? eq(runs.id, ref) : eq(runs.number, Number(number));
  const [row] = await db.q.select().from(runs).where(where);
  return row ? toRecord(row) : null;
}

async function list(db: Database, { projectId, ticketId, limit }: ListFilter): Promise<RunRecord[]> {
  const rows = await db.q
    .select()
    .from(runs)
    .where(
      and(
        projectId === undefined ? undefined : eq(runs.projectId, projectId),
        ticketId === undefined ? undefined : eq(runs.ticketId, ticketId),
      ),
    )
    .orderBy(desc(runs.number))
    .limit(limit);
  return rows.map(toRecord);
}

async function stepOutput(db: Database, runId: string, seq: number): Promise<unknown> {
  const [row] = await db.q
    .select({ output: steps.output })
    .from(steps)
    .where(and(eq(steps.runId, runId), eq(steps.seq, seq)));
  if (!row) throw new AppError('INTERNAL', { message: `step ${seq} of ${runId} is not stored` });
  return row.output;
}
