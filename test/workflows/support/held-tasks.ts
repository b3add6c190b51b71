// Tasks as far as handing them over needs them: a table with an owner and the locks taken for each.
import { sql } from '#database/drizzle.ts';
import type { Database } from '#database/port.ts';
import type { TaskHands } from '#workflows/handoffs.ts';

export async function createHeldTasks(db: Database): Promise<void> {
  await db.raw('create table held (id text primary key, owner text)');
  await db.raw('create table held_locks (resource text primary key, task text, holder text)');
}

export const heldTasks: TaskHands = {
  find: async (q, id) => {
    const found = await q.execute<{ owner: string | null }>(sql`select owner from held where id = ${id}`);
    const [row] = found.rows;
    return row ? { id, key: id, projectId: null, ticketId: null, owner: row.owner } : null;
  },
  give: async (q, { taskId, from, to }) => {
    const moved = await q.execute(
      sql`update held set owner = ${to} where id = ${taskId} and owner = ${from} returning 1`,
    );
    if (moved.rows.length === 0) return false;
    await q.execute(sql`update held_locks set holder = ${to} where task = ${taskId}`);
    return true;
  },
};
