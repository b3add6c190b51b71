// A worker process of the storm: takes tasks until it is told to stop or is killed, and loses some leases on the way.
import { sql } from '#database/drizzle.ts';
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import { createLog } from '#foundation/log.ts';
import type { TaskHandler } from '#queue/port.ts';
import { createQueue } from '#queue/queue.ts';

const [url = '', slots = ''] = process.argv.slice(2);
const clock = createSystemClock();
const log = createLog({ level: 'silent' });
const db = await openDatabase({
  url,
  home: '',
  tables: [],
  migrationsDirectory: '',
  verify: false,
  clock,
  log,
});
const queue = createQueue({ db, clock, log, leaseMs: 2_000, renewMs: 500, pollMs: 100 });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

/** The effect of a task is a row; it is written with the end of the task, or not at all. */
const handler: TaskHandler = async (task) => {
  const { fate, expires } = task.payload;
  if (task.tries <= Number(expires)) {
    // Fell asleep: somebody else may have it by now, and nothing of this try may count.
    await db.raw(`update tasks set lease_until = now() - interval '1 second' where id = $1 and token = $2`, [
      task.jobId,
      task.epoch,
    ]);
    await queue.reclaim();
  }
  if (fate === 'dies') throw new AppError('COMMAND_FAILED', { message: 'no', details: { retryable: false } });
  if (fate === 'stumbles' && task.tries === 1) throw new Error('once');
  await db.transaction(async (q) => {
    await q.execute(sql`insert into effects (task_id, token) values (${task.jobId}, ${task.epoch})`);
    await task.completeWithin(q);
  });
};
await queue.workOn(
  { owner: `process ${process.pid}`, handlers: { storm: handler }, slots: Number(slots) },
  stop.signal,
);
await db.close();
