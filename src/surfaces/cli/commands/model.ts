// The commands of `model`.
import type { Command } from 'commander';
import type { Act } from './act.ts';

export function addModelCommands(program: Command, act: Act): void {
  const model = program.command('model').summary('language models: list, test, prices').helpCommand(false);
  model
    .command('list')
    .summary('list the providers, and which model does what')
    .action((_options: unknown, command: Command) =>
      act({ operation: 'model.list', input: {}, present: 'models' }, command),
    );
  model
    .command('test')
    .summary('ask models for an answer and for a tool call')
    .argument('[model...]', 'provider/name; those of models.yaml when none is named')
    .option('--record <file>', 'write what is said to a new file, without secrets')
    .option('--replay <file>', 'answer from such a file and ask nobody')
    .action((models: string[], options: Record<string, string | undefined>, command: Command) =>
      act(
        {
          operation: 'model.test',
          input: { models, record: options['record'] ?? null, replay: options['replay'] ?? null },
          present: 'modelsTested',
        },
        command,
      ),
    );
  model
    .command('prices')
    .summary('show what a million tokens cost')
    .argument('[part]', 'only models whose name holds this')
    .action((filter: string | undefined, _options: unknown, command: Command) =>
      act({ operation: 'model.prices', input: { filter: filter ?? null }, present: 'prices' }, command),
    );
}
