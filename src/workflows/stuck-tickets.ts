// Tickets without progress, each with what the database knows of it and what follows from that (O64).
import type { StuckTicket } from '#contracts/stuck.ts';
import { type Phase, phaseOf } from '#contracts/workflow.ts';
import { type SQL, sql } from '#database/drizzle.ts';
import type { Queries } from '#database/port.ts';
import { type Place, placesArrays, type Standing, standings, textArray } from '#projects/board.ts';
import { type TaskFacts, taskFacts } from '#queue/standstill.ts';
import { allVersions, type BoardParts, type ColumnView, columnsOf, isIn, type Versions } from './board.ts';
import { diagnose, type Scope, type StuckTask } from './stuck.ts';

const STEPS_READ = 10;

export interface StuckWish {
  readonly project: { readonly id: string } | null;
  /** Without an event for longer than this, seconds. */
  readonly silentSeconds: number;
  readonly limit: number;
}

interface SilentRow extends Record<string, unknown> {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly projectId: string;
  readonly projectName: string;
  readonly workflow: string;
  readonly phase: string;
  readonly blocked: { readonly by: string; readonly reason: string } | null;
  readonly approval: { readonly state: string; readonly deadline: string } | null;
  readonly last: string;
}

/** The longest silent first. */
export function findStuck({ db, clock, versions }: BoardParts, wish: StuckWish): Promise<StuckTicket[]> {
  const nowMs = clock.now().getTime();
  return db.transaction(async (q) => {
    const columns = await columnsOf(q, versions, await allVersions(q));
    const places = columns.flatMap((column) => (column.terminal ? [] : column.places));
    const rows = await silent(q, wish, { places, before: new Date(nowMs - wish.silentSeconds * 1000) });
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return [];
    const tasks = await taskFacts(q, ids);
    const found = new Set(await discovered(q, ids));
    const runs = await runsOf(q, ids);
    const open = await dependenciesOf(q, ids, places);
    const standing = await standings(q, wish.project?.id ?? null);
    const stuck: StuckTicket[] = [];
    for (const row of rows) {
      const key = `TKT-${row.number}`;
      const mine = tasks.filter(({ ticketId }) => ticketId === row.id);
      const run = runs.find(({ ticketId }) => ticketId === row.id);
      const diagnoses = diagnose({
        key,
        blocked: row.blocked,
        question: questionOf(row, run),
        dependencies: open.filter(({ ticketId }) => ticketId === row.id).map((each) => each.key),
        fullColumns: await fullColumns(q, versions, { row, columns, standing }),
        tasks: mine.flatMap((task): StuckTask[] =>
          task.state === 'completed' ? [] : [{ ...task, state: task.state }],
        ),
        run: run?.alive === true ? run.key : null,
        actions: run?.actions.toReversed() ?? [],
        scope: scopeOf(mine, found),
      });
      const last = new Date(row.last);
      const { id, title, projectName, phase } = row;
      const silentMs = Math.max(0, nowMs - last.getTime());
      stuck.push({
        id,
        key,
        title,
        projectName,
        phase,
        lastProgress: last.toISOString(),
        silentMs,
        diagnoses,
      });
    }
    return stuck;
  });
}

async function silent(
  q: Queries,
  { project, limit }: StuckWish,
  { places, before }: { readonly places: readonly Place[]; readonly before: Date },
): Promise<SilentRow[]> {
  const inProject: SQL = project === null ? sql`true` : sql`t.project_id = ${project.id}`;
  const found = await q.execute<SilentRow>(sql`
    select t.id, t.number, t.title, t.project_id as "projectId", p.name as "projectName", t.workflow, t.phase, t.blocked,
      t.approval, coalesce(e.at, t.created_at) as last
    from tickets t join projects p on p.id = t.project_id
    left join lateral (select at from events where ticket_id = t.id order by seq desc limit 1) e on true
    where t.cancelled is null and ${inProject}
      and (t.workflow, t.phase) in (select * from unnest(${placesArrays(places)}))
      and coalesce(e.at, t.created_at) < ${before.toISOString()}
    order by last, t.number limit ${limit}`);
  return found.rows;
}

