// Facts about the tasks of tickets that stand still: what each waits for, who holds it, whether anybody could take it.
import type { Queries } from '#database/port.ts';
import { within } from './statement.ts';

const READ_TASKS = 2_000;

/** A task and what keeps it from going on. */
export interface TaskFacts {
  readonly id: string;
  readonly ticketId: string;
  /** `TSK-12` */
  readonly key: string;
  readonly state: 'blocked' | 'pending' | 'running' | 'completed' | 'failed';
  readonly waitsFor: string[];
  readonly tries: number;
  readonly lastError: string | null;
  readonly owner: string | null;
  readonly leaseOver: boolean;
  readonly heldUpBy: string | null;
  readonly lacking: string[];
  /** Not before, ISO; null when it may be taken now. */
  readonly notBefore: string | null;
  readonly files: string[];
}

/** The tasks of the tickets that were not cancelled or skipped, those of each ticket in the order they were added. */
export function taskFacts(q: Queries, ticketIds: readonly string[]): Promise<TaskFacts[]> {
  return within<TaskFacts & Record<string, unknown>>(
    q,
    `select t.id, t.ticket_id as "ticketId", 'TSK-' || t.number as key, t.state, t.tries, t.reason as "lastError", t.owner,
       t.files, coalesce(t.state = 'running' and t.lease_until < now(), false) as "leaseOver",
       case when t.state = 'pending' and t.not_before > now() then t.not_before end as "notBefore",
       array(
         select 'TSK-' || p.number from task_edges e join tasks p on p.id = e.needs_id
         where e.task_id = t.id and not e.settled order by p.number limit 10
       ) as "waitsFor",
       case t.state
         when 'pending' then (
           select 'TSK-' || o.number from task_files f join tasks o on o.id = f.task_id
           where f.project_id = t.project_id and f.path = any(t.files) limit 1)
         when 'running' then (select 'the lock ' || w.resource from lock_waits w where w.holder = t.owner limit 1)
       end as "heldUpBy",
       case when t.state = 'pending' and not exists (
         select 1 from agents a where a.ended_at is null and a.state in ('idle', 'running') and a.intake = 'open'
           and t.needs <@ a.capabilities
       ) then t.needs else '{}' end as lacking
     from tasks t where t.ticket_id = any($1::text[]) and t.state not in ('cancelled', 'skipped')
     order by t.ticket_id, t.number limit ${READ_TASKS}`,
    [ticketIds],
  );
}
