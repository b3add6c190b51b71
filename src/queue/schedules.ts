// Schedules (T64): each time that is due adds one task, whoever of many processes looks.
import { type NewSchedule, newSchedule, type ScheduleRule, type ScheduleView } from '#contracts/schedule.ts';
import type { NewTask } from '#contracts/task.ts';
import type { Database, Queries } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { nextDue, timesToFire } from './due-times.ts';
import type { Queue } from './port.ts';
import { within } from './statement.ts';

const ROWS = 50;
const KEEP_FIRINGS_DAYS = 14;

export interface Schedules {
  /** Throws USAGE for a rule that cannot be read or that will never be due, and for a name that is taken. */
  add(schedule: NewSchedule): Promise<ScheduleView>;
  /** By name or id; false when there is none. */
  remove(ref: string): Promise<boolean>;
  list(limit: number): Promise<ScheduleView[]>;
  /** Adds the tasks that are due; how many. Any number of processes may call it at any time. */
  tick(): Promise<number>;
}

export interface SchedulesSetup {
  readonly db: Database;
  readonly queue: Pick<Queue, 'add'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

interface Row extends Record<string, unknown> {
  readonly id: string;
  readonly name: string;
  readonly kind: ScheduleRule['kind'];
  readonly spec: string;
  readonly timeZone: string;
  readonly misfire: 'skip' | 'once' | 'all';
  readonly catchUp: number;
  readonly task: NewTask;
  readonly nextMs: number;
  readonly startMs: number;
}

export function createSchedules(setup: SchedulesSetup): Schedules {
  const { db, clock, ids } = setup;
  return {
    add: async (given) => {
      const parsed = newSchedule.safeParse(given);
      if (!parsed.success) {
        const issue = parsed.error.issues[0];
        throw new AppError('USAGE', { message: `schedule: ${issue?.path.join('.')}: ${issue?.message}` });
      }
      const { name, rule, misfire, catchUp, task } = parsed.data;
      const nowMs = clock.now().getTime();
      const nextMs = nextDue(rule, nowMs, nowMs);
      if (nextMs === null) {
        throw new AppError('USAGE', {
          message: `schedule ${name} would never be due`,
          next: 'name a time in the future',
        });
      }
      const spec =
        rule.kind === 'cron' ? rule.pattern : rule.kind === 'interval' ? String(rule.everyMs) : rule.at;
      const added = await db.raw(
        `insert into schedules (id, name, kind, spec, time_zone, misfire, catch_up, task, next_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, to_timestamp($9::float8 / 1000), to_timestamp($10::float8 / 1000))
         on conflict (name) do nothing returning 1`,
        [
          ...[ids.next('sch'), name, rule.kind, spec, rule.kind === 'cron' ? rule.timeZone : 'UTC', misfire],
          ...[catchUp, JSON.stringify(task), nextMs, nowMs],
        ],
      );
      if (added.length === 0) {
        throw new AppError('USAGE', {
          message: `there is a schedule ${name} already`,
          next: `cambium schedule remove ${name}, or another name`,
        });
      }
      const [view] = await read(db, 1, name);
      if (!view) throw new AppError('INTERNAL', { message: `schedule ${name} was not stored` });
      return view;
    },
    remove: async (ref) =>
      (await db.raw('delete from schedules where name = $1 or id = $1 returning 1', [ref])).length > 0,
    list: (limit) => read(db, limit, null),
    tick: async () => {
      const nowMs = clock.now().getTime();
      const [due] = await db.raw<{ any: boolean }>(
        'select exists (select 1 from schedules where next_at <= to_timestamp($1::float8 / 1000)) as any',
        [nowMs],
        { prepared: true },
      );
      return due?.any === true ? db.transaction((q) => fireDue(setup, q, nowMs)) : 0;
    },
  };
}

/** Locks what is due, so that other processes pass over it; the key of a firing is a second guard against clocks that differ. */
async function fireDue(setup: SchedulesSetup, q: Queries, nowMs: number): Promise<number> {
  const rows = await within<Row>(
    q,
    `select id, name, kind, spec, time_zone as "timeZone", misfire, catch_up as "catchUp", task,
       extract(epoch from next_at)::float8 * 1000 as "nextMs", extract(epoch from created_at)::float8 * 1000 as "startMs"
     from schedules where next_at <= to_timestamp($1::float8 / 1000)
     order by next_at limit ${ROWS} for update skip locked`,
    [nowMs],
  );
  let fired = 0;
  for (const row of rows) fired += await fireOne(setup, q, { row, nowMs });
  return fired;
}

async function fireOne(
  { queue }: SchedulesSetup,
  q: Queries,
  { row, nowMs }: { row: Row; nowMs: number },
): Promise<number> {
  const rule = ruleOf(row);
  const [dueMs, startMs] = [Math.round(row.nextMs), Math.round(row.startMs)];
  const { misfire, catchUp } = row;
  const times = timesToFire({ rule, dueMs, nowMs, startMs, misfire, catchUp });
  let fired = 0;
  for (const at of times) {
    const due = new Date(at).toISOString();
    const key = `${row.name} ${due}`;
    const { ids } = await queue.add(q, [{ ...row.task, key }]);
    const first = await within(
      q,
      `insert into schedule_firings (schedule_id, due_at, task_id) values ($1, $2, $3)
       on conflict do nothing returning 1`,
      [row.id, due, ids[0]],
    );
    if (first.length === 0) throw new AppError('INTERNAL', { message: `schedule ${key} fired twice` });
    fired += 1;
  }
  const nextMs = nextDue(rule, nowMs, startMs);
  await within(
    q,
    `update schedules set next_at = to_timestamp($2::float8 / 1000),
       last_at = coalesce(to_timestamp($3::float8 / 1000), last_at) where id = $1`,
    [row.id, nextMs, times.at(-1) ?? null],
  );
  await within(
    q,
    `delete from schedule_firings where schedule_id = $1 and due_at < to_timestamp($2::float8 / 1000) - interval '${KEEP_FIRINGS_DAYS} days'`,
    [row.id, nowMs],
  );
  return fired;
}

function ruleOf({ kind, spec, timeZone }: Row): ScheduleRule {
  if (kind === 'cron') return { kind, pattern: spec, timeZone };
  return kind === 'interval' ? { kind, everyMs: Number(spec) } : { kind, at: spec };
}

function read(db: Database, limit: number, name: string | null): Promise<ScheduleView[]> {
  return db.raw<ScheduleView>(
    `select id, name, kind, case kind when 'interval' then 'every ' || spec || ' ms' else spec end as when,
       time_zone as "timeZone", misfire, catch_up as "catchUp", task->>'type' as type, next_at as "nextAt",
       last_at as "lastAt", (select count(*)::integer from schedule_firings f where f.schedule_id = s.id) as fired
     from schedules s where $2::text is null or name = $2 order by name limit $1`,
    [limit, name],
  );
}