async function discovered(q: Queries, ticketIds: readonly string[]): Promise<string[]> {
  const found = await q.execute<{ id: string }>(sql`
    select t.task_id as id from discovery_tasks t join discoveries d on d.id = t.discovery_id
    where d.ticket_id = any(${textArray(ticketIds)})`);
  return found.rows.map(({ id }) => id);
}

interface RunFacts extends Record<string, unknown> {
  readonly ticketId: string;
  readonly key: string;
  readonly waits: boolean;
  readonly alive: boolean;
  readonly paused: string | null;
  /** The newest first. */
  readonly actions: readonly string[];
}

/** The newest run of each ticket. */
async function runsOf(q: Queries, ticketIds: readonly string[]): Promise<RunFacts[]> {
  const found = await q.execute<RunFacts>(sql`
    select distinct on (r.ticket_id) r.ticket_id as "ticketId", 'RUN-' || r.number as key,
      r.state = 'HUMAN_REVIEW' and r.decision is null as waits, r.paused->>'reason' as paused,
      r.finished_at is null and coalesce(r.lease_until > now(), false) as alive,
      array(
        select s.state || ': ' || s.reason || coalesce(' (' || left(s.tree, 12) || ')', '') from steps s
        where s.run_id = r.id order by s.seq desc limit ${STEPS_READ}
      ) as actions
    from runs r where r.ticket_id = any(${textArray(ticketIds)}) order by r.ticket_id, r.number desc`);
  return found.rows;
}

/** Tickets that have to be done first and are not. */
async function dependenciesOf(
  q: Queries,
  ticketIds: readonly string[],
  open: readonly Place[],
): Promise<{ ticketId: string; key: string }[]> {
  const found = await q.execute<{ ticketId: string; key: string }>(sql`
    select d.ticket_id as "ticketId", 'TKT-' || t.number as key
    from ticket_dependencies d join tickets t on t.id = d.depends_on
    where d.ticket_id = any(${textArray(ticketIds)}) and t.cancelled is null
      and (t.workflow, t.phase) in (select * from unnest(${placesArrays(open)}))
    order by t.number`);
  return found.rows;
}

function questionOf({ approval }: SilentRow, run: RunFacts | undefined): string | null {
  if (approval?.state === 'pending')
    return `it waits for approval; silence until ${approval.deadline} means no`;
  if (run?.waits) return `${run.key} waits for a person to approve or reject it`;
  return run?.paused == null ? null : `${run.key} is paused: ${run.paused}`;
}

/** Columns that the ticket could go on to, when all of them are full; empty when there is room in one. */
async function fullColumns(
  q: Queries,
  versions: Versions,
  at: {
    readonly row: SilentRow;
    readonly columns: readonly ColumnView[];
    readonly standing: readonly Standing[];
  },
): Promise<string[]> {
  const { row, columns, standing } = at;
  const workflow = await versions.version(row.workflow, q);
  const from = phaseOf(workflow, row.phase);
  if (!from) return [];
  const later = from.allowed_transitions.flatMap((id): Phase[] => {
    const phase = phaseOf(workflow, id);
    return phase && phase.order > from.order ? [phase] : [];
  });
  if (later.some(({ board_column }) => board_column === from.board_column)) return [];
  const names = [...new Set(later.map(({ board_column }) => board_column))];
  const full = names.filter((name) => {
    const column = columns.find(({ id }) => id === name);
    if (!column || column.wipLimit === null) return false;
    const here = standing.filter((each) => each.projectId === row.projectId && isIn(column, each));
    return here.reduce((sum, { count }) => sum + count, 0) >= column.wipLimit;
  });
  return full.length === names.length ? full : [];
}

/** What was planned at first against what came along the way. */
function scopeOf(tasks: readonly TaskFacts[], found: ReadonlySet<string>): Scope {
  const planned = tasks.filter(({ id }) => !found.has(id));
  return {
    plannedSteps: planned.length,
    doneSteps: tasks.filter(({ state }) => state === 'completed').length,
    plannedFiles: planned.flatMap(({ files }) => files),
    changedFiles: tasks.filter(({ id }) => found.has(id)).flatMap(({ files }) => files),
  };
}
