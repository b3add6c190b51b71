// A task passes from one holder to another with the locks taken for it (O21): new fencing numbers for both.
import type { Queries } from '#database/port.ts';
import { taskKey } from './lease.ts';
import { within } from './statement.ts';

/** A task as far as handing it over needs it. */
interface Held {
  readonly id: string;
  readonly key: string;
  readonly projectId: string | null;
  readonly ticketId: string | null;
  readonly owner: string | null;
}

export interface TaskHands {
  /** By id or key (`TSK-12`); null when unknown. */
  find(q: Queries, ref: string): Promise<Held | null>;
  /** Inside the caller's transaction; false when `from` does not hold the task any more. */
  give(
    q: Queries,
    hand: { readonly taskId: string; readonly from: string; readonly to: string },
  ): Promise<boolean>;
}

export function createTaskHands(leaseMs: number): TaskHands {
  return {
    find: async (q, ref) => {
      const [row] = await within<Omit<Held, 'key'> & { number: number }>(
        q,
        `select id, number, project_id as "projectId", ticket_id as "ticketId",
           case when state = 'running' then owner end as owner from tasks where id = $1 or 'TSK-' || number = upper($1)`,
        [ref],
      );
      if (!row) return null;
      const { number, ...held } = row;
      return { ...held, key: taskKey(number) };
    },
    give: async (q, { taskId, from, to }) => {
      const given = await within(
        q,
        `update tasks set owner = $3, agent_id = (select id from agents where (id = $3 or name = $3) and ended_at is null),
           token = token + 1, lease_until = now() + $4 * interval '1 ms'
         where id = $1 and owner = $2 and state = 'running' and cancel_by is null returning 1`,
        [taskId, from, to, leaseMs],
      );
      if (given.length === 0) return false;
      // What the receiver holds already by itself is enough.
      await within(
        q,
        `delete from lock_holders h where task_id = $1 and holder = $2 and exists (
           select 1 from lock_holders o where o.resource = h.resource and o.holder = $3)`,
        [taskId, from, to],
      );
      await within(
        q,
        `update lock_holders set holder = $3, token = nextval('lock_tokens'), until = clock_timestamp() + $4 * interval '1 ms'
         where task_id = $1 and holder = $2`,
        [taskId, from, to, leaseMs],
      );
      return true;
    },
  };
}
