// A process that carries a ticket on, and dies by SIGKILL at the point it is told.
import { fileURLToPath } from 'node:url';
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { errorCode, errorMessage } from '#foundation/errors.ts';
import { createLog } from '#foundation/log.ts';
import { assembleDriver, openTicket } from './driver.ts';
import { type Change, scriptedCoder } from './laboratory.ts';

export interface DriverTask {
  readonly url: string;
  readonly home: string;
  readonly repository: string;
  readonly script: readonly (readonly Change[])[];
  /** Null opens the ticket first. */
  readonly ticket: string | null;
  /** The how manyth passing of a point is deadly; null to live. */
  readonly die: { readonly point: string; readonly pass: number } | null;
}

export interface DriverReport {
  readonly ended: string;
  readonly points: readonly string[];
}

async function main(task: DriverTask): Promise<DriverReport> {
  const log = createLog({ level: 'silent' });
  const migrationsDirectory = fileURLToPath(new URL('../../../migrations', import.meta.url));
  const { url, home, repository, script, die } = task;
  const db = await openDatabase({
    ...{ url, home, log, migrationsDirectory },
    tables: [],
    clock: createSystemClock(),
  });
  const points: string[] = [];
  const crashPoint = (point: string, phase: string): void => {
    points.push(point);
    if (die?.point !== point || points.filter((passed) => passed === point).length < die.pass) return;
    process.stdout.write(`dies at ${point} in ${phase}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
  const rooms = await assembleDriver({ db, home, coder: scriptedCoder(script), driver: { crashPoint } });
  const ticket = task.ticket ?? (await openTicket(rooms, repository)).key;
  const ended = await rooms.driver.drive(ticket).then(
    (view) => view.rest?.kind ?? 'nothing',
    (error: unknown) => `${errorCode(error)}: ${errorMessage(error)}`,
  );
  await rooms.queue.close();
  await db.close();
  return { ended, points };
}

process.stdout.write(`${JSON.stringify(await main(JSON.parse(process.argv[2] ?? 'null')))}\n`);
