// A process for races: each line names the prizes of one heat, for all of which it reaches at once; it answers with how
// each went. It has rooms of its own, on the database of the test.
import { createInterface } from 'node:readline';
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { errorCode } from '#foundation/errors.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { createJournal } from '#journal/journal.ts';
import { createTickets } from '#projects/tickets.ts';
import { createColumnGuard } from '#workflows/board.ts';
import { createHandoffs } from '#workflows/handoffs.ts';
import { createThreads } from '#workflows/threads.ts';
import { BOARD_WORKFLOW, boardVersions } from './board-fixture.ts';
import { heldTasks } from './held-tasks.ts';

const [url = '', name = '', kind = ''] = process.argv.slice(2);
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
const parts = { db, clock, journal: createJournal({ db, clock }), ids: createIds(clock) };
const handoffs = createHandoffs({ ...parts, threads: createThreads(parts), tasks: heldTasks });
const tickets = createTickets(parts);
const guard = createColumnGuard(boardVersions);

const reaches: Readonly<Record<string, (prize: string) => Promise<string>>> = {
  /** The prize is a handoff. */
  handoff: (prize) => handoffs.accept({ handoff: prize, by: name }).then(() => 'won'),
  /** The prize is the last place in `deploying` of a project; each racer has a ticket of its own for it. */
  wip: (prize) =>
    db.transaction(async (q) => {
      const ticket = await tickets.hold(q, `${prize}-${name}`);
      const [from, to] = ['test', 'deploy'].map((id) => BOARD_WORKFLOW.phases.find((each) => each.id === id));
      if (!from || !to) return 'no such phase';
      const objections = await guard(q, { ticket, workflow: BOARD_WORKFLOW, from, to, kind: 'advance' });
      if (objections.length > 0) return 'full';
      await tickets.change(q, ticket, { phase: to.id });
      return 'won';
    }),
};
const reach = (prize: string): Promise<string> =>
  (reaches[kind]?.(prize) ?? Promise.resolve('no such race')).catch((error: unknown) => errorCode(error));

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const prizes = line.split(' ').filter((prize) => prize !== '');
  process.stdout.write(`${(await Promise.all(prizes.map(reach))).join(' ')}\n`);
}
await db.close();
