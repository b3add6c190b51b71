// The command `solve`: the main job.
import type { Command } from 'commander';
import { countArgument, durationArgument } from '../arguments.ts';
import type { Act } from './act.ts';

export function addSolve(program: Command, act: Act): void {
  program
    .command('solve')
    .summary('turn failing tests into a proven fix on a branch')
    .description(
      'Finds the failing tests of a repository, repairs the code, and proves the fix on a branch of its own.',
    )
    .argument('[path]', 'path inside the repository', '.')
    .option('--title <text>', 'title of the ticket')
    .option('--test <command>', 'command that runs the tests')
    .option('--base <ref>', 'commit to work from', 'HEAD')
    .option('--attempts <n>', 'rounds of coding and testing at most', Number)
    .option(
      '--budget <time>',
      'time for searching, all attempts together: 60s, 5m, 1h30m (default 10m)',
      durationArgument,
    )
    .option('--candidates <n>', 'candidate edits tried at most (default 100000)', countArgument)
    .option(
      '--isolation <rung>',
      'auto, bwrap+cgroup, bwrap, or none (foreign code then runs with your rights)',
    )
    .option('--allow-test-changes', 'accept changes to tests; the certificate names them')
    .option('--review', 'wait for a person before the run counts as done')
    .option('--allow-empty', 'exit with 0 when there was nothing to change')
    .option('--sample', 'work on the bundled sample repository')
    .action((path: string, options: Record<string, unknown>, command: Command) =>
      act(
        {
          operation: 'solve',
          input: {
            path: options['sample'] ? null : path,
            sample: options['sample'] === true,
            title: options['title'] ?? null,
            base: options['base'] ?? null,
          },
          present: 'solve',
        },
        command,
      ),
    );
}
