// Verbs about the queue: tasks, schedules, agents, locks.
import type { Verbs } from './verb.ts';

const tasks = () => import('../tasks.ts');

export const TASK_VERBS = {
  'task.list': {
    effect: 'read',
    summary: 'List tasks of the queue, newest first',
    load: async () => (await tasks()).listTasks,
  },
  'task.show': {
    effect: 'read',
    summary: 'Show a task: what it needs, what needs it, its tries',
    load: async () => (await tasks()).showTask,
  },
  'task.retry': {
    effect: 'write',
    summary: 'Try a failed, cancelled or skipped task again, with what was skipped because of it',
    load: async () => (await tasks()).retryTask,
  },
  'task.cancel': {
    effect: 'write',
    summary: 'Cancel a task; what waits for it goes on by its policy',
    load: async () => (await tasks()).cancelTask,
  },
  'schedule.add': {
    effect: 'write',
    summary: 'Add a task by the clock: cron, interval or once',
    load: async () => (await tasks()).addSchedule,
  },
  'schedule.list': {
    effect: 'read',
    summary: 'List schedules and when each is due next',
    load: async () => (await tasks()).listSchedules,
  },
  'schedule.remove': {
    effect: 'write',
    summary: 'Remove a schedule; tasks that it added stay',
    load: async () => (await tasks()).removeSchedule,
  },
  'agent.list': {
    effect: 'read',
    summary: 'List agents, living ones first',
    load: async () => (await tasks()).listAgents,
  },
  'agent.find': {
    effect: 'read',
    summary: 'The agents that fit some capabilities best',
    load: async () => (await tasks()).findAgents,
  },
  'agent.show': {
    effect: 'read',
    summary: 'Show an agent: state, health, what it made of its tasks',
    load: async () => (await tasks()).showAgent,
  },
  'agent.intake': {
    effect: 'write',
    summary: 'Pause, resume or drain an agent',
    load: async () => (await tasks()).setAgentIntake,
  },
  'agent.restart': {
    effect: 'write',
    summary: 'Give the tasks of an agent to others and start it anew',
    load: async () => (await tasks()).restartAgent,
  },
  'lock.list': {
    effect: 'read',
    summary: 'List locks, who holds them and who waits',
    load: async () => (await tasks()).listLocks,
  },
  'lock.release': {
    effect: 'write',
    summary: 'Take a lock away from its holder, whose word then no longer counts',
    load: async () => (await tasks()).releaseLock,
  },
} as const satisfies Verbs;
