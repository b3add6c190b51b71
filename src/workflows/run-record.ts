// A run's row as the engine works with it: every stored value checked on the way in.
import { z } from 'zod';
import { type RunRequest, type RunState, runRequest, runState } from '#contracts/run.ts';
import { AppError } from '#foundation/errors.ts';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import type { Owner } from './owner.ts';
import {
  type PausedInfo,
  pausedInfo,
  type RunOptions,
  type RunOutcome,
  runOptions,
  runOutcome,
} from './run-views.ts';
import type { runs } from './tables.ts';

const ownerShape = z.strictObject({
  host: z.string(),
  pid: z.int(),
  place: z.string(),
  started: z.string(),
});

export const decisionShape = z.strictObject({
  decision: z.enum(['approved', 'rejected']),
  by: z.string(),
  note: z.string(),
});
export type StoredDecision = z.infer<typeof decisionShape>;

export interface RunRecord {
  readonly id: string;
  readonly number: number;
  readonly key: string;
  readonly ticketId: string;
  readonly projectId: string;
  readonly base: string;
  readonly options: RunOptions;
  readonly state: RunState;
  readonly attempt: number;
  readonly stepCount: number;
  readonly checkpoint: Checkpoint;
  readonly version: number;
  readonly epoch: number;
  readonly owner: Owner | null;
  readonly leaseUntil: string | null;
  readonly jobId: string | null;
  readonly request: RunRequest | null;
  readonly paused: PausedInfo | null;
  readonly decision: StoredDecision | null;
  readonly runningMs: number;
  readonly outcome: RunOutcome | null;
  readonly cleaned: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly finishedAt: string | null;
}

export function runKey(number: number): string {
  return `RUN-${number}`;
}

/** @throws AppError INTERNAL when a column does not hold what this version writes. */
export function toRecord(row: typeof runs.$inferSelect): RunRecord {
  const key = runKey(row.number);
  const column = <T>(name: string, schema: z.ZodType<T>, value: unknown): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new AppError('INTERNAL', {
      message: `${key} cannot be read: ${[name, ...(issue?.path ?? [])].join('.')}: ${issue?.message}`,
      next: 'cambium db check',
    });
  };
  return {
    ...row,
    key,
    options: column('options', runOptions, row.options),
    state: column('state', runState, row.state),
    checkpoint: readCheckpoint(key, row.checkpoint),
    owner: column('owner', ownerShape.nullable(), row.owner),
    request: column('request', runRequest.nullable(), row.request),
    paused: column('paused', pausedInfo.nullable(), row.paused),
    decision: column('decision', decisionShape.nullable(), row.decision),
    outcome: column('outcome', runOutcome.nullable(), row.outcome),
  };
}
