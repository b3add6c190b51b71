// The commands of `memory`.
import type { Command } from 'commander';
import type { Act } from './act.ts';

export function addMemoryCommands(program: Command, act: Act): void {
  const memory = program
    .command('memory')
    .summary('what was learned: patterns with their evidence')
    .helpCommand(false);
  memory
    .command('patterns')
    .summary('list the learned patterns, best proven first')
    .option('--limit <n>', 'at most so many', '100')
    .action((options: { limit: string }, command: Command) =>
      act(
        { operation: 'memory.patterns', input: { limit: Number(options.limit) }, present: 'patterns' },
        command,
      ),
    );
  memory
    .command('pattern')
    .summary('show a pattern and what speaks for and against it')
    .argument('<pattern>', 'such as PTN-3')
    .action((pattern: string, _options: unknown, command: Command) =>
      act({ operation: 'memory.pattern', input: { pattern }, present: 'pattern' }, command),
    );
  memory
    .command('retire')
    .summary('take a pattern out of use; its evidence stays')
    .argument('<pattern>', 'such as PTN-3')
    .option('--why <text>', 'a word for those who come later')
    .action((pattern: string, options: { why?: string }, command: Command) =>
      act(
        { operation: 'memory.retire', input: { pattern, why: options.why ?? '' }, present: 'patternRetired' },
        command,
      ),
    );
}
