// Commands about a repository as a whole: `init`.
import type { Command } from 'commander';
import type { Act } from './act.ts';

export function addProjectCommands(program: Command, act: Act): void {
  program
    .command('init')
    .summary('write .cambium/config.yaml for a repository')
    .argument('[path]', 'path inside the repository', '.')
    .option('--force', 'replace a configuration that is already there')
    .option('--dry-run', 'print what would be written')
    .option('--test <command>', 'command that runs the tests')
    .action((path: string, options: Record<string, unknown>, command: Command) =>
      act(
        {
          operation: 'project.init',
          input: { path, force: options['force'] === true, dryRun: options['dryRun'] === true },
          present: 'init',
        },
        command,
      ),
    );
}
