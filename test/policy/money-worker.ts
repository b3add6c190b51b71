// A process with four runs at once that charge their calls to a budget; one argument says at which call it dies.
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createLog } from '#foundation/log.ts';
import { createJournal } from '#journal/journal.ts';
import { createBudgets } from '#policy/budgets.ts';

const [url = '', migrationsDirectory = '', calls = '0', diesAt = '-1', runId = ''] = process.argv.slice(2);
const clock = createSystemClock();
const log = createLog({ level: 'error' });
const db = await openDatabase({ url, home: '', tables: [], migrationsDirectory, clock, log, verify: false });
const budgets = createBudgets({ db, journal: createJournal({ db, clock }), clock, ids: createIds(clock) });
let made = 0;

/** One run: calls until it is refused or has made its share. */
async function work(run: number): Promise<void> {
  for (let call = 0; call < Number(calls); call += 1) {
    const permit = await budgets.reserve({
      role: 'coder',
      model: 'one/m',
      chargeTo: {
        projectId: null,
        ticketId: null,
        runId: `${runId}_${run}`,
        agentId: `agent_${call % 2}`,
        phase: null,
      },
      urgency: 'running',
      inputTokens: 1_000,
      maxOutputTokens: 1_000,
      price: { input: 10, output: 10, cacheRead: null, cacheWrite: null, reasoning: null },
      allowUnpriced: false,
    });
    if (!permit.ok) return;
    made += 1;
    if (made === Number(diesAt)) process.kill(process.pid, 'SIGKILL');
    await permit.value({
      usage: { input: 1_000, cacheRead: 0, cacheWrite: 0, output: 500, reasoning: 0 },
      costUsd: 0.015,
    });
  }
}

await Promise.all([0, 1, 2, 3].map(work));
process.stdout.write(`${made}\n`);
await db.close();
