// The commands of `phase` and `workflow`.
import type { Command } from 'commander';
import type { Act } from './act.ts';

type Flags = Record<string, unknown>;

export function addWorkflowCommands(program: Command, act: Act): void {
  addPhase(
    program.command('phase').summary('where a ticket stands, and where it can go').helpCommand(false),
    act,
  );
  addWorkflow(program.command('workflow').summary('the phases that tickets pass').helpCommand(false), act);
}

function addPhase(phase: Command, act: Act): void {
  phase
    .command('list')
    .summary('the phases of a ticket, and what stands against each move')
    .argument('<ticket>', 'TKT-n')
    .action((key: string, _options: unknown, command: Command) =>
      act({ operation: 'phase.list', input: { ticket: key }, present: 'phases' }, command),
    );
  addGate(phase, act);
  for (const [name, summary] of [
    ['advance', 'go on to the next phase'],
    ['regress', 'go back to a phase the ticket has been in'],
  ] as const) {
    phase
      .command(name)
      .summary(summary)
      .argument('<ticket>', 'TKT-n')
      .option('--to <phase>', 'this one, where several follow')
      .option('--reason <text>', 'why; kept in the history', '')
      .option('--dry-run', 'say what would be done, and do nothing')
      .action((key: string, options: Flags, command: Command) =>
        act(
          {
            operation: `phase.${name}`,
            input: {
              ticket: key,
              to: options['to'] ?? null,
              reason: options['reason'],
              dryRun: options['dryRun'] === true,
            },
            present: 'outcomes',
          },
          command,
        ),
      );
  }
}

function addGate(phase: Command, act: Act): void {
  phase
    .command('gate')
    .summary('run every check of the phase that a ticket is in; moves nothing')
    .argument('<ticket>', 'TKT-n')
    .action((key: string, _options: unknown, command: Command) =>
      act({ operation: 'phase.gate', input: { ticket: key }, present: 'gate' }, command),
    );
  for (const [name, decision, summary] of [
    ['approve', 'approved', 'say yes to what the gate asks'],
    ['reject', 'rejected', 'say no to what the gate asks'],
  ] as const) {
    phase
      .command(name)
      .summary(summary)
      .argument('<ticket>', 'TKT-n')
      .option('--note <text>', 'kept with the word', '')
      .action((key: string, options: Flags, command: Command) =>
        act(
          {
            operation: 'phase.decide',
            input: { ticket: key, decision, note: options['note'] },
            present: 'worked',
          },
          command,
        ),
      );
  }
}

function addWorkflow(workflow: Command, act: Act): void {
  workflow
    .command('list')
    .summary('list the workflows of a repository')
    .argument('[path]', 'path inside the repository', '.')
    .action((path: string, _options: unknown, command: Command) =>
      act({ operation: 'workflow.list', input: { path }, present: 'workflows' }, command),
    );
  workflow
    .command('validate')
    .summary('check workflow files and say what is wrong where')
    .argument('[file]', 'a file; all those of the repository when absent')
    .option('--path <path>', 'path inside the repository', '.')
    .action((file: string | undefined, options: Flags, command: Command) =>
      act(
        {
          operation: 'workflow.validate',
          input: { file: file ?? null, path: options['path'] },
          present: 'validated',
        },
        command,
      ),
    );
  for (const [name, present, summary] of [
    ['show', 'workflow', 'show the phases of a workflow'],
    ['export', 'exported', 'print the text of a workflow as it was written'],
  ] as const) {
    workflow
      .command(name)
      .summary(summary)
      .argument('<workflow>', 'a name, a digest, or TKT-n for the version that a ticket keeps')
      .option('--path <path>', 'path inside the repository', '.')
      .action((word: string, options: Flags, command: Command) =>
        act(
          { operation: `workflow.${name}`, input: { workflow: word, path: options['path'] }, present },
          command,
        ),
      );
  }
}
