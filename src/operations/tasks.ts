// The operations on the queue: tasks, schedules, agents and locks.
import { z } from 'zod';
import { agentIntake, agentView } from '#contracts/agent.ts';
import { COMMAND_TASK, commandPayload } from '#contracts/command-task.ts';
import { lockView } from '#contracts/lock.ts';
import { newSchedule, scheduleView } from '#contracts/schedule.ts';
import { taskDetail, taskState, taskView } from '#contracts/task.ts';
import { AppError } from '#foundation/errors.ts';
import type { OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';

const limit = z.int().min(1).max(1_000).default(50);
const ref = z.string().min(1).max(200);

export const listTasks = defineOperation({
  input: z.strictObject({
    states: z.array(taskState).default([]),
    type: ref.optional(),
    ticketId: ref.optional(),
    runId: ref.optional(),
    limit,
  }),
  output: z.strictObject({ tasks: z.array(taskView) }),
  handle: async (context, filter) => ({ tasks: await (await context.queue()).tasks.list(filter) }),
});

export const showTask = defineOperation({
  input: z.strictObject({ task: ref }),
  output: taskDetail,
  handle: async (context, { task }) => (await context.queue()).tasks.show(task),
});

export const retryTask = defineOperation({
  input: z.strictObject({ task: ref }),
  output: z.strictObject({ task: taskDetail, revived: z.int() }),
  handle: async (context, { task }) => (await context.queue()).tasks.retry(task),
});

export const cancelTask = defineOperation({
  input: z.strictObject({
    task: ref,
    graceMs: z.int().min(0).max(3_600_000).default(10_000),
    reason: z.string().max(500).default('a person cancelled it'),
  }),
  output: taskDetail,
  handle: async (context, { task, ...options }) => (await context.queue()).tasks.cancel(task, options),
});

export const addSchedule = defineOperation({
  input: newSchedule,
  output: scheduleView,
  handle: async (context, schedule) => {
    await refuseIdle(context, schedule.task);
    return (await context.queue()).schedules.add(schedule);
  },
});

/** A schedule adds tasks for ever: one that no worker could carry out is refused now, and not when it is too late. */
async function refuseIdle(
  context: OperationContext,
  { type, payload }: { readonly type: string; readonly payload: unknown },
): Promise<void> {
  const example = `cambium schedule add nightly command --cron '0 3 * * *' --payload '{"project": "PATH", "run": "npm test"}'`;
  if (type !== COMMAND_TASK) {
    throw new AppError('USAGE', {
      message: `workers do not know tasks of the type ${type}; by the clock they do: ${COMMAND_TASK}`,
      next: example,
    });
  }
  const read = commandPayload.safeParse(payload);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new AppError('USAGE', {
      message: `the payload does not fit: ${issue?.path.join('.') || 'it'}: ${issue?.message}`,
      next: example,
    });
  }
  if ((await (await context.projects()).find(read.data.project)) !== null) return;
  throw new AppError('NOT_FOUND', {
    message: `there is no project ${read.data.project}`,
    next: 'name it by its id or by the path of its repository; cambium ticket create registers one',
  });
}

export const listSchedules = defineOperation({
  input: z.strictObject({ limit }),
  output: z.strictObject({ schedules: z.array(scheduleView) }),
  handle: async (context, input) => ({
    schedules: await (await context.queue()).schedules.list(input.limit),
  }),
});

export const removeSchedule = defineOperation({
  input: z.strictObject({ schedule: ref }),
  output: z.strictObject({ removed: z.string() }),
  handle: async (context, { schedule }) => {
    if (await (await context.queue()).schedules.remove(schedule)) return { removed: schedule };
    throw new AppError('NOT_FOUND', { message: `no schedule ${schedule}`, next: 'cambium schedule list' });
  },
});

export const listAgents = defineOperation({
  input: z.strictObject({ limit }),
  output: z.strictObject({ agents: z.array(agentView) }),
  handle: async (context, input) => ({ agents: await (await context.queue()).agents.list(input.limit) }),
});

export const findAgents = defineOperation({
  input: z.strictObject({ capabilities: z.array(ref).min(1).max(50), limit }),
  output: z.strictObject({ agents: z.array(agentView.extend({ score: z.number() })) }),
  handle: async (context, wish) => ({ agents: await (await context.queue()).agents.search(wish) }),
});

export const showAgent = defineOperation({
  input: z.strictObject({ agent: ref }),
  output: agentView,
  handle: async (context, { agent }) => (await context.queue()).agents.show(agent),
});

export const setAgentIntake = defineOperation({
  input: z.strictObject({ agent: ref, intake: agentIntake }),
  output: agentView,
  handle: async (context, { agent, intake }) => {
    const { agents } = await context.queue();
    const before = await agents.show(agent);
    // Who resumes an agent that was quarantined has reviewed it (O18).
    if (intake === 'open' && before.state === 'quarantined') await agents.reinstate(before.id);
    return agents.setIntake(before.id, intake);
  },
});

export const restartAgent = defineOperation({
  input: z.strictObject({ agent: ref }),
  output: agentView,
  handle: async (context, { agent }) => (await context.queue()).agents.restart(agent),
});

export const listLocks = defineOperation({
  input: z.strictObject({ limit }),
  output: z.strictObject({ locks: z.array(lockView) }),
  handle: async (context, input) => ({ locks: await (await context.queue()).locks.list(input.limit) }),
});

export const releaseLock = defineOperation({
  input: z.strictObject({ resource: ref, holder: ref.optional() }),
  output: z.strictObject({ released: z.int() }),
  handle: async (context, which) => {
    const released = await (await context.queue()).locks.releaseAll(which);
    if (released > 0) return { released };
    throw new AppError('NOT_FOUND', {
      message: `nobody holds a lock on ${which.resource}`,
      next: 'cambium lock list',
    });
  },
});
