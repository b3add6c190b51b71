// The command tree: what a person types, turned into an operation with its input; results go to the presenters.
import { Command, CommanderError, Option } from 'commander';
import { EXIT } from '#foundation/errors.ts';
import { countArgument, durationArgument } from './arguments.ts';
import { exitCodesTopic } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';

const DESCRIPTION = 'A self-hosted team of software-engineering agents for your own repositories.';
const EXAMPLES = `
Examples:
  cambium solve                      repair the failing tests of the repository you stand in
  cambium solve ../shop --test "npx vitest run"
  cambium solve --budget 60s         search for a minute at most; the best found by then is what counts
  cambium solve --sample             watch the main job on a bundled sample
  cambium verify TKT-3               run the proof of a ticket again

Exit codes: cambium help exit-codes
`;

/** What the command line asks of the rest of the program. */
export interface ProgramParts {
  readonly version: string;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Runs one invocation to its end and returns the exit status. */
  readonly run: (invocation: Invocation) => Promise<number>;
}

/** Parses `argv` (without node and script) and runs the command. Returns the exit status; never throws for usage. */
export async function runProgram(argv: readonly string[], parts: ProgramParts): Promise<number> {
  let exit: number = EXIT.ok;
  const program = createProgram(parts, (status) => {
    exit = status;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.ok;
    usageDocument(argv, parts, error);
    return EXIT.usage;
  }
  return exit;
}

/** A command line that could not be read is one document too for whoever asked for documents. */
function usageDocument(argv: readonly string[], parts: ProgramParts, error: CommanderError): void {
  const end = argv.indexOf('--');
  const flags = end === -1 ? argv : argv.slice(0, end);
  if (!flags.includes('--json') && !flags.includes('--jsonl')) return;
  const message =
    error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '');
  const shown = { code: 'USAGE', message, next: 'cambium help shows every command', details: {} };
  parts.stdout(`${JSON.stringify({ error: shown })}\n`);
}

type Act = (
  invocation: Pick<Invocation, 'operation' | 'input' | 'present'>,
  command: Command,
) => Promise<void>;

function createProgram(parts: ProgramParts, settle: (status: number) => void): Command {
  const program = new Command('cambium')
    .description(DESCRIPTION)
    .version(parts.version, '-V, --version', 'print the version')
    .option('--json', 'print exactly one JSON document on standard output')
    .option('--jsonl', 'print events as JSON lines on standard output, the result last')
    .option('-q, --quiet', 'print no progress')
    .option('--no-color', 'never colour')
    .option('--home <dir>', 'data directory')
    .addOption(
      new Option('--log-level <level>').choices(['silent', 'error', 'warn', 'info', 'debug', 'trace']),
    )
    .addHelpText('after', EXAMPLES)
    .helpCommand(false)
    .showHelpAfterError('(cambium help shows every command)')
    .exitOverride()
    .configureOutput({ writeOut: parts.stdout, writeErr: parts.stderr });
  const act: Act = async (invocation, command) => {
    settle(await parts.run({ ...invocation, options: command.optsWithGlobals() }));
  };
  addSolve(program, act);
  addProjectCommands(program, act);
  addTicketCommands(program, act);
  addRunReading(program, act);
  addRunControl(program, act);
  addCare(program, act);
  addHelp(program, parts);
  return program;
}

function addSolve(program: Command, act: Act): void {
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

function addProjectCommands(program: Command, act: Act): void {
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

function addTicketCommands(program: Command, act: Act): void {
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

function runCommand(program: Command): Command {
  return (
    program.commands.find((each) => each.name() === 'run') ??
    program.command('run').summary('runs: look, follow, steer').helpCommand(false)
  );
}

function addRunReading(program: Command, act: Act): void {
  const run = runCommand(program);
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

function addRunControl(program: Command, act: Act): void {
  const run = runCommand(program);
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
  program
    .command('work')
    .summary('work on queued runs and on runs whose worker died, until stopped')
    .option('--concurrency <n>', 'runs at once', Number, 1)
    .action((options: { concurrency: number }, command: Command) =>
      act({ operation: 'work', input: { concurrency: options.concurrency }, present: 'worked' }, command),
    );
}

function addCare(program: Command, act: Act): void {
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

function addHelp(program: Command, parts: ProgramParts): void {
  program
    .command('help')
    .summary('help on a command, or on a topic: exit-codes')
    .argument('[name...]', 'command or topic')
    .action((names: string[]) => {
      if (names[0] === 'exit-codes') return parts.stdout(exitCodesTopic());
      let found: Command | undefined = program;
      for (const name of names) found = found?.commands.find((each) => each.name() === name);
      if (found) return parts.stdout(found.helpInformation() + (found === program ? EXAMPLES : ''));
      program.error(`error: there is no command or topic "${names.join(' ')}"`, { exitCode: EXIT.usage });
    });
}
