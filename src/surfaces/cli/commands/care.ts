// Commands that look after proofs, the machine, the configuration and the database.
import type { Command } from 'commander';
import type { Act } from './act.ts';

export function addCare(program: Command, act: Act): void {
  program
    .command('verify')
    .summary('run the checks of a certificate again and compare')
    .argument('<ticket|file>', 'TKT-n, RUN-n or a certificate file')
    .option('--repository <path>', 'the repository, for a certificate made elsewhere')
    .action((subject: string, options: Record<string, unknown>, command: Command) =>
      act(
        {
          operation: 'verify',
          input: { subject, repository: options['repository'] ?? null },
          present: 'verify',
        },
        command,
      ),
    );
  program
    .command('doctor')
    .summary('check everything that Cambium needs on this machine')
    .option('--fix', 'remove what killed processes left behind')
    .action((options: Record<string, unknown>, command: Command) =>
      act({ operation: 'doctor', input: { fix: options['fix'] === true }, present: 'doctor' }, command),
    );
  const config = program.command('config').summary('configuration').helpCommand(false);
  config
    .command('show')
    .summary('show the configuration')
    .argument('[key]', 'a key or a group of keys')
    .option('--origin', 'say where each value comes from and what it overrides')
    .action((key: string | undefined, options: Record<string, unknown>, command: Command) =>
      act(
        {
          operation: 'config.show',
          input: { key: key ?? null },
          present: options['origin'] ? 'origins' : 'config',
        },
        command,
      ),
    );
  const db = program.command('db').summary('the database').helpCommand(false);
  db.command('check')
    .summary('compare the schema with the expected one')
    .action((_options: unknown, command: Command) =>
      act({ operation: 'database.check', input: {}, present: 'database' }, command),
    );
  db.command('migrate')
    .summary('apply the pending migrations')
    .action((_options: unknown, command: Command) =>
      act({ operation: 'database.migrate', input: {}, present: 'migrated' }, command),
    );
}
