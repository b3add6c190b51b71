// The commands of the queue: `task`, `schedule`, `agent`, `lock`.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { countArgument, durationArgument } from '../arguments.ts';
import type { Act } from './act.ts';

const GRACE_MS = 10_000;

export function addQueueCommands(program: Command, act: Act): void {
  addTasks(program, act);
  addSchedules(program, act);
  addAgents(program, act);
  addLocks(program, act);
}

function addTasks(program: Command, act: Act): void {
  const task = program.command('task').summary('the queue: what waits, runs, failed').helpCommand(false);
  task
    .command('list')
    .summary('list tasks, newest first')
    .option('--state <state...>', 'blocked, pending, running, completed, failed, cancelled, skipped')
    .option('--type <type>', 'only tasks of this type')
    .option('--limit <n>', 'how many', countArgument, 50)
    .action((options: { state?: string[]; type?: string; limit: number }, command: Command) =>
      act(
        {
          operation: 'task.list',
          input: { states: options.state ?? [], type: options.type, limit: options.limit },
          present: 'tasks',
        },
        command,
      ),
    );
  task
    .command('dead')
    .summary('list dead letters: tasks whose tries are used up')
    .option('--limit <n>', 'how many', countArgument, 50)
    .action((options: { limit: number }, command: Command) =>
      act(
        { operation: 'task.list', input: { states: ['failed'], limit: options.limit }, present: 'dead' },
        command,
      ),
    );
  task
    .command('show')
    .summary('show a task with its prerequisites and tries')
    .argument('<task>', 'TSK-n')
    .action((key: string, _options: unknown, command: Command) =>
      act({ operation: 'task.show', input: { task: key }, present: 'task' }, command),
    );
  task
    .command('retry')
    .summary('try a failed, cancelled or skipped task again')
    .argument('<task>', 'TSK-n')
    .action((key: string, _options: unknown, command: Command) =>
      act({ operation: 'task.retry', input: { task: key }, present: 'retried' }, command),
    );
  task
    .command('cancel')
    .summary('cancel a task')
    .argument('<task>', 'TSK-n')
    .option('--grace <time>', 'how long one that runs may take to stop by itself', durationArgument, GRACE_MS)
    .option('--reason <text>', 'why')
    .action((key: string, options: { grace: number; reason?: string }, command: Command) =>
      act(
        {
          operation: 'task.cancel',
          input: { task: key, graceMs: options.grace, reason: options.reason },
          present: 'task',
        },
        command,
      ),
    );
}

interface ScheduleOptions {
  readonly cron?: string;
  readonly zone: string;
  readonly every?: number;
  readonly at?: string;
  readonly misfire: string;
  readonly catchUp: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

function addSchedules(program: Command, act: Act): void {
  const schedule = program.command('schedule').summary('tasks by the clock').helpCommand(false);
  schedule
    .command('add')
    .summary('add a schedule')
    .argument('<name>', 'its name')
    .argument('<type>', 'type of the tasks that it adds')
    .addOption(new Option('--cron <pattern>', 'five fields, as in crontab').conflicts(['every', 'at']))
    .option('--zone <zone>', 'time zone of the pattern', 'UTC')
    .addOption(new Option('--every <time>', '10m, 2h').argParser(durationArgument).conflicts(['cron', 'at']))
    .addOption(
      new Option('--at <instant>', 'once, such as 2026-12-24T08:00:00Z').conflicts(['cron', 'every']),
    )
    .addOption(
      new Option('--misfire <rule>', 'what to do about times that nobody saw')
        .choices(['skip', 'once', 'all'])
        .default('once'),
    )
    .option('--catch-up <n>', 'with --misfire all: at most so many', countArgument, 10)
    .option('--payload <json>', 'what the tasks carry', objectArgument, {})
    .action((name: string, type: string, options: ScheduleOptions, command: Command) =>
      act(
        {
          operation: 'schedule.add',
          input: {
            name,
            rule: ruleOf(options, command),
            misfire: options.misfire,
            catchUp: options.catchUp,
            task: { type, payload: options.payload },
          },
          present: 'schedule',
        },
        command,
      ),
    );
  schedule
    .command('list')
    .summary('list schedules')
    .action((_options: unknown, command: Command) =>
      act({ operation: 'schedule.list', input: {}, present: 'schedules' }, command),
    );
  schedule
    .command('remove')
    .summary('remove a schedule')
    .argument('<schedule>', 'name')
    .action((name: string, _options: unknown, command: Command) =>
      act({ operation: 'schedule.remove', input: { schedule: name }, present: 'unscheduled' }, command),
    );
}

function ruleOf({ cron, zone, every, at }: ScheduleOptions, command: Command): Record<string, unknown> {
  if (cron !== undefined) return { kind: 'cron', pattern: cron, timeZone: zone };
  if (every !== undefined) return { kind: 'interval', everyMs: every };
  if (at !== undefined) return { kind: 'once', at };
  return command.error('error: one of --cron, --every and --at is needed');
}

function objectArgument(text: string): Record<string, unknown> {
  const refusal = 'expected a JSON object, such as {"path":"src"}';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(refusal);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new InvalidArgumentError(refusal);
}

function addAgents(program: Command, act: Act): void {
  const agent = program.command('agent').summary('who works, and how they are').helpCommand(false);
  agent
    .command('list')
    .summary('list agents')
    .option('--can <capability...>', 'only those that fit, best first')
    .action((options: { can?: string[] }, command: Command) =>
      act(
        options.can
          ? { operation: 'agent.find', input: { capabilities: options.can }, present: 'agents' }
          : { operation: 'agent.list', input: {}, present: 'agents' },
        command,
      ),
    );
  const one = (
    name: string,
    summary: string,
    to: { operation: 'agent.show' | 'agent.restart' | 'agent.intake'; input?: Record<string, string> },
  ): void => {
    agent
      .command(name)
      .summary(summary)
      .argument('<agent>', 'name or id')
      .action((ref: string, _options: unknown, command: Command) =>
        act({ operation: to.operation, input: { agent: ref, ...to.input }, present: 'agent' }, command),
      );
  };
  one('show', 'show an agent', { operation: 'agent.show' });
  one('pause', 'take no new tasks', { operation: 'agent.intake', input: { intake: 'paused' } });
  one('resume', 'take tasks again; ends a quarantine', {
    operation: 'agent.intake',
    input: { intake: 'open' },
  });
  one('drain', 'finish what it has, then stop', { operation: 'agent.intake', input: { intake: 'draining' } });
  one('restart', 'give its tasks to others and start it anew', { operation: 'agent.restart' });
}

function addLocks(program: Command, act: Act): void {
  const lock = program.command('lock').summary('locks on files, branches, environments').helpCommand(false);
  lock
    .command('list')
    .summary('list locks')
    .action((_options: unknown, command: Command) =>
      act({ operation: 'lock.list', input: {}, present: 'locks' }, command),
    );
  lock
    .command('release')
    .summary('take a lock away from its holder')
    .argument('<resource>', 'as listed')
    .option('--holder <holder>', 'only this one of several')
    .action((resource: string, options: { holder?: string }, command: Command) =>
      act(
        { operation: 'lock.release', input: { resource, holder: options.holder }, present: 'released' },
        command,
      ),
    );
}
