// How the board, its figures and what stands still read as text.
import { plainText, plural } from '#foundation/text.ts';
import { ageOf, boardText } from '../board-text.ts';
import { table } from '../output.ts';
import type { Out, Presenting } from './presenter.ts';

export const BOARD_PRESENTERS = {
  board: boardOutput,
  boardStats: statsText,
  boardMoved: movedText,
  stuck: stuckText,
};

/** For a pipe one line a ticket, for a person the picture. */
function boardOutput(board: Out<'board.show'>, view: Presenting): string {
  if (view.terminal.stdoutIsTty) return boardText(board, view);
  const rows = board.lanes.flatMap((lane) =>
    lane.cells.flatMap((cell) =>
      cell.cards.map((card) => [
        ...(lane.name === '' ? [] : [lane.name]),
        cell.column,
        card.key,
        card.phase,
        card.priority,
        card.projectName,
        card.title,
      ]),
    ),
  );
  const lane = board.lanes.some(({ name }) => name !== '') ? ['LANE'] : [];
  return table([...lane, 'COLUMN', 'ID', 'PHASE', 'PRIORITY', 'PROJECT', 'TITLE'], rows, view.terminal);
}

function movedText(ticket: Out<'board.move'>): string {
  return `${ticket.key} stands in ${ticket.phase ?? 'no phase'}\n`;
}

function statsText(stats: Out<'board.stats'>, { terminal, paint }: Presenting): string {
  const few = (n: number): string => `${plural(n, 'ticket')}, too few to say (from ${stats.floor})`;
  const spread = ({ n, p50Ms, p85Ms }: Out<'board.stats'>['cycle']): string =>
    p50Ms === null || p85Ms === null
      ? few(n)
      : `half within ${span(p50Ms)}, 85 % within ${span(p85Ms)}   (n = ${n})`;
  const { perWeek, n } = stats.throughput;
  const lines = [
    paint('strong', `${plainText(stats.projectName ?? 'all projects')}, last ${plural(stats.days, 'day')}`),
    `cycle time   ${spread(stats.cycle)}`,
    `throughput   ${perWeek === null ? few(n) : `${perWeek} a week   (n = ${n})`}`,
    '',
  ];
  const ages = table(
    ['COLUMN', 'TICKETS', 'HALF IN IT FOR', '85 % FOR', 'OLDEST'],
    stats.ages.map(({ column, age, oldest }) => [
      column,
      String(age.n),
      age.p50Ms === null ? '-' : span(age.p50Ms),
      age.p85Ms === null ? '-' : span(age.p85Ms),
      oldest ?? '-',
    ]),
    terminal,
  );
  const over = stats.violations.map(({ projectName, column, count, limit }) =>
    paint('bad', `${column} of ${plainText(projectName)} holds ${count}, and may hold ${limit}`),
  );
  return `${lines.join('\n')}\n${ages}${over.map((line) => `${line}\n`).join('')}`;
}

/** `3d`, `5h`, `12m`, `0m`. */
function span(ms: number): string {
  return ageOf(ms) || '0m';
}

function stuckText({ tickets }: Out<'stuck'>, { paint }: Presenting): string {
  if (tickets.length === 0) return 'nothing is stuck\n';
  return tickets
    .map(({ key, title, phase, silentMs, diagnoses }) =>
      [
        `${paint('strong', key)}  silent for ${span(silentMs)} in ${phase ?? 'no phase'}  ${plainText(title)}`,
        ...diagnoses.flatMap(({ cause, evidence, action }) => [
          `  ${paint('warn', cause)}: ${plainText(evidence)}`,
          `    next: ${plainText(action)}`,
        ]),
      ]
        .map((line) => `${line}\n`)
        .join(''),
    )
    .join('\n');
}
