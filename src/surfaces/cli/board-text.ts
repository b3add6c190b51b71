// The board drawn in a terminal: columns side by side, in as many bands as the width asks for.
import type { Board, BoardCard, BoardCell, BoardColumnView } from '#contracts/board.ts';
import { plainText } from '#foundation/text.ts';
import type { Presenting } from './presenters/presenter.ts';
import { displayWidth, toWidth } from './width.ts';

const GAP = 2;
/** Narrower than this a title says nothing. */
const LEAST_WIDTH = 16;
const MOST_WIDTH = 40;
const AGES = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;
const MARKS: Readonly<Record<BoardCard['priority'], string>> = {
  critical: '!!',
  high: '!',
  medium: '',
  low: '↓',
};

/** The whole board: a heading, bands of columns for each lane, and what does not toWidth into the picture. */
export function boardText(board: Board, view: Presenting): string {
  const { paint, terminal } = view;
  if (board.columns.length === 0) {
    return board.outside === 0
      ? 'the board is empty; cambium ticket create opens a ticket\n'
      : `no ticket keeps a workflow yet, so there are no columns; ${board.outside} older ones are in cambium ticket list\n`;
  }
  const bands = bandsOf(board.columns, terminal.columns);
  const lines = [paint('strong', plainText(board.projectName ?? 'all projects'))];
  for (const lane of board.lanes) {
    if (board.lanes.length > 1) lines.push('', paint('strong', `── ${plainText(lane.name)}`));
    for (const band of bands) lines.push('', ...bandLines(band, lane.cells, { board, view }));
  }
  for (const { projectName, column, count, limit } of board.violations) {
    lines.push(
      '',
      paint('bad', `${column} of ${plainText(projectName)} holds ${count}, and may hold ${limit}`),
    );
  }
  if (board.outside > 0) {
    lines.push('', paint('faint', `${board.outside} older tickets keep no workflow: cambium ticket list`));
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

interface Band {
  readonly columns: readonly BoardColumnView[];
  readonly width: number;
}

/** Columns in bands of about the same number, each as wide as the terminal lets them be. */
function bandsOf(columns: readonly BoardColumnView[], terminalWidth: number): Band[] {
  const most = Math.max(1, Math.floor((terminalWidth + GAP) / (LEAST_WIDTH + GAP)));
  const bands = Math.ceil(columns.length / most);
  const each = Math.ceil(columns.length / bands);
  const width = Math.min(MOST_WIDTH, Math.floor((terminalWidth + GAP) / each) - GAP);
  return Array.from({ length: bands }, (_, band) => ({
    columns: columns.slice(band * each, (band + 1) * each),
    width: Math.max(4, width),
  }));
}

interface Drawing {
  readonly board: Board;
  readonly view: Presenting;
}

/** Text and its colour, of which the text alone is measured. */
interface Piece {
  readonly text: string;
  readonly tone: Parameters<Presenting['paint']>[0] | null;
}

function bandLines({ columns, width }: Band, cells: readonly BoardCell[], drawing: Drawing): string[] {
  const stacks = columns.map((column) =>
    stackOf(column, cells.find((cell) => cell.column === column.id) ?? null, { ...drawing, width }),
  );
  const height = Math.max(...stacks.map(({ length }) => length));
  return Array.from({ length: height }, (_, row) =>
    stacks
      .map((stack) => {
        const { text, tone } = stack[row] ?? { text: '', tone: null };
        const cut = toWidth(text, width);
        return tone === null ? cut : drawing.view.paint(tone, cut);
      })
      .join(' '.repeat(GAP)),
  );
}

function stackOf(
  column: BoardColumnView,
  cell: BoardCell | null,
  { board, width }: Drawing & { readonly width: number },
): Piece[] {
  const full = column.wipLimit !== null && board.projectName !== null && column.count >= column.wipLimit;
  const over = board.violations.some((each) => each.column === column.id);
  const pieces: Piece[] = [
    {
      text: headOf(column, board.projectName !== null, width),
      tone: over ? 'bad' : full ? 'warn' : 'strong',
    },
    { text: '─'.repeat(width), tone: 'faint' },
  ];
  for (const card of cell?.cards ?? []) pieces.push(...cardPieces(card, board, width));
  if (cell !== null && cell.more > 0) pieces.push({ text: `+${cell.more} more`, tone: 'faint' });
  return pieces;
}

/** `Building     3/10`; limits hold for one project, so that the board of all shows counts alone. */
function headOf({ name, count, wipLimit }: BoardColumnView, isOneProject: boolean, width: number): string {
  const figure = wipLimit !== null && isOneProject ? `${count}/${wipLimit}` : String(count);
  return `${toWidth(plainText(name), width - figure.length - 1)} ${figure}`;
}

function cardPieces(card: BoardCard, board: Board, width: number): Piece[] {
  const mark = MARKS[card.priority];
  const age = card.since === null ? '' : ageOf(Date.parse(board.at) - Date.parse(card.since));
  const head = mark === '' ? card.key : `${card.key} ${mark}`;
  const room = width - displayWidth(age) - 1;
  const why =
    card.blocked === null
      ? []
      : [{ text: plainText(card.blocked).replace(/\s+/g, ' '), tone: 'bad' as const }];
  return [
    {
      text: room < displayWidth(head) ? head : `${toWidth(head, room)} ${age}`,
      tone: mark === '!!' ? 'bad' : 'good',
    },
    { text: plainText(card.title).replace(/\s+/g, ' '), tone: null },
    ...why,
  ];
}

/** `3d`, `5h`, `2m`; nothing under a minute. */
export function ageOf(ms: number): string {
  for (const [unit, unitMs] of AGES) if (ms >= unitMs) return `${Math.floor(ms / unitMs)}${unit}`;
  return '';
}
