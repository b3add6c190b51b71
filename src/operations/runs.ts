// The operations that read runs: list, show, watch, diff and logs.
import { z } from 'zod';
import type { JournalEvent } from '#contracts/event.ts';
import type { RunStatus } from '#contracts/run.ts';
import { errorMessage } from '#foundation/errors.ts';
import { runDetail, runView, stepLog } from '#workflows/run-views.ts';
import type { OperationContext } from './context.ts';
import { defineOperation, type Edges } from './operation.ts';

/** Most events of one run that are read at once. */
const PAGE_EVENTS = 5000;

const runInput = z.strictObject({ run: z.string().min(1) });

export const listRuns = defineOperation({
  input: z.strictObject({ limit: z.int().min(1).max(500).default(50) }),
  output: z.strictObject({ runs: z.array(runView) }),
  handle: async (context, { limit }) => ({ runs: await (await context.engine()).list({ limit }) }),
});

export const showRun = defineOperation({
  input: runInput,
  output: runDetail,
  handle: async (context, { run }) => (await context.engine()).show(run),
});

export const diffRun = defineOperation({
  input: runInput,
  output: z.strictObject({ run: z.string(), diff: z.string() }),
  handle: async (context, { run }) => ({ run, diff: await (await context.engine()).diff(run) }),
});

export const logsOfRun = defineOperation({
  input: runInput.extend({ step: z.int().nonnegative().nullable().default(null) }),
  output: z.strictObject({ run: z.string(), steps: z.array(stepLog) }),
  handle: async (context, { run, step }) => ({
    run,
    steps: await (await context.engine()).logs(run, step ?? undefined),
  }),
});

export const watchRun = defineOperation({
  input: runInput,
  output: runDetail,
  handle: async (context, { run }, edges) => {
    const engine = await context.engine();
    const { id, key } = (await engine.show(run)).run;
    edges.onRun(key);
    await withEvents(context, edges, { runId: id, after: 0 }, () => untilRest(context, id, edges.signal));
    return engine.show(id);
  },
});

const RESTING = new Set<RunStatus>(['succeeded', 'failed', 'cancelled', 'paused', 'waiting-human']);

/** True where a run stays until a person does something. */
export function rests(status: RunStatus): boolean {
  return RESTING.has(status);
}

/** How often a run that somebody else executes is looked at: not every rest is an event. */
const LOOK_MS = 250;

/** Resolves when the run rests, or when `signal` is aborted. */
async function untilRest(context: OperationContext, runId: string, signal: AbortSignal): Promise<void> {
  const engine = await context.engine();
  while (!signal.aborted && !rests((await engine.view(runId)).status)) {
    await context.clock.sleep(LOOK_MS, signal).catch(() => undefined);
  }
}

interface Stream {
  readonly runId: string;
  /** The cursor to begin behind. */
  readonly after: number;
}

/** What the journal holds of a run behind the cursor, page by page. */
export async function* readAll(
  context: OperationContext,
  { runId, after }: Stream,
): AsyncGenerator<JournalEvent> {
  const journal = await context.journal();
  for (let cursor = after; ; ) {
    const page = await journal.read({ runId, after: cursor, limit: PAGE_EVENTS });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    cursor = last.seq;
  }
}

/**
 * Sends the events of a run to `edges` while `work` goes on, and those still in flight afterwards, up to the last
 * one that the journal holds then. News that cannot be had do not end the work.
 */
export async function withEvents<T>(
  context: OperationContext,
  edges: Edges,
  stream: Stream,
  work: () => Promise<T>,
): Promise<T> {
  const journal = await context.journal();
  const stop = new AbortController();
  let cursor = stream.after;
  const follow = async (): Promise<void> => {
    for await (const event of journal.subscribe({ ...stream, signal: stop.signal })) {
      cursor = event.seq;
      edges.onEvent(event);
    }
  };
  const following = follow().catch((error: unknown) => {
    context.log.warn({ error: errorMessage(error) }, 'the events of a run could not be followed');
  });
  try {
    return await work();
  } finally {
    stop.abort();
    await following;
    for await (const event of readAll(context, { ...stream, after: cursor })) edges.onEvent(event);
  }
}
