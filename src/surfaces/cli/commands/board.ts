// The commands of `board`, and `stuck`.
import { type Command, Option } from 'commander';
import { countArgument, durationArgument } from '../arguments.ts';
import type { Act } from './act.ts';

export function addBoardCommands(program: Command, act: Act): void {
  const board = program
    .command('board')
    .summary('tickets in the columns of the board')
    .helpCommand(false)
    .option('--project <name|path>', 'one project instead of all')
    .addOption(new Option('--lanes <by>', 'a lane for each').choices(['project', 'priority']))
    .option('--limit <n>', 'cards of a column at most', countArgument, 10)
    .action((options: { project?: string; lanes?: string; limit: number }, command: Command) =>
      act(
        {
          operation: 'board.show',
          input: { project: options.project ?? null, lanes: options.lanes ?? 'none', limit: options.limit },
          present: 'board',
        },
        command,
      ),
    );
  addMove(board, act);
  board
    .command('stats')
    .summary('cycle time, throughput, age, and columns that hold too many')
    .option('--days <n>', 'count what ended in so many days', countArgument, 28)
    .action((_options: unknown, command: Command) => {
      const options: { project?: string; days?: number } = command.optsWithGlobals();
      const input = { project: options.project ?? null, days: options.days };
      return act({ operation: 'board.stats', input, present: 'boardStats' }, command);
    });
  program
    .command('stuck')
    .summary('tickets without progress, with the cause and what to do')
    .option('--project <name|path>', 'one project instead of all')
    .option('--after <time>', 'silent for longer than this, such as 15m', durationArgument, 900_000)
    .action((options: { project?: string; after: number }, command: Command) => {
      const silentSeconds = Math.max(1, Math.round(options.after / 1000));
      const input = { project: options.project ?? null, silentSeconds };
      return act({ operation: 'stuck', input, present: 'stuck' }, command);
    });
}

interface MoveOptions {
  readonly top?: boolean;
  readonly bottom?: boolean;
  readonly before?: string;
  readonly after?: string;
  readonly reason: string;
}

function addMove(board: Command, act: Act): void {
  board
    .command('move')
    .summary('ask for a move to a column, or to a place in its column')
    .argument('<ticket>', 'TKT-n')
    .argument('[column]', 'column to go to; its own when absent')
    .addOption(new Option('--top', 'to the top of the column').conflicts(['bottom', 'before', 'after']))
    .addOption(new Option('--bottom', 'to the bottom').conflicts(['before', 'after']))
    .addOption(new Option('--before <ticket>', 'before another ticket').conflicts(['after']))
    .option('--after <ticket>', 'after another ticket')
    .option('--reason <text>', 'why', '')
    .action((ticket: string, column: string | undefined, options: MoveOptions, command: Command) =>
      act(
        {
          operation: 'board.move',
          input: { ticket, column: column ?? null, place: placeOf(options), reason: options.reason },
          present: 'boardMoved',
        },
        command,
      ),
    );
}

function placeOf({ top, bottom, before, after }: MoveOptions) {
  if (top) return { at: 'top' };
  if (bottom) return { at: 'bottom' };
  if (before !== undefined) return { at: 'before', ticket: before };
  return after === undefined ? null : { at: 'after', ticket: after };
}
