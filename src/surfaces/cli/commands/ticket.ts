// The commands of `ticket`.
import type { Command } from 'commander';
import type { Act } from './act.ts';

export function addTicketCommands(program: Command, act: Act): void {
  const ticket = program.command('ticket').summary('wanted work and where it stands').helpCommand(false);
  ticket
    .command('list')
    .summary('list tickets, newest first')
    .option('--limit <n>', 'how many', Number, 50)
    .action((options: { limit: number }, command: Command) =>
      act({ operation: 'ticket.list', input: { limit: options.limit }, present: 'tickets' }, command),
    );
  ticket
    .command('show')
    .summary('show a ticket and its runs')
    .argument('<ticket>', 'TKT-n')
    .action((key: string, _options: unknown, command: Command) =>
      act({ operation: 'ticket.show', input: { ticket: key }, present: 'ticket' }, command),
    );
}
