// Tickets as people see them: status and column derived for a whole page at once, in a fixed number of queries.
import { z } from 'zod';
import { moveRecord } from '#contracts/move.ts';
import { type Ticket, type TicketStatus, ticket, ticketStatus } from '#contracts/ticket.ts';
import { phaseOf, type Workflow } from '#contracts/workflow.ts';
import { desc, inArray } from '#database/drizzle.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Projects } from '#projects/projects.ts';
import type { TicketFilter, Tickets } from '#projects/tickets.ts';
import type { Definitions } from './definitions.ts';
import { type RunRecord, toRecord } from './run-record.ts';
import { runStatusOf, ticketStatusOf } from './run-status.ts';
import { runView } from './run-views.ts';
import { asHeld } from './shows.ts';
import { runs } from './tables.ts';

/** Rows read at once while looking for tickets of a status, and how many in all. */
const SCANNED_PAGE = 500;
const SCANNED_MOST = 20_000;

/** A ticket with everything that is derived from it. */
export const ticketRow = ticket.extend({
  status: ticketStatus,
  /** Column of the board; null where the ticket has no workflow. */
  column: z.string().nullable(),
  workflowName: z.string().nullable(),
  projectName: z.string(),
  repository: z.string(),
  /** `RUN-3`: the newest run. */
  run: z.string().nullable(),
});
export type TicketRow = z.infer<typeof ticketRow>;

/** A ticket with its runs, its way, and what it waits for. */
export const ticketDetail = ticketRow.extend({
  parent: z.string().nullable(),
  /** Keys. */
  dependsOn: z.array(z.string()),
  dependants: z.array(z.string()),
  history: z.array(moveRecord),
  /** Newest first. */
  runs: z.array(runView),
});

export interface RowFilter extends TicketFilter {
  readonly statuses?: readonly TicketStatus[] | undefined;
}

export interface TicketReads {
  /** Newest first. With statuses, at most 20,000 tickets are looked through. */
  list(filter: RowFilter): Promise<TicketRow[]>;
  rows(tickets: readonly Ticket[]): Promise<TicketRow[]>;
  row(ticket: Ticket): Promise<TicketRow>;
}

export interface TicketReadsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly tickets: Tickets;
  readonly projects: Projects;
  readonly definitions: Definitions;
}

export function createTicketReads(parts: TicketReadsParts): TicketReads {
  const rows = (tickets: readonly Ticket[]) => derive(parts, tickets);
  return {
    rows,
    row: async (one) => {
      const [row] = await rows([one]);
      return row as TicketRow;
    },
    list: ({ statuses, ...filter }) =>
      statuses === undefined
        ? parts.tickets.list(filter).then(rows)
        : listByStatus(parts, new Set(statuses), filter),
  };
}

async function listByStatus(
  parts: TicketReadsParts,
  statuses: ReadonlySet<TicketStatus>,
  filter: TicketFilter,
): Promise<TicketRow[]> {
  const wanted = filter.limit ?? SCANNED_PAGE;
  const found: TicketRow[] = [];
  let { before } = filter;
  for (let scanned = 0; scanned < SCANNED_MOST && found.length < wanted; scanned += SCANNED_PAGE) {
    const page = await parts.tickets.list({ ...filter, before, limit: SCANNED_PAGE });
    found.push(...(await derive(parts, page)).filter(({ status }) => statuses.has(status)));
    before = page.at(-1)?.number;
    if (page.length < SCANNED_PAGE) break;
  }
  return found.slice(0, wanted);
}

async function derive(parts: TicketReadsParts, tickets: readonly Ticket[]): Promise<TicketRow[]> {
  const now = parts.clock.now();
  const [newest, projects, workflows] = await Promise.all([
    newestRuns(parts.db, tickets),
    projectsOf(parts.projects, tickets),
    workflowsOf(parts.definitions, tickets),
  ]);
  return tickets.map((one) => {
    const run = newest.get(one.id);
    const workflow = workflows.get(one.workflow ?? '') ?? null;
    const facts = run ? { status: runStatusOf(run, now), createdAt: run.createdAt } : null;
    const project = projects.get(one.projectId);
    return {
      ...one,
      status: ticketStatusOf({ ticket: one, workflow, newest: facts }, now),
      column: (workflow && phaseOf(workflow, one.phase ?? '')?.board_column) ?? null,
      workflowName: workflow?.name ?? null,
      projectName: project?.name ?? one.projectId,
      repository: project?.path ?? '',
      run: run?.key ?? null,
    };
  });
}

async function newestRuns(db: Database, tickets: readonly Ticket[]): Promise<Map<string, RunRecord>> {
  if (tickets.length === 0) return new Map();
  const rows = await db.q
    .selectDistinctOn([runs.ticketId])
    .from(runs)
    .where(
      inArray(
        runs.ticketId,
        tickets.map(({ id }) => id),
      ),
    )
    .orderBy(runs.ticketId, desc(runs.number));
  const held = await Promise.all(rows.map((row) => asHeld(toRecord(row))));
  return new Map(held.map((run) => [run.ticketId, run]));
}

async function projectsOf(projects: Projects, tickets: readonly Ticket[]) {
  const ids = [...new Set(tickets.map(({ projectId }) => projectId))];
  const found = await Promise.all(ids.map((id) => projects.find(id)));
  return new Map(found.flatMap((project) => (project ? [[project.id, project] as const] : [])));
}

/** Versions by digest; each is parsed once a process. */
async function workflowsOf(
  definitions: Definitions,
  tickets: readonly Ticket[],
): Promise<Map<string, Workflow>> {
  const digests = [...new Set(tickets.flatMap(({ workflow }) => (workflow === null ? [] : [workflow])))];
  const found = await Promise.all(
    digests.map(async (digest) => [digest, await definitions.version(digest)] as const),
  );
  return new Map(found);
}
