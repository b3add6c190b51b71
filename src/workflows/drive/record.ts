// The row that says how far the work on a ticket has come: held by one process at a time, written by its epoch only.
import { z } from 'zod';
import { and, eq, isNull, lte, or, sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import { phaseDrives } from '../gate-tables.ts';
import { isCertainlyDead, type Owner, ownerName } from '../owner.ts';

export type DriveStep = (typeof phaseDrives.$inferSelect)['step'];

/** Why nothing happens by itself, and the one thing that changes that. */
export const driveRest = z.strictObject({
  /** `done`: the ticket's phases are all behind it. */
  kind: z.enum(['done', 'gate', 'run', 'person', 'tasks', 'move', 'ticket', 'isolation']),
  reason: z.string(),
  next: z.string(),
});
export type DriveRest = z.infer<typeof driveRest>;

const ownerShape = z.object({ host: z.string(), pid: z.int(), place: z.string(), started: z.string() });

export interface Drive {
  readonly ticketId: string;
  /** Number of the move by which the ticket came into its phase. */
  readonly visit: number;
  readonly step: DriveStep;
  readonly base: string;
  readonly commit: string;
  /** Where the visit began: each try of the phase's body begins there. */
  readonly fromCommit: string;
  readonly branch: string | null;
  readonly runId: string | null;
  readonly tries: number;
  readonly notBefore: string | null;
  readonly rest: DriveRest | null;
  readonly epoch: number;
}

export type DriveChange = Partial<Omit<Drive, 'ticketId' | 'epoch'>>;

export interface DriveStoreParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly self: () => Promise<Owner>;
}

export type DriveStore = ReturnType<typeof createDriveStore>;

export function createDriveStore(parts: DriveStoreParts) {
  const { db, clock } = parts;
  const now = (): string => clock.now().toISOString();
  const until = (): string => new Date(clock.now().getTime() + parts.leaseMs).toISOString();
  const mine = (drive: Drive) =>
    and(eq(phaseDrives.ticketId, drive.ticketId), eq(phaseDrives.epoch, drive.epoch));
  return {
    find: async (ticketId: string): Promise<Drive | null> => {
      const [row] = await db.q.select().from(phaseDrives).where(eq(phaseDrives.ticketId, ticketId));
      return row ? toDrive(row) : null;
    },
    /**
     * Takes the work on a ticket; the first time it begins at `start`.
     * @throws AppError TICKET_CONFLICT when a living process has it.
     */
    take: (ticketId: string, start: Beginning): Promise<Drive> => take(parts, ticketId, start),
    /** Writes what `drive` has become, in the caller's transaction. @throws AppError TICKET_CONFLICT when it was taken over. */
    write: async (q: Queries, drive: Drive, change: DriveChange): Promise<Drive> => {
      const { commit, ...rest } = change;
      const set = { ...rest, ...(commit === undefined ? {} : { commitId: commit }), updatedAt: now() };
      const [row] = await q.update(phaseDrives).set(set).where(mine(drive)).returning();
      if (row) return toDrive(row);
      throw new AppError('TICKET_CONFLICT', {
        message: 'another process has taken over the work on the ticket',
      });
    },
    renew: async (drive: Drive): Promise<boolean> => {
      const rows = await db.q.update(phaseDrives).set({ leaseUntil: until() }).where(mine(drive)).returning();
      return rows.length > 0;
    },
    letGo: async (drive: Drive): Promise<void> => {
      await db.q.update(phaseDrives).set({ owner: null, leaseUntil: null }).where(mine(drive));
    },
    /** Somebody decided or changed something: what rests is looked at again. */
    wake: async (q: Queries, ticketId: string): Promise<void> => {
      await q
        .update(phaseDrives)
        .set({ rest: null, notBefore: null })
        .where(eq(phaseDrives.ticketId, ticketId));
    },
    /** Tickets whose work could go on now, those that waited longest first. */
    due: async (limit: number): Promise<string[]> => {
      const rows = await db.q
        .select({
          ticketId: phaseDrives.ticketId,
          owner: phaseDrives.owner,
          leaseUntil: phaseDrives.leaseUntil,
        })
        .from(phaseDrives)
        .where(
          and(isNull(phaseDrives.rest), or(isNull(phaseDrives.notBefore), lte(phaseDrives.notBefore, now()))),
        )
        .orderBy(sql`${phaseDrives.updatedAt}`)
        .limit(limit);
      const free = await Promise.all(rows.map((row) => isFree(row, clock.now())));
      return rows.filter((_row, at) => free[at]).map(({ ticketId }) => ticketId);
    },
  };
}

type Beginning = Pick<Drive, 'visit' | 'base'>;

async function take(parts: DriveStoreParts, ticketId: string, start: Beginning): Promise<Drive> {
  const { db, clock } = parts;
  const now = clock.now();
  const updatedAt = now.toISOString();
  const at = { step: 'enter' as const, commitId: start.base, fromCommit: start.base, tries: 0, epoch: 0 };
  await db.q
    .insert(phaseDrives)
    .values({ ticketId, ...start, ...at, updatedAt })
    .onConflictDoNothing();
  const owner = await parts.self();
  return db.transaction(async (q) => {
    const its = eq(phaseDrives.ticketId, ticketId);
    const [row] = await q.select().from(phaseDrives).where(its).for('update');
    if (!row) throw new AppError('INTERNAL', { message: `the work on ${ticketId} has no row` });
    await refuseHeld(row, now);
    const leaseUntil = new Date(now.getTime() + parts.leaseMs).toISOString();
    const hold = { owner, epoch: row.epoch + 1, leaseUntil, updatedAt };
    const [taken] = await q.update(phaseDrives).set(hold).where(its).returning();
    return toDrive(taken ?? row);
  });
}

type Held = Pick<typeof phaseDrives.$inferSelect, 'owner' | 'leaseUntil'>;

async function isFree({ owner, leaseUntil }: Held, now: Date): Promise<boolean> {
  if (leaseUntil === null || Date.parse(leaseUntil) <= now.getTime()) return true;
  const known = ownerShape.safeParse(owner);
  return known.success && (await isCertainlyDead(known.data));
}

async function refuseHeld(row: Held & { ticketId: string }, now: Date): Promise<void> {
  if (await isFree(row, now)) return;
  const known = ownerShape.safeParse(row.owner);
  const who = known.success ? ownerName(known.data) : 'another process';
  throw new AppError('TICKET_CONFLICT', {
    message: `the ticket is being worked on by ${who} until ${row.leaseUntil}`,
    next: 'wait for it, or stop that process',
  });
}

function toDrive(row: typeof phaseDrives.$inferSelect): Drive {
  const { ticketId, visit, step, base, commitId, fromCommit, branch, runId, tries, notBefore, epoch } = row;
  const rest = row.rest === null ? null : driveRest.parse(row.rest);
  return {
    ticketId,
    visit,
    step,
    base,
    commit: commitId,
    fromCommit,
    branch,
    runId,
    tries,
    notBefore,
    rest,
    epoch,
  };
}
