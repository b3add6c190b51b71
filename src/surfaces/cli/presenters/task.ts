// How the queue reads as text: tasks, schedules, agents, locks.
import { plainText } from '#foundation/text.ts';
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';

export const TASK_PRESENTERS = {
  tasks: tasksText,
  dead: deadText,
  task: taskText,
  retried: (output: Out<'task.retry'>) => {
    const also = output.revived > 0 ? `, and ${output.revived} that waited for it` : '';
    return `${output.task.key} is tried again${also}\n`;
  },
  schedules: schedulesText,
  schedule: (output: Out<'schedule.add'>) => `${output.name} is due at ${output.nextAt ?? 'no time'}\n`,
  unscheduled: (output: Out<'schedule.remove'>) => `removed ${plainText(output.removed)}\n`,
  agents: agentsText,
  agent: agentText,
  locks: locksText,
  released: (output: Out<'lock.release'>) =>
    `${output.released} ${output.released === 1 ? 'lock' : 'locks'} released\n`,
};

type Tasks = Out<'task.list'>;

function tasksText(output: Tasks, { terminal }: Presenting): string {
  if (output.tasks.length === 0) return 'no tasks\n';
  const rows = output.tasks.map((each) => [
    each.key,
    each.type,
    each.state,
    each.priority,
    `${each.tries}/${each.retryLimit + 1}`,
    each.state === 'running' ? (each.owner ?? '') : (each.reason ?? ''),
  ]);
  return table(['ID', 'TYPE', 'STATE', 'PRIORITY', 'TRIES', 'WHO OR WHY'], rows, terminal);
}

function deadText(output: Tasks, view: Presenting): string {
  return output.tasks.length === 0 ? 'no dead letters\n' : tasksText(output, view);
}

function taskText(output: Out<'task.show'>): string {
  const line = (name: string, value: string | null): string[] =>
    value === null || value === '' ? [] : [`${name.padEnd(10)}${plainText(value)}`];
  const lines = [
    `${output.key}  ${output.type}  ${output.state}`,
    ...line('why', output.reason),
    ...line(
      'priority',
      output.score === null ? output.priority : `${output.priority} (score ${output.score})`,
    ),
    ...line('owner', output.state === 'running' ? output.owner : null),
    ...line('lease', output.leaseUntil),
    ...line('cancel', output.cancelBy === null ? null : `asked; over at ${output.cancelBy}`),
    ...line('deadline', output.deadline),
    ...line('not before', output.state === 'pending' ? output.notBefore : null),
    ...line('needs', output.capabilities.join(', ')),
    ...line('files', output.files.join(', ')),
    ...line('created', output.createdAt),
    ...line('ended', output.endedAt),
    ...line('payload', JSON.stringify(output.payload)),
    ...output.needs.flatMap((each) =>
      line('waits for', `${each.key} ${each.state}${each.settled ? '' : `, else ${each.onFailure}`}`),
    ),
    ...output.neededBy.flatMap((each) => line('needed by', `${each.key} ${each.state}`)),
    ...output.failures.flatMap((each) =>
      line(`try ${each.token}`, `${each.outcome} ${each.endedAt} ${each.owner}: ${each.error}`),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function schedulesText(output: Out<'schedule.list'>, { terminal }: Presenting): string {
  if (output.schedules.length === 0) return 'no schedules; cambium schedule add makes one\n';
  const rows = output.schedules.map((each) => [
    each.name,
    each.type,
    each.kind === 'cron' ? `${each.when} (${each.timeZone})` : each.when,
    each.nextAt ?? 'never again',
    each.lastAt ?? '',
    each.misfire,
  ]);
  return table(['NAME', 'TYPE', 'WHEN', 'NEXT', 'LAST', 'MISFIRE'], rows, terminal);
}

function agentsText(output: Out<'agent.list'> | Out<'agent.find'>, { terminal }: Presenting): string {
  if (output.agents.length === 0) return 'no agents; cambium worker starts one\n';
  const rows = output.agents.map((each) => [
    each.name,
    each.state,
    each.health,
    each.intake,
    `${each.running}/${each.capacity}`,
    each.capabilities.join(' '),
    'score' in each ? String(each.score) : each.heartbeatAt,
  ]);
  const last = output.agents.some((each) => 'score' in each) ? 'SCORE' : 'HEARTBEAT';
  return table(['NAME', 'STATE', 'HEALTH', 'INTAKE', 'TASKS', 'CAN', last], rows, terminal);
}

function agentText(output: Out<'agent.show'>): string {
  const odd = output.anomaly;
  const lines = [
    `${output.name}  ${output.state}  ${output.health}  ${output.intake}`,
    ...(output.reason === null ? [] : [`why       ${plainText(output.reason)}`]),
    `process   ${plainText(output.owner)}, version ${plainText(output.version)}`,
    `tasks     ${output.running} of ${output.capacity}`,
    `heartbeat ${output.heartbeatAt}, lease until ${output.leaseUntil}`,
    ...(odd === null ? [] : [`oddness   ${odd.score}: ${plainText(odd.text)}`]),
    ...output.outcomes.map(
      (each) =>
        `${each.capability.padEnd(10)}${each.succeeded} succeeded, ${each.failed} failed, ${each.costUsd} USD`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function locksText(output: Out<'lock.list'>, { terminal }: Presenting): string {
  if (output.locks.length === 0) return 'nothing is locked\n';
  const rows = output.locks.map((each) => [
    each.resource,
    each.mode,
    each.holder,
    String(each.token),
    each.expired ? 'expired' : each.until,
    each.waiting.join(' '),
  ]);
  return table(['RESOURCE', 'MODE', 'HOLDER', 'TOKEN', 'UNTIL', 'WAITING'], rows, terminal);
}
