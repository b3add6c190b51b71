// Tasks as people see them: listed, shown with everything that hangs on them, cancelled, tried again.
import type { TaskDetail, TaskState, TaskView } from '#contracts/task.ts';
import type { Database } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import { cancelTask, replayTask } from './care.ts';
import type { Scoring } from './scoring.ts';
import { transact } from './statement.ts';

export interface TaskFilter {
  readonly states?: readonly TaskState[] | undefined;
  readonly type?: string | undefined;
  readonly ticketId?: string | undefined;
  readonly runId?: string | undefined;
  readonly limit: number;
}

export interface Tasks {
  /** Newest first. */
  list(filter: TaskFilter): Promise<TaskView[]>;
  /** By id, key or number. Throws NOT_FOUND. */
  show(ref: string): Promise<TaskDetail>;
  /** Throws RUN_CONFLICT when it has ended. One that runs has `graceMs` to stop by itself. */
  cancel(ref: string, options: { readonly graceMs: number; readonly reason: string }): Promise<TaskDetail>;
  /**
   * Tries a task again that failed, was cancelled or skipped, with all its tries; what was skipped because of it waits
   * for it again. Throws RUN_CONFLICT when it did not end so.
   */
  retry(ref: string): Promise<{ task: TaskDetail; revived: number }>;
}

const VIEW = `t.id, 'TSK-' || t.number as key, t.type, t.state, t.reason, t.priority, t.project_id as "projectId",
  t.ticket_id as "ticketId", t.run_id as "runId", t.tries, t.retry_limit as "retryLimit", t.waiting_for as "waitingFor",
  t.owner, t.lease_until as "leaseUntil", t.cancel_by as "cancelBy", t.deadline, t.not_before as "notBefore",
  t.created_at as "createdAt", t.started_at as "startedAt", t.ended_at as "endedAt"`;

/** One plan each: the planner then knows which of the partial indexes fits. */
const LIST = (where: string): string =>
  `select ${VIEW} from tasks t ${where} order by t.number desc limit $1`;

export function createTasks({ db, scoring }: { readonly db: Database; readonly scoring: Scoring }): Tasks {
  const find = async (ref: string): Promise<string> => {
    const number = /^(?:TSK-)?(\d{1,15})$/i.exec(ref)?.[1];
    const [row] =
      number === undefined
        ? await db.raw<{ id: string }>('select id from tasks where id = $1', [ref])
        : await db.raw<{ id: string }>('select id from tasks where number = $1', [Number(number)]);
    if (row) return row.id;
    throw new AppError('NOT_FOUND', { message: `no task ${ref}`, next: 'cambium task list' });
  };
  const show = async (id: string): Promise<TaskDetail> => {
    const [row] = await db.raw<TaskDetail>(DETAIL(scoring), [id]);
    if (!row) throw new AppError('NOT_FOUND', { message: `no task ${id}`, next: 'cambium task list' });
    const [needs, neededBy, failures] = await Promise.all([
      db.raw<TaskDetail['needs'][number]>(NEEDS, [id]),
      db.raw<TaskDetail['neededBy'][number]>(NEEDED_BY, [id]),
      db.raw<TaskDetail['failures'][number]>(FAILURES, [id]),
    ]);
    return { ...row, needs, neededBy, failures };
  };
  return {
    list: ({ states, type, ticketId, runId, limit }) => {
      const values: unknown[] = [limit];
      const where: string[] = [];
      const add = (condition: string, value: unknown): void => {
        values.push(value);
        where.push(condition.replace('?', `$${values.length}`));
      };
      if (states && states.length === 1 && states[0] === 'failed') where.push(`t.state = 'failed'`);
      else if (states && states.length > 0) add('t.state = any(?::task_state[])', states);
      if (type !== undefined) add('t.type = ?', type);
      if (ticketId !== undefined) add('t.ticket_id = ?', ticketId);
      if (runId !== undefined) add('t.run_id = ?', runId);
      return db.raw<TaskView>(LIST(where.length > 0 ? `where ${where.join(' and ')}` : ''), values);
    },
    show: async (ref) => show(await find(ref)),
    cancel: async (ref, { graceMs, reason }) => {
      const id = await find(ref);
      if (!(await transact(db, (q) => cancelTask({ scoring }, q, { id, graceMs, reason })))) {
        const { key, state } = await show(id);
        throw new AppError('RUN_CONFLICT', {
          message: `${key} has ended: it is ${state}`,
          next: `cambium task show ${key}`,
        });
      }
      return show(id);
    },
    retry: async (ref) => {
      const id = await find(ref);
      const revived = await transact(db, (q) => replayTask({ scoring }, q, id));
      const task = await show(id);
      if (revived.length === 0) {
        throw new AppError('RUN_CONFLICT', {
          message: `${task.key} is ${task.state}; only what failed, was cancelled or skipped is tried again`,
          next: `cambium task show ${task.key}`,
        });
      }
      return { task, revived: revived.length - 1 };
    },
  };
}

const DETAIL = (scoring: Scoring): string => `
  select ${VIEW}, t.payload, t.needs as capabilities, t.files, t.budget_share as "budgetShare",
    t.timeout_ms as "timeoutMs", t.token, t.result,
    case when t.state = 'pending' and t.not_before <= now() then round((${scoring.score})::numeric, 4)::float8 end as score
  from tasks t where t.id = $1`;

const NEEDS = `
  select p.id, 'TSK-' || p.number as key, p.state, e.policy as "onFailure", e.settled
  from task_edges e join tasks p on p.id = e.needs_id where e.task_id = $1 order by p.number limit 1000`;

const NEEDED_BY = `
  select d.id, 'TSK-' || d.number as key, d.state
  from task_edges e join tasks d on d.id = e.task_id where e.needs_id = $1 order by d.number limit 1000`;

const FAILURES = `
  select token, owner, outcome, error, started_at as "startedAt", ended_at as "endedAt"
  from task_tries where task_id = $1 order by token limit 1000`;
