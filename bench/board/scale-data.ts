// A big house for measurements: tickets in all phases of a real workflow with their history, and tasks that hang on them.
import { fileURLToPath } from 'node:url';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Queue } from '#queue/port.ts';
import { createDefinitions, type Definitions } from '#workflows/definitions.ts';

const PRESETS = fileURLToPath(new URL('../../presets/workflows', import.meta.url));
export const PROJECTS = 5;
/** Different tasks that are really added; the others are copies of them that differ in ticket, age and state. */
const SAMPLES = 200;
/** Shares of the tickets by phase; nine in ten are done. */
const PHASES = ['intake', 'research', 'plan', 'build', 'test', 'review', 'deploy', 'reflect'];
const DONE_SHARE = 0.9;
/** Shares of the tasks: completed, then ready; the rest waits for a prerequisite that never comes. */
const COMPLETED_SHARE = 0.7;

export interface Size {
  readonly tickets: number;
  readonly tasks: number;
}

/** Fills an empty database; the workflow versions by digest come back. */
export async function fillHouse(
  { db, queue, clock }: { readonly db: Database; readonly queue: Queue; readonly clock: Clock },
  size: Size,
): Promise<Definitions> {
  const definitions = createDefinitions({ db, clock, presetsDirectory: PRESETS });
  const definition = await definitions.current('software-development', null);
  const digest = await db.transaction((q) => definitions.pin(q, definition));
  await db.raw(
    `insert into projects (id, name, path, profile, created_at, last_analyzed_at)
     select 'prj_' || n, 'project ' || n, '/p/' || n, '{}', now(), now() from generate_series(1, $1::int) n`,
    [PROJECTS],
  );
  await db.raw(
    `insert into tickets (id, number, project_id, title, description, created_at, updated_at, workflow, phase,
       phase_since, rank, priority, blocked)
     select 'tkt_' || n, n, 'prj_' || 1 + n % $1::int, 'wanted work number ' || n, repeat('what is wanted ', 20),
       now() - n * interval '1 minute', now(), $2,
       case when n % 100 < $4::float8 * 100 then 'done' else ($3::text[])[1 + n % array_length($3::text[], 1)] end,
       now() - n * interval '30 seconds', 'V' || lpad(n::text, 8, '0') || '1',
       (array['low', 'medium', 'high', 'critical'])[1 + n % 4],
       case when n % 97 = 0 then '{"reason": "waits", "by": "x", "since": ""}'::jsonb end
     from generate_series(1, $5::int) n`,
    [PROJECTS, digest, PHASES, DONE_SHARE, size.tickets],
  );
  await db.raw(
    `insert into phase_history
     select t.id, s, case s when 1 then null when 2 then 'intake' else 'build' end,
       case s when 1 then 'intake' when 2 then 'build' else t.phase end, t.workflow, 'advance', '', '{}', '[]', '[]',
       t.phase_since - (3 - s) * interval '5 hours'
     from tickets t cross join generate_series(1, 3) s`,
  );
  await db.transaction((q) =>
    queue.add(
      q,
      Array.from({ length: SAMPLES }, (_, index) => ({
        type: 'work',
        projectId: `prj_${1 + (index % PROJECTS)}`,
        ticketId: `tkt_${index + 1}`,
        priority: (['low', 'normal', 'high', 'critical'] as const)[index % 4] ?? 'normal',
        capabilities: index % 10 === 0 ? ['rust'] : [],
        files: index % 5 === 0 ? [`src/file-${index}.ts`] : [],
      })),
    ),
  );
  await copyTasks(db, size);
  for (const table of ['tickets', 'tasks', 'phase_history', 'projects'])
    await db.raw(`vacuum analyze ${table}`);
  return definitions;
}

/** Multiplies the samples; whatever columns tasks have, the copies have them too. */
async function copyTasks(db: Database, size: Size): Promise<void> {
  const columns = await db.raw<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_schema = current_schema() and table_name = 'tasks' and column_name <> 'number' order by 1`,
  );
  const changed: Readonly<Record<string, string>> = {
    id: `t.id || '-' || n`,
    key: 'null',
    ticket_id: `'tkt_' || 1 + (n * ${SAMPLES} + t.number) % ${size.tickets}`,
    ready_at: `now() - (n * ${SAMPLES} + t.number) * interval '1 second'`,
    not_before: `now() - (n * ${SAMPLES} + t.number) * interval '1 second'`,
    state: `(case when share < ${COMPLETED_SHARE} then 'completed' else 'pending' end)::task_state`,
    ended_at: `case when share < ${COMPLETED_SHARE} then now() end`,
    files: `array(select path || '-' || n from unnest(t.files) path)`,
  };
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const values = columns.map(({ name }) => changed[name] ?? `t."${name}"`).join(', ');
  await db.raw(
    `insert into tasks (${names}) select ${values} from tasks t cross join generate_series(1, $1::int) n
     cross join lateral (select (n * 7919 + t.number * 104729) % 1000 / 1000.0 as share) s`,
    [Math.max(0, Math.floor(size.tasks / SAMPLES) - 1)],
  );
}
