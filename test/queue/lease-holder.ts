// A worker process for tests: takes the next job, says so, and holds it until it is killed.
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createQueue } from '#queue/queue.ts';

const [url = '', leaseMs = ''] = process.argv.slice(2);
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
const queue = createQueue({ db, clock, log, leaseMs: Number(leaseMs), renewMs: 50 });
await queue.work(
  {
    queue: 'run',
    owner: `process ${process.pid}`,
    concurrency: 1,
    handler: async (job, signal) => {
      process.stdout.write(`holds ${job.jobId}\n`);
      await clock.sleep(600_000, signal);
    },
  },
  new AbortController().signal,
);
