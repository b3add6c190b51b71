// Storing runs: every write is fenced by the owner's epoch and compared with the version it was read at.
import type { Certificate } from '#contracts/certificate.ts';
import type { NewEvent } from '#contracts/event.ts';
import type { RunRequest, RunState } from '#contracts/run.ts';
import { and, eq, isNull, max, notInArray, sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Journal } from '#journal/port.ts';
import type { Lesson } from '#memory/lesson.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CrashProbe } from './crash-points.ts';
import type { RunMemory } from './lessons.ts';
import { assertMove, isFinal } from './machine.ts';
import type { Owner } from './owner.ts';
import { createRunReads, FINAL_STATES } from './run-reads.ts';
import { type RunRecord, type StoredDecision, toRecord } from './run-record.ts';
import type { PausedInfo, RunOptions, RunOutcome } from './run-views.ts';
import { certificates, runs, steps } from './tables.ts';

/** Notified with the run's id whenever a request was stored. */
export const REQUEST_CHANNEL = 'cambium_run_request';

/** Key of the advisory lock under which run numbers are given out, so that none is skipped or given twice. */
const NUMBER_LOCK = 7_240_002;

export interface NewRun {
  readonly id: string;
  readonly ticketId: string;
  readonly projectId: string;
  readonly base: string;
  readonly options: RunOptions;
  readonly checkpoint: Checkpoint;
}

/** What one finished step leaves behind. */
export interface StepRecord {
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: Readonly<Record<string, unknown>>;
  readonly log: string;
  readonly tree: string | null;
  readonly startedAt: string;
}

export interface Move {
  readonly to: RunState;
  readonly attempt: number;
  readonly checkpoint: Checkpoint;
  readonly reason: string;
  /** Null for moves that no step made: cancellation and the wall-time limit. */
  readonly step: StepRecord | null;
  readonly outcome: RunOutcome | null;
  readonly certificate: Certificate | null;
  readonly events: readonly NewEvent[];
  readonly lesson?: Lesson | null;
  readonly runningMs: number;
}

/** What became of a write: done, or refused because of what another process wrote first. */
export type Written =
  | { readonly kind: 'done'; readonly run: RunRecord }
  | { readonly kind: 'requested'; readonly request: RunRequest }
  | { readonly kind: 'fenced' };

export interface RunStoreParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly probe: CrashProbe;
  /** Absent: nothing is learned. */
  readonly memory?: Pick<RunMemory, 'record'> | undefined;
}

export type RunStore = ReturnType<typeof createRunStore>;

export function createRunStore(parts: RunStoreParts) {
  return {
    ...createRunReads(parts.db),
    insert: (q: Queries, run: NewRun) => insert(parts, q, run),
    setJob: (q: Queries, run: RunRecord, jobId: string) => setJob(parts, q, run, jobId),
    claim: (run: RunRecord, claim: Claim) => claimRun(parts, run, claim),
    renew: (run: RunRecord, leaseUntil: string) => renew(parts, run, leaseUntil),
    move: (run: RunRecord, move: Move) => moveRun(parts, run, move),
    pause: (run: RunRecord, paused: PausedInfo, runningMs: number) => pauseRun(parts, run, paused, runningMs),
    letGo: (run: RunRecord, change: LetGo) => letGo(parts, run, change),
    ask: (run: RunRecord, request: RunRequest) => ask(parts, run, request),
    decide: (q: Queries, run: RunRecord, decided: Decided) => decide(parts, q, run, decided),
  };
}

async function insert({ clock }: RunStoreParts, q: Queries, run: NewRun): Promise<RunRecord> {
  await q.execute(sql`select pg_advisory_xact_lock(${NUMBER_LOCK})`);
  const [last] = await q.select({ number: max(runs.number) }).from(runs);
  const now = clock.now().toISOString();
  const [row] = await q
    .insert(runs)
    .values({
      ...run,
      number: (last?.number ?? 0) + 1,
      state: 'INIT',
      attempt: 0,
      stepCount: 0,
      version: 1,
      epoch: 0,
      runningMs: 0,
      cleaned: false,
      createdAt: now,
      updatedAt: now,
    })
    .returning();
  if (!row) throw new AppError('INTERNAL', { message: 'a new run was not stored' });
  return toRecord(row);
}

/** Gives the run another queue job, and withdraws any pause. False when the run has changed since it was read. */
async function setJob({ clock }: RunStoreParts, q: Queries, run: RunRecord, jobId: string): Promise<boolean> {
  const rows = await q
    .update(runs)
    .set({ jobId, version: run.version + 1, updatedAt: clock.now().toISOString() })
    .where(and(eq(runs.id, run.id), eq(runs.version, run.version)))
    .returning({ id: runs.id });
  return rows.length === 1;
}

