// The board: columns as views of phases, read from the versions that tickets keep; a full column objects to a move (O55, O56).
import type { Board, BoardCard, BoardCell, BoardColumnView, LaneKind } from '#contracts/board.ts';
import type { Ticket } from '#contracts/ticket.ts';
import type { Workflow } from '#contracts/workflow.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import {
  type CardRow,
  type Column,
  cards,
  holdColumn,
  type Place,
  type Standing,
  standings,
} from '#projects/board.ts';
import { workflowVersions } from './tables.ts';
import type { MoveGuard } from './transitions.ts';

const LANES = 12;
const VERSIONS = 1_000;
/** The column that lies over the others. */
export const OVERLAY = 'blocked';
const PRIORITIES: readonly Ticket['priority'][] = ['critical', 'high', 'medium', 'low'];

/** Workflow versions by digest. */
export interface Versions {
  version(digest: string, q?: Queries): Promise<Workflow>;
}

export interface BoardParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly versions: Versions;
}

export interface BoardWish {
  /** Null for all projects. */
  readonly project: { readonly id: string; readonly name: string } | null;
  readonly lanes: LaneKind;
  /** Cards of a cell at most; the others are counted. */
  readonly limit: number;
}

/** A column as the versions describe it, with the phases that it shows. */
export interface ColumnView extends Column {
  readonly name: string;
  readonly colour: string;
  readonly terminal: boolean;
  readonly wipLimit: number | null;
  /** The column `blocked`, when no phase maps to it: it shows the tickets that are blocked, wherever they stand. */
  readonly overlay: boolean;
}

/** Reads the board, in one state of the database. */
export function readBoard(parts: BoardParts, wish: BoardWish): Promise<Board> {
  return parts.db.transaction(async (q) => {
    const standing = await standings(q, wish.project?.id ?? null);
    const columns = await columnsOf(q, parts.versions, digestsOf(standing));
    const lanes = lanesOf(wish.lanes, standing);
    return {
      projectName: wish.project?.name ?? null,
      columns: columns.map((column) => viewOf(column, standing)),
      lanes: await inTurn(lanes, async (lane) => ({
        name: lane.name,
        cells: await inTurn(columns, (column) => cellOf(q, { column, lane, wish, standing })),
      })),
      outside: total(standing.filter(({ workflow, phase }) => workflow === null || phase === null)),
      violations: violationsOf(columns, standing),
      at: parts.clock.now().toISOString(),
    };
  });
}

/** One after the other: a transaction has one connection. */
async function inTurn<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const made: U[] = [];
  for (const item of items) made.push(await work(item));
  return made;
}

/** The columns of workflow versions put together; where two describe one differently, the first version holds. */
export async function columnsOf(
  q: Queries,
  versions: Versions,
  digests: readonly string[],
): Promise<ColumnView[]> {
  const columns = new Map<string, Omit<ColumnView, 'overlay'>>();
  for (const digest of digests) {
    const { board_columns, phases } = await versions.version(digest, q);
    for (const { id, name, colour, terminal, wip_limit } of board_columns) {
      const known = columns.get(id);
      const here = phases
        .filter(({ board_column }) => board_column === id)
        .map((phase) => ({ workflow: digest, phase: phase.id }));
      columns.set(
        id,
        known
          ? { ...known, places: [...known.places, ...here] }
          : { id, name: name ?? id, colour, terminal, wipLimit: wip_limit, places: here },
      );
    }
  }
  return [...columns.values()].map((column) => ({
    ...column,
    overlay: column.id === OVERLAY && column.places.length === 0,
  }));
}

/** Digests of every stored version, the newest first. */
export async function allVersions(q: Queries): Promise<string[]> {
  const rows = await q
    .select({ digest: workflowVersions.digest, at: workflowVersions.createdAt })
    .from(workflowVersions)
    .limit(VERSIONS);
  return rows.sort((one, other) => other.at.localeCompare(one.at)).map(({ digest }) => digest);
}

/** Versions that tickets keep, those of many tickets first. */
export function digestsOf(standing: readonly Standing[]): string[] {
  const counts = new Map<string, number>();
  for (const { workflow, count } of standing)
    if (workflow !== null) counts.set(workflow, (counts.get(workflow) ?? 0) + count);
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([digest]) => digest);
}

export function isIn(column: Column, { workflow, phase }: Pick<Standing, 'workflow' | 'phase'>): boolean {
  return column.places.some((place) => place.workflow === workflow && place.phase === phase);
}

function total(standing: readonly Standing[]): number {
  return standing.reduce((sum, { count }) => sum + count, 0);
}

