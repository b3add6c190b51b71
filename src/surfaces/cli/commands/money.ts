// The commands of `budget`, and `insights cost`.

import { type Command, Option } from 'commander';
import type { Act } from './act.ts';

export function addMoneyCommands(program: Command, act: Act): void {
  const budget = program.command('budget').summary('limits on what models may cost').helpCommand(false);
  budget
    .command('show')
    .summary('show every limit and what is used of it')
    .action((_options: unknown, command: Command) =>
      act({ operation: 'budget.show', input: {}, present: 'budgets' }, command),
    );
  budget
    .command('set')
    .summary('limit a scope; without --usd and --tokens the limit is taken away')
    .argument('<scope>', 'global, or provider:, project:, ticket:, run:, agent:, phase: with a name')
    .option('--usd <n>', 'US dollars; 0 forbids every call', Number)
    .option('--tokens <n>', 'tokens of input and output together', Number)
    .addOption(
      new Option('--per <period>', 'what the limit is for')
        .choices(['total', 'day', 'month'])
        .default('total'),
    )
    .action((scope: string, options: { usd?: number; tokens?: number; per: string }, command: Command) => {
      const { usd = null, tokens = null, per: period } = options;
      const input = { scope, period, usd, tokens };
      return act({ operation: 'budget.set', input, present: 'budgets' }, command);
    });
  const insights = program.command('insights').summary('what was measured').helpCommand(false);
  insights
    .command('cost')
    .summary('show what was spent')
    .addOption(
      new Option('--by <what>', 'grouped by')
        .choices(['model', 'provider', 'role', 'phase', 'project', 'ticket', 'run', 'day'])
        .default('model'),
    )
    .option('--days <n>', 'of the last so many days', Number, 30)
    .action((options: { by: string; days: number }, command: Command) =>
      act({ operation: 'insights.cost', input: { ...options }, present: 'cost' }, command),
    );
}