export interface Claim {
  readonly owner: Owner;
  readonly ownerName: string;
  readonly leaseUntil: string;
  /** Replaces the isolation asked for; absent to leave it. */
  readonly options: RunOptions;
  readonly checkpoint: Checkpoint;
  /** A person's resume withdraws a pause that is asked for or in force; a worker's claim does not. */
  readonly withdrawPause: boolean;
}

/** Makes `owner` the one process that may write: the epoch grows, so that every earlier owner is fenced off. */
async function claimRun(parts: RunStoreParts, run: RunRecord, claim: Claim): Promise<RunRecord | null> {
  const { db, journal, clock, probe } = parts;
  const claimed = await db.transaction(async (q) => {
    const epoch = run.epoch + 1;
    const [row] = await q
      .update(runs)
      .set({
        epoch,
        version: run.version + 1,
        owner: claim.owner,
        leaseUntil: claim.leaseUntil,
        options: claim.options,
        checkpoint: claim.checkpoint,
        ...(claim.withdrawPause
          ? { paused: null, request: sql`case when ${runs.request} = 'cancel' then 'cancel' end` }
          : {}),
        updatedAt: clock.now().toISOString(),
      })
      .where(and(eq(runs.id, run.id), eq(runs.version, run.version), eq(runs.epoch, run.epoch)))
      .returning();
    if (!row) return null;
    const subject = subjectOf(run);
    const resumed: NewEvent[] =
      run.epoch === 0 ? [] : [{ type: 'run.resumed', subject, payload: { state: run.state } }];
    const taken: NewEvent = { type: 'task.claimed', subject, payload: { owner: claim.ownerName, epoch } };
    await journal.append(q, [...resumed, taken]);
    probe('claim.before-commit', run.state);
    return toRecord(row);
  });
  if (claimed) probe('claim.after-commit', run.state);
  return claimed;
}

/** Extends the lease in the run's row, for the derived status; false when the run has another owner. */
async function renew({ db }: RunStoreParts, run: RunRecord, leaseUntil: string): Promise<boolean> {
  const rows = await db.q
    .update(runs)
    .set({ leaseUntil })
    .where(and(eq(runs.id, run.id), eq(runs.epoch, run.epoch)))
    .returning({ id: runs.id });
  return rows.length === 1;
}

/** One transition: state, checkpoint, step, certificate and events in one transaction, or nothing of it (R4). */
async function moveRun(parts: RunStoreParts, run: RunRecord, move: Move): Promise<Written> {
  const { db, journal, clock, probe, memory } = parts;
  assertMove(run.state, move.to);
  const cancelling = move.to === 'CANCELLED';
  const moved = await db.transaction(async (q) => {
    const now = clock.now().toISOString();
    const stepCount = run.stepCount + (move.step ? 1 : 0);
    const [row] = await q
      .update(runs)
      .set({
        state: move.to,
        attempt: move.attempt,
        stepCount,
        checkpoint: storable(move.checkpoint),
        version: run.version + 1,
        runningMs: move.runningMs,
        outcome: storable(move.outcome),
        decision: null,
        ...(isFinal(move.to) ? { finishedAt: now, request: null, paused: null } : {}),
        updatedAt: now,
      })
      .where(and(mine(run), eq(runs.version, run.version), cancelling ? undefined : isNull(runs.request)))
      .returning();
    if (!row) return null;
    probe('move.half-written', run.state);
    if (move.step) {
      await q.insert(steps).values({
        ...storable(move.step),
        runId: run.id,
        seq: stepCount,
        state: run.state,
        attempt: run.attempt,
        nextState: move.to,
        reason: storable(move.reason),
        finishedAt: now,
      });
    }
    if (move.certificate) {
      const { digest, body } = move.certificate;
      await q
        .insert(certificates)
        .values({ digest, runId: run.id, ticketId: run.ticketId, body, createdAt: now })
        .onConflictDoNothing();
    }
    const learned = move.lesson ? ((await memory?.record(q, move.lesson)) ?? []) : [];
    await journal.append(q, storable([...move.events, ...learned, movedEvent(run, move)]));
    if (isFinal(move.to)) {
      const payload = { outcome: move.to };
      await journal.append(q, [{ type: 'task.completed', subject: subjectOf(run), payload }]);
    }
    probe('move.before-commit', run.state);
    return toRecord(row);
  });
  if (!moved) return whyNot(parts, run);
  probe('move.after-commit', run.state);
  return { kind: 'done', run: moved };
}

