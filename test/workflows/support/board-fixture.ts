// A workflow with the seven columns of the board, and tickets put into its phases without going through them.
import { createHash } from 'node:crypto';
import { type Workflow, workflow } from '#contracts/workflow.ts';
import type { Database } from '#database/port.ts';
import type { Versions } from '#workflows/board.ts';

export const DIGEST = `sha256:${createHash('sha256').update('board').digest('hex')}`;

const phase = (order: number, id: string, board_column: string, allowed_transitions: string[]) => ({
  id,
  order,
  board_column,
  allowed_transitions,
  is_terminal: id === 'done',
});

export const BOARD_WORKFLOW: Workflow = workflow.parse({
  name: 'board',
  initial_phase: 'intake',
  phases: [
    phase(0, 'intake', 'backlog', ['plan', 'research']),
    phase(1, 'research', 'analyzing', ['plan']),
    phase(2, 'plan', 'analyzing', ['build']),
    phase(3, 'build', 'building', ['test']),
    phase(4, 'test', 'testing', ['deploy', 'build']),
    phase(5, 'deploy', 'deploying', ['done']),
    phase(6, 'done', 'done', []),
  ],
  board_columns: [
    { id: 'backlog', name: 'Backlog' },
    { id: 'analyzing', name: 'Analyzing', wip_limit: 5 },
    { id: 'building', name: 'Building', wip_limit: 10 },
    { id: 'testing', name: 'Testing', wip_limit: 8 },
    { id: 'deploying', name: 'Deploying', wip_limit: 3 },
    { id: 'done', name: 'Done', terminal: true },
    { id: 'blocked', name: 'Blocked' },
  ],
});

export const boardVersions: Versions = { version: () => Promise.resolve(BOARD_WORKFLOW) };

export async function addProjects(db: Database, count: number): Promise<void> {
  await db.raw(
    `insert into workflow_versions (digest, name, source, origin, created_at) values ($1, 'board', '', '', now())`,
    [DIGEST],
  );
  await db.raw(
    `insert into projects (id, name, path, profile, created_at, last_analyzed_at)
     select 'prj_' || n, 'project ' || n, '/p/' || n, '{}', now(), now() from generate_series(1, $1) n`,
    [count],
  );
}

export interface Put {
  readonly project?: number;
  readonly phase: string;
  readonly priority?: string;
  readonly title?: string;
  readonly blocked?: string;
  /** Age in its phase, hours. */
  readonly hours?: number;
}

/** Puts a ticket where it is wanted; its id. Ranks follow the numbers. */
export async function putTicket(db: Database, put: Put): Promise<string> {
  const blocked = put.blocked === undefined ? null : { reason: put.blocked, by: 'ann', since: '' };
  const [row] = await db.raw<{ id: string }>(
    `insert into tickets (id, number, project_id, title, description, created_at, updated_at, workflow, phase,
       phase_since, rank, priority, blocked)
     select 'tkt_' || n, n, 'prj_' || $1::int, $2, '', now(), now(), $3, $4, now() - $5 * interval '1 hour',
       'V' || lpad(n::text, 8, '0') || '1', $6, $7::jsonb
     from (select coalesce(max(number), 0) + 1 as n from tickets) t returning id`,
    [
      put.project ?? 1,
      put.title ?? 'work',
      DIGEST,
      put.phase,
      put.hours ?? 0,
      put.priority ?? 'medium',
      blocked === null ? null : JSON.stringify(blocked),
    ],
  );
  if (!row) throw new Error('no ticket was put');
  return row.id;
}
