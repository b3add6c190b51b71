// The commands of `run`, and `worker`, which executes runs.
import type { Command } from 'commander';
import type { Act } from './act.ts';

export function addRunCommands(program: Command, act: Act): void {
  const run = program.command('run').summary('runs: look, follow, steer').helpCommand(false);
  addReading(run, act);
  addControl(run, act);
  addWork(program, act);
}

function addReading(run: Command, act: Act): void {
  run
    .command('list')
    .summary('list runs, newest first')
    .option('--limit <n>', 'how many', Number, 50)
    .action((options: { limit: number }, command: Command) =>
      act({ operation: 'run.list', input: { limit: options.limit }, present: 'runs' }, command),
    );
  run
    .command('show')
    .summary('show a run: steps, faults, attempts, certificate')
    .argument('<run>', 'RUN-n')
    .option('--faults', 'show the fault ranking, what was tried, and the nearest misses')
    .action((key: string, options: Record<string, unknown>, command: Command) =>
      act(
        { operation: 'run.show', input: { run: key }, present: options['faults'] ? 'faults' : 'run' },
        command,
      ),
    );
  run
    .command('watch')
    .summary('follow a run until it rests')
    .argument('<run>', 'RUN-n')
    .action((key: string, _options: unknown, command: Command) =>
      act({ operation: 'run.watch', input: { run: key }, present: 'watched' }, command),
    );
  run
    .command('diff')
    .summary('print the change of a run')
    .argument('<run>', 'RUN-n')
    .action((key: string, _options: unknown, command: Command) =>
      act({ operation: 'run.diff', input: { run: key }, present: 'diff' }, command),
    );
  run
    .command('logs')
    .summary('print the stored output of the commands of a run')
    .argument('<run>', 'RUN-n')
    .option('--step <n>', 'only this step', Number)
    .action((key: string, options: { step?: number }, command: Command) =>
      act(
        { operation: 'run.logs', input: { run: key, step: options.step ?? null }, present: 'logs' },
        command,
      ),
    );
}

function addControl(run: Command, act: Act): void {
  for (const [name, operation, summary] of [
    ['pause', 'run.pause', 'ask a run to pause at its last checkpoint'],
    ['cancel', 'run.cancel', 'stop a run for good and remove what it made'],
  ] as const) {
    run
      .command(name)
      .summary(summary)
      .argument('<run>', 'RUN-n')
      .action((key: string, _options: unknown, command: Command) =>
        act({ operation, input: { run: key }, present: 'requested' }, command),
      );
  }
  run
    .command('resume')
    .summary('go on with a paused or interrupted run')
    .argument('<run>', 'RUN-n')
    .option('--isolation <rung>', 'another isolation than the run began with')
    .action((key: string, options: Record<string, unknown>, command: Command) =>
      act(
        {
          operation: 'run.resume',
          input: { run: key, isolation: options['isolation'] ?? null },
          present: 'solve',
        },
        command,
      ),
    );
  for (const [name, decision] of [
    ['approve', 'approved'],
    ['reject', 'rejected'],
  ] as const) {
    run
      .command(name)
      .summary(`${name} a run that waits for a person`)
      .argument('<run>', 'RUN-n')
      .option('--note <text>', 'why', '')
      .action((key: string, options: { note: string }, command: Command) =>
        act(
          {
            operation: 'run.decide',
            input: { run: key, decision, by: 'command line', note: options.note },
            present: 'solve',
          },
          command,
        ),
      );
  }
}

function addWork(program: Command, act: Act): void {
  program
    .command('worker')
    .summary('take tasks and runs from the queue until stopped, those of dead workers too')
    .option('--concurrency <n>', 'how many at once', Number, 1)
    .option('--database-url <url>', 'the PostgreSQL that the workers of all machines share')
    .action((options: { concurrency: number }, command: Command) =>
      act({ operation: 'work', input: { concurrency: options.concurrency }, present: 'worked' }, command),
    );
}
