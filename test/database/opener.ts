// A process for tests: opens the embedded database of a home, writes its pid into a table, tells what it saw, closes.
import { fileURLToPath } from 'node:url';
import { ensureEmbedded } from '#database/embedded.ts';
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';

const [home = '', stay = 'no'] = process.argv.slice(2);
const clock = createSystemClock();
const db = await openDatabase({
  home,
  tables: [],
  migrationsDirectory: fileURLToPath(new URL('../../migrations', import.meta.url)),
  clock,
  log: createLog({ level: 'silent' }),
  idleStopSeconds: 60,
});
const rows = await db.raw<{ files: number }>('select count(*) as files from schema_migrations');
const { pid } = await ensureEmbedded({ home, clock });
process.stdout.write(`${JSON.stringify({ server: pid, files: rows[0]?.files })}\n`);
if (stay === 'stay') await clock.sleep(600_000);
await db.close();
