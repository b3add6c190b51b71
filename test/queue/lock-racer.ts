// A process that races for locks: on a word it asks for each of a thousand resources once, and says which it got.
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { createLocks } from '#queue/locks.ts';

const [url = '', rounds = ''] = process.argv.slice(2);
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
const locks = createLocks({ db, clock });
const LANES = 4;

async function race(): Promise<number[]> {
  const won: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let round = next++; round < Number(rounds); round = next++) {
      const got = await locks
        .acquire({ resource: `last ${round}`, mode: 'exclusive', holder: `process ${process.pid}` })
        .catch((error: Error & { code?: string }) => {
          if (error.code !== 'LOCKED') throw error;
          return null;
        });
      if (got !== null) won.push(round);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return won;
}

process.once('message', () => {
  void race().then(async (won) => {
    await db.close();
    process.send?.(won, () => process.exit(0));
  });
});
process.send?.('ready');
