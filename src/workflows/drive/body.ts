// What is done in a phase: a run of the state machine, the tasks it declares, or nothing; and what becomes of failure.
import type { RunView } from '../run-views.ts';
import { feedbackFor, keepClaim } from './results.ts';
import { goOn, restFor, type StepEnd, type VisitContext, type VisitStep } from './visit.ts';

const MAX_BACKOFF_SECONDS = 60;

export const carryOutBody: VisitStep = async (context, signal) => {
  switch (context.phase.body) {
    case 'none':
      return goOn({ step: 'collect' });
    case 'tasks':
      return await waitForTasks(context);
    case 'run':
      return await carryOutRun(context, signal);
  }
};

async function waitForTasks({ parts, ticket, phase, drive }: VisitContext): Promise<StepEnd> {
  const { tasks } = parts;
  if (tasks === undefined) {
    const reason = `${phase.id} is made of tasks, and nobody carries out tasks here`;
    return restFor({ kind: 'tasks', reason, next: 'start a worker: cambium worker' });
  }
  // Whether they are done, the gate looks at: it waits for those that are not.
  return goOn({ step: 'collect' }, async (q) => {
    await tasks.add(q, { ticket, phase, visit: drive.visit });
    return [];
  });
}

async function carryOutRun(context: VisitContext, signal: AbortSignal): Promise<StepEnd> {
  const { parts, drive } = context;
  const run = drive.runId === null ? await startRun(context) : await parts.engine.view(drive.runId);
  const ended = await executed(context, run, signal);
  context.probe('body.after-run');
  return afterRun(context, ended);
}

/** The run, the drive's memory of it and the run's own first rows are one transaction. */
async function startRun({ parts, project, ticket, drive, probe }: VisitContext): Promise<RunView> {
  const feedback = await feedbackFor(parts.db.q, ticket.id);
  probe('body.before-start');
  const { run } = await parts.engine.start({
    repository: project.path,
    base: drive.fromCommit,
    ticketId: ticket.id,
    feedback,
    alongside: async (q, runId) => {
      await parts.store.write(q, drive, { runId });
      probe('body.half-started');
    },
  });
  probe('body.after-start');
  return run;
}

async function executed({ parts }: VisitContext, run: RunView, signal: AbortSignal): Promise<RunView> {
  if (run.status === 'queued') return await parts.engine.execute(run.key, signal);
  return run.status === 'paused' ? await parts.engine.resume(run.key, {}, signal) : run;
}

async function afterRun(context: VisitContext, run: RunView): Promise<StepEnd> {
  const { parts, drive } = context;
  const next = `cambium run show ${run.key}`;
  switch (run.status) {
    case 'succeeded': {
      const statement = await lastWords(context, run);
      const claim = { by: run.key, statement, claimedAt: run.updatedAt };
      // Without a commit there was nothing to change.
      const work = run.commit === null ? {} : { commit: run.commit, branch: run.branch };
      return goOn({ step: 'collect', ...work }, async (q) => {
        await keepClaim(q, drive, claim);
        return [];
      });
    }
    case 'failed':
    case 'cancelled':
      if (run.status === 'cancelled') {
        return restFor({ kind: 'run', reason: `${run.key} was cancelled`, next }, { runId: null });
      }
      return (
        tryAgain(context) ??
        restFor(
          {
            kind: 'run',
            reason: `${run.key} failed: ${run.outcome?.reason ?? 'no reason was kept'}`,
            next: run.outcome?.next ?? next,
          },
          { runId: null, tries: 0 },
        )
      );
    case 'waiting-human':
      return restFor({ kind: 'run', reason: `${run.key} waits for a person`, next });
    case 'paused': {
      const paused = run.paused ?? { reason: 'it was paused', next };
      return restFor({ kind: 'run', reason: `${run.key} rests: ${paused.reason}`, next: paused.next });
    }
    case 'queued':
    case 'running':
      parts.log.info({ run: run.key }, 'another process executes the run');
      return restFor({ kind: 'run', reason: `${run.key} is executed by another process`, next });
  }
}

/** What the coder said of its last change. It is kept as a claim. */
async function lastWords({ parts }: VisitContext, run: RunView): Promise<string> {
  const { steps } = await parts.engine.show(run.key);
  const coding = steps.filter((step) => step.state === 'CODING').at(-1);
  return coding?.reason ?? 'nothing was said';
}

/** Another try of the body, with what was held against this one; null when there is none left. */
export function tryAgain({ parts, phase, drive }: VisitContext): StepEnd | null {
  const tries = drive.tries + 1;
  if (phase.body !== 'run' || tries >= phase.retry.attempts) return null;
  const seconds = Math.min(MAX_BACKOFF_SECONDS, phase.retry.backoff_seconds * 2 ** drive.tries);
  const notBefore = new Date(parts.clock.now().getTime() + seconds * 1_000).toISOString();
  return { change: { step: 'body', runId: null, tries, notBefore, rest: null } };
}
