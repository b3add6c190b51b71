// The command tree: what a person types, turned into an operation with its input; results go to the presenters.
import { Command, CommanderError, Option } from 'commander';
import { EXIT } from '#foundation/errors.ts';
import type { Act } from './commands/act.ts';
import { addBoardCommands } from './commands/board.ts';
import { addCare } from './commands/care.ts';
import { addCollaborationCommands } from './commands/collaboration.ts';
import { addMemoryCommands } from './commands/memory.ts';
import { addModelCommands } from './commands/model.ts';
import { addMoneyCommands } from './commands/money.ts';
import { addProjectCommands } from './commands/project.ts';
import { addRunCommands } from './commands/run.ts';
import { addSolve } from './commands/solve.ts';
import { addQueueCommands } from './commands/task.ts';
import { addTicketCommands } from './commands/ticket.ts';
import { addWorkflowCommands } from './commands/workflow.ts';
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
  addBoardCommands(program, act);
  addCollaborationCommands(program, act);
  addWorkflowCommands(program, act);
  addQueueCommands(program, act);
  addRunCommands(program, act);
  addMemoryCommands(program, act);
  addModelCommands(program, act);
  addMoneyCommands(program, act);
  addCare(program, act);
  addHelp(program, parts);
  return program;
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