function viewOf(column: ColumnView, standing: readonly Standing[]): BoardColumnView {
  const { id, name, colour, terminal, wipLimit, places, overlay } = column;
  const here = standing.filter((each) => (overlay ? each.blocked : isIn(column, each)));
  return {
    id,
    name,
    colour,
    terminal,
    phases: [...new Set(places.map(({ phase }) => phase))],
    wipLimit,
    count: total(here),
    blocked: total(here.filter(({ blocked }) => blocked)),
  };
}

/** Columns of projects that hold more than they may: a limit was lowered, or somebody forced a move. */
export function violationsOf(
  columns: readonly ColumnView[],
  standing: readonly Standing[],
): Board['violations'] {
  const projects = new Map(standing.map(({ projectId, projectName }) => [projectId, projectName]));
  return columns.flatMap(({ wipLimit, ...column }) => {
    if (wipLimit === null) return [];
    return [...projects].flatMap(([projectId, projectName]) => {
      const count = total(standing.filter((each) => each.projectId === projectId && isIn(column, each)));
      return count > wipLimit ? [{ projectName, column: column.id, count, limit: wipLimit }] : [];
    });
  });
}

interface Lane {
  readonly name: string;
  readonly projectId: string | null;
  readonly priority: Ticket['priority'] | null;
}

function lanesOf(kind: LaneKind, standing: readonly Standing[]): Lane[] {
  if (kind === 'none') return [{ name: '', projectId: null, priority: null }];
  if (kind === 'priority')
    return PRIORITIES.map((priority) => ({ name: priority, projectId: null, priority }));
  const projects = new Map<string, string>();
  for (const { projectId, projectName } of standing) projects.set(projectId, projectName);
  return [...projects]
    .sort(([, one], [, other]) => one.localeCompare(other))
    .slice(0, LANES)
    .map(([projectId, name]) => ({ name, projectId, priority: null }));
}

interface CellWish {
  readonly column: ColumnView;
  readonly lane: Lane;
  readonly wish: BoardWish;
  readonly standing: readonly Standing[];
}

async function cellOf(q: Queries, { column, lane, wish, standing }: CellWish): Promise<BoardCell> {
  const mine = standing.filter(
    (each) =>
      (lane.projectId === null || each.projectId === lane.projectId) &&
      (lane.priority === null || each.priority === lane.priority) &&
      each.workflow !== null &&
      (column.overlay ? each.blocked : !each.blocked && isIn(column, each)),
  );
  const count = total(mine);
  if (count === 0) return { column: column.id, cards: [], more: 0 };
  const rows = await cards(q, {
    projectId: lane.projectId ?? wish.project?.id ?? null,
    places: placesOf(mine),
    which: column.overlay ? 'blocked' : 'free',
    order: column.terminal ? 'newest' : 'rank',
    priority: lane.priority,
    limit: wish.limit,
  });
  return { column: column.id, cards: rows.map(cardOf), more: Math.max(0, count - rows.length) };
}

/** The places that are taken, each once. */
function placesOf(standing: readonly Standing[]): Place[] {
  const places = new Map<string, Place>();
  for (const { workflow, phase } of standing)
    if (workflow !== null && phase !== null) places.set(`${workflow} ${phase}`, { workflow, phase });
  return [...places.values()];
}

function cardOf({
  number,
  projectId: _projectId,
  workflow: _workflow,
  rank: _rank,
  since,
  ...row
}: CardRow): BoardCard {
  return { ...row, key: `TKT-${number}`, since: since?.toISOString() ?? null };
}

/**
 * What a full column has against a move into it. Called inside the moving transaction: the column stays locked until
 * that ends, so that of two movers into the last place the second counts the first.
 */
export function createColumnGuard(versions: Versions): MoveGuard {
  return async (q, { ticket, workflow, from, to }) => {
    const column = workflow.board_columns.find(({ id }) => id === to.board_column);
    const limit = column?.wip_limit ?? null;
    if (!column || limit === null || from.board_column === to.board_column) return [];
    const all = await columnsOf(q, versions, await allVersions(q));
    const places = all.find(({ id }) => id === column.id)?.places ?? [];
    const count = await holdColumn(q, {
      projectId: ticket.projectId,
      column: { id: column.id, places },
      ticketId: ticket.id,
    });
    if (count < limit) return [];
    return [
      {
        rule: 'wip',
        reason: `the column ${column.name ?? column.id} is full: ${count} of at most ${limit} tickets of the project stand in it`,
        next: `cambium board shows what could leave ${column.name ?? column.id} first`,
      },
    ];
  };
}