function movedEvent(run: RunRecord, move: Move): NewEvent {
  const payload = { from: run.state, to: move.to, attempt: move.attempt, reason: move.reason };
  return { type: 'run.moved', subject: subjectOf(run), payload };
}

/** Stores the pause and lets the owner go, with the run's checkpoint: an interrupted step may have added to it. */
async function pauseRun(
  parts: RunStoreParts,
  run: RunRecord,
  paused: PausedInfo,
  runningMs: number,
): Promise<Written> {
  const stored = await parts.db.transaction(async (q) => {
    const [row] = await q
      .update(runs)
      .set({
        paused: storable(paused),
        checkpoint: storable(run.checkpoint),
        request: null,
        owner: null,
        leaseUntil: null,
        runningMs,
        version: run.version + 1,
        updatedAt: parts.clock.now().toISOString(),
      })
      .where(and(mine(run), eq(runs.version, run.version), sql`${runs.request} is distinct from 'cancel'`))
      .returning();
    if (!row) return null;
    await parts.journal.append(q, [{ type: 'run.paused', subject: subjectOf(run), payload: paused }]);
    return toRecord(row);
  });
  return stored ? { kind: 'done', run: stored } : whyNot(parts, run);
}

export interface LetGo {
  /** Nothing of an ended run is left outside the database. */
  readonly cleaned?: boolean;
  readonly runningMs?: number;
}

/** The owner stops being one, without changing where the run stands. */
async function letGo({ db, clock }: RunStoreParts, run: RunRecord, change: LetGo): Promise<Written> {
  const [row] = await db.q
    .update(runs)
    .set({
      owner: null,
      leaseUntil: null,
      version: sql`${runs.version} + 1`,
      ...(change.cleaned === undefined ? {} : { cleaned: change.cleaned }),
      ...(change.runningMs === undefined ? {} : { runningMs: change.runningMs }),
      updatedAt: clock.now().toISOString(),
    })
    .where(mine(run))
    .returning();
  return row ? { kind: 'done', run: toRecord(row) } : { kind: 'fenced' };
}

/** Stores a wish and wakes whoever executes the run. False when the run has ended. A cancellation is never softened. */
async function ask({ db }: RunStoreParts, run: RunRecord, request: RunRequest): Promise<boolean> {
  return db.transaction(async (q) => {
    const rows = await q
      .update(runs)
      .set({ request: sql`case when ${runs.request} = 'cancel' then 'cancel' else ${request} end` })
      .where(and(eq(runs.id, run.id), notInArray(runs.state, FINAL_STATES)))
      .returning({ id: runs.id });
    if (rows.length === 1) await q.execute(sql`select pg_notify(${REQUEST_CHANNEL}, ${run.id})`);
    return rows.length === 1;
  });
}

export interface Decided {
  readonly decision: StoredDecision;
  /** Job that carries the decision out. */
  readonly jobId: string;
}

async function decide(
  { clock, journal }: RunStoreParts,
  q: Queries,
  run: RunRecord,
  { decision, jobId }: Decided,
): Promise<boolean> {
  const rows = await q
    .update(runs)
    .set({ decision, jobId, version: run.version + 1, updatedAt: clock.now().toISOString() })
    .where(
      and(
        eq(runs.id, run.id),
        eq(runs.version, run.version),
        eq(runs.state, 'HUMAN_REVIEW'),
        isNull(runs.decision),
      ),
    )
    .returning({ id: runs.id });
  if (rows.length !== 1) return false;
  const subject = subjectOf(run);
  await journal.append(q, [
    { type: 'approval.decided', subject, payload: decision },
    { type: 'task.ready', subject, payload: { queue: 'run' } },
  ]);
  return true;
}

/** The same value with texts that PostgreSQL can keep: no zero characters, no halves of surrogate pairs. */
function storable<T>(value: T): T {
  const clean = (text: string) => text.replaceAll('\u0000', '').toWellFormed();
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'string' ? clean(inner) : inner)),
  );
}

export function subjectOf(run: Pick<RunRecord, 'id' | 'ticketId' | 'projectId'>) {
  return { projectId: run.projectId, ticketId: run.ticketId, runId: run.id };
}

function mine(run: RunRecord) {
  return and(eq(runs.id, run.id), eq(runs.epoch, run.epoch));
}

/** A refused write is either fenced by a newer owner, or held up by a request that came in between. */
async function whyNot(parts: RunStoreParts, run: RunRecord): Promise<Written> {
  const now = await createRunReads(parts.db).load(run.id);
  if (now.epoch === run.epoch && now.request !== null) return { kind: 'requested', request: now.request };
  return { kind: 'fenced' };
}
