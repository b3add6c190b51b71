// A process for races: each line names the prizes of one heat, for all of which it reaches at once; it answers with how
// each went. `cambium` rooms of its own, on the database of the test.
import { createInterface } from 'node:readline';
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { errorCode } from '#foundation/errors.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { createJournal } from '#journal/journal.ts';
import { createHandoffs } from '#workflows/handoffs.ts';
import { createThreads } from '#workflows/threads.ts';
import { heldTasks } from './held-tasks.ts';

const [url = '', name = ''] = process.argv.slice(2);
const clock = createSystemClock();
const db = await openDatabase({
  url,
  home: '',
  tables: [],
  migrationsDirectory: '',
  verify: false,
  clock,
  log: createLog({ level: 'silent' }),
});
const parts = { db, journal: createJournal({ db, clock }), ids: createIds(clock) };
const handoffs = createHandoffs({ ...parts, threads: createThreads(parts), tasks: heldTasks });
const reach = (prize: string): Promise<string> =>
  handoffs.accept({ handoff: prize, by: name }).then(
    () => 'won',
    (error: unknown) => errorCode(error),
  );

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const prizes = line.split(' ').filter((prize) => prize !== '');
  process.stdout.write(`${(await Promise.all(prizes.map(reach))).join(' ')}\n`);
}
await db.close();
