// The operations that steer runs: pause, cancel, resume, decide, and the worker that carries queued runs.
import { z } from 'zod';
import { isolationRung } from '#contracts/command.ts';
import type { JournalEvent } from '#contracts/event.ts';
import { AppError, isAppError } from '#foundation/errors.ts';
import { runView } from '#workflows/run-views.ts';
import type { OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';
import { readAll, withEvents } from './runs.ts';
import { reportOn, solveReport } from './solve-report.ts';

const runInput = z.strictObject({ run: z.string().min(1) });

export const pauseRun = defineOperation({
  input: runInput,
  output: runView,
  handle: async (context, { run }) => (await context.engine()).request(run, 'pause'),
});

export const cancelRun = defineOperation({
  input: runInput,
  output: runView,
  handle: async (context, { run }) => (await context.engine()).request(run, 'cancel'),
});

/** A run outlives the loss of its database: the error tells how to go on with it. Others come back as they are. */
export function stillThere(error: unknown, key: string): unknown {
  if (!isAppError(error) || error.code !== 'DATABASE_UNAVAILABLE') return error;
  const { message, next, details } = error;
  return new AppError('DATABASE_UNAVAILABLE', {
    message,
    next: `${next === undefined ? '' : `${next}; `}then cambium run resume ${key}`,
    details: { ...details, run: key },
    cause: error,
  });
}

export const resumeRun = defineOperation({
  input: runInput.extend({
    isolation: z
      .union([z.literal('auto'), isolationRung])
      .nullable()
      .default(null),
  }),
  output: solveReport,
  handle: async (context, { run, isolation }, edges) => {
    const engine = await context.engine();
    const { id, key } = (await engine.show(run)).run;
    edges.onRun(key);
    const after = (await lastEvent(context, id))?.seq ?? 0;
    const options = isolation === null ? undefined : { isolation };
    await withEvents(context, edges, { runId: id, after }, () =>
      engine.resume(id, options, edges.signal),
    ).catch((error: unknown) => {
      throw stillThere(error, key);
    });
    return reportOn(context, id);
  },
});

export const decideRun = defineOperation({
  input: runInput.extend({
    decision: z.enum(['approved', 'rejected']),
    by: z.string().min(1),
    note: z.string().max(2000).default(''),
  }),
  output: solveReport,
  handle: async (context, { run, decision, by, note }, edges) => {
    const engine = await context.engine();
    const decided = await engine.decide(run, { decision, by, note });
    edges.onRun(decided.key);
    const after = (await lastEvent(context, decided.id))?.seq ?? 0;
    await withEvents(context, edges, { runId: decided.id, after }, () =>
      engine.resume(decided.id, undefined, edges.signal),
    );
    return reportOn(context, decided.id);
  },
});

export const work = defineOperation({
  input: z.strictObject({ concurrency: z.int().min(1).max(64).default(1) }),
  output: z.strictObject({ stopped: z.literal(true) }),
  handle: async (context, { concurrency }, edges) => {
    await (await context.engine()).work({ concurrency }, edges.signal);
    return { stopped: true as const };
  },
});

async function lastEvent(context: OperationContext, runId: string): Promise<JournalEvent | null> {
  let last: JournalEvent | null = null;
  for await (const event of readAll(context, { runId, after: 0 })) last = event;
  return last;
}
