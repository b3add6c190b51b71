// What a warm test process is started with, from a request and its sources.
import type { Clock } from '#foundation/clock.ts';
import type { Sandbox } from '#sandbox/runner.ts';
import type { SessionParts } from './harness-session.ts';
import type { RepairRequest } from './request.ts';
import { shapesOf } from './shapes.ts';
import type { Sources } from './sources.ts';
import type { WarmPlan } from './warm-plan.ts';

interface SessionInput {
  readonly request: RepairRequest;
  readonly sources: Sources;
  readonly sandbox: Sandbox;
  readonly clock: Clock;
}

export async function sessionParts(input: SessionInput, plan: WarmPlan): Promise<SessionParts> {
  const { request, sources } = input;
  const files = plan.entries.map((entry) => entry.file);
  const tests = { failing: files.slice(0, plan.failingEntries), passing: files.slice(plan.failingEntries) };
  return {
    sandbox: input.sandbox,
    clock: input.clock,
    workspace: request.workspace,
    directory: request.plan.directory,
    family: plan.family,
    wallMs: request.budget.wallMs + 120_000,
    start: {
      runner: plan.runner,
      entries: plan.entries,
      sources: Object.fromEntries(sources.files.map((file) => [file.path, file.guarded.text])),
      shapes: await shapesOf(sources.files, tests, request.workspace),
      options: plan.options,
    },
  };
}
