// The operation `solve`: the main job, from a repository with failing tests to a proven fix on a branch.
import { resolve } from 'node:path';
import { z } from 'zod';
import type { IsolationRung } from '#contracts/command.ts';
import { errorCode } from '#foundation/errors.ts';
import type { OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';
import { stillThere } from './run-control.ts';
import { rests, withEvents } from './runs.ts';
import { prepareSample } from './sample.ts';
import { reportOn, solveReport } from './solve-report.ts';
import { packageDirectory } from './tree-files.ts';

const input = z.strictObject({
  /** Path inside the repository, relative to the caller's directory; null with `sample`. */
  path: z.string().min(1).nullable().default(null),
  /** Work on the bundled sample repository, laid out afresh. */
  sample: z.boolean().default(false),
  title: z.string().max(200).nullable().default(null),
  base: z.string().min(1).nullable().default(null),
});

/** What a newcomer who watched the sample wants next. */
const OWN_REPOSITORY = { purpose: 'repair a repository of yours', command: 'cambium solve PATH' };

export const solve = defineOperation({
  input,
  output: solveReport,
  handle: async (context, request, edges) => {
    const sample = request.sample ? await prepareSample(context) : null;
    const repository = sample?.path ?? resolve(context.cwd, request.path ?? '.');
    const notes = await notesOn(context, repository, request);
    const engine = await context.engine();
    const { settings } = context;
    const started = await engine.start({
      repository,
      title: request.title ?? sample?.title,
      base: request.base ?? undefined,
      testCommand: settings.tests.command ?? undefined,
      directory: await directoryFor(context, repository, request.base ?? 'HEAD'),
      limits: settings.solve.limits,
      search: {
        wallMs: settings.solve.attemptMs,
        budgetMs: settings.solve.budgetMs,
        candidates: settings.solve.candidates,
      },
      commandLimits: settings.sandbox.limits,
      isolation: await isolationFor(context, request.sample),
      allowTestChanges: settings.solve.allowTestChanges,
      review: settings.solve.review,
      blockOnCritical: settings.solve.blockOnCritical,
    });
    const { id, key } = started.run;
    edges.onRun(key);
    await withEvents(context, edges, { runId: id, after: 0 }, () => execute(context, id, edges.signal)).catch(
      (error: unknown) => {
        throw stillThere(error, key);
      },
    );
    const report = await reportOn(context, id, notes);
    return sample === null ? report : { ...report, next: [...report.next, OWN_REPOSITORY] };
  },
});

/** How often a run that a worker was faster to take is asked for again. */
const AGAIN_MS = 500;

/**
 * Works on the run. When a worker was faster, waits for what becomes of it, takes it back should that worker die, and
 * passes an interrupt on as a pause.
 */
async function execute(context: OperationContext, runId: string, signal: AbortSignal): Promise<void> {
  const engine = await context.engine();
  for (;;) {
    try {
      await engine.execute(runId, signal);
      return;
    } catch (error) {
      if (errorCode(error) !== 'RUN_CONFLICT') throw error;
    }
    if (rests((await engine.view(runId)).status)) return;
    await context.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
    if (signal.aborted) {
      await engine.request(runId, 'pause').catch(ifEnded);
      return;
    }
  }
}

/** An end that came before the request is as good. */
function ifEnded(error: unknown): void {
  if (errorCode(error) !== 'RUN_CONFLICT') throw error;
}

/** What a user should know before trusting the result: facts about the checkout that Cambium works beside. */
async function notesOn(
  context: OperationContext,
  repository: string,
  request: z.output<typeof input>,
): Promise<string[]> {
  if (request.sample) return [`the sample repository was laid out at ${repository}`];
  const topLevel = await context.git.topLevel(repository);
  const dirty = await context.git.isDirty(topLevel);
  return dirty
    ? [
        `the checkout has uncommitted changes; the run works from the commit ${request.base ?? 'HEAD'} and leaves them alone`,
      ]
    : [];
}

/** The package to work on: the configured one, else the one that the path lies in. */
async function directoryFor(context: OperationContext, path: string, base: string): Promise<string> {
  const configured = context.settings.tests.directory;
  if (configured !== '.') return configured;
  const { topLevel, prefix } = await context.git.locate(path);
  if (prefix === '.') return '.';
  const commit = await context.git.resolveCommit(topLevel, base);
  return packageDirectory(await context.git.listFiles(topLevel, commit), prefix);
}

/** The bundled sample is our own code: it may run without isolation where none works, and only it. */
async function isolationFor(context: OperationContext, sample: boolean): Promise<'auto' | IsolationRung> {
  const wanted = context.settings.sandbox.isolation;
  if (!sample || wanted !== 'auto') return wanted;
  return (await context.isolation()).rung === null ? 'none' : 'auto';
}
