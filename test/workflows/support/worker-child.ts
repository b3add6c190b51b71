// A process that starts or resumes one run, and kills itself with SIGKILL when it passes a named point for the n-th time.
import { fileURLToPath } from 'node:url';
import { openDatabase } from '#database/open.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { errorCode, errorMessage } from '#foundation/errors.ts';
import { createLog } from '#foundation/log.ts';
import { assemble } from './engine.ts';
import { type Change, scriptedCoder } from './laboratory.ts';

export interface ChildTask {
  readonly url: string;
  readonly home: string;
  readonly repository: string;
  readonly script: readonly (readonly Change[])[];
  readonly review: boolean;
  /** Null starts a new run first. */
  readonly run: string | null;
  /** `point`, or `point/STATE`; null to live. */
  readonly die: { readonly point: string; readonly pass: number } | null;
}

export interface ChildReport {
  readonly ended: string;
  readonly points: readonly string[];
}

async function main(task: ChildTask): Promise<ChildReport> {
  const clock = createSystemClock();
  const db = await openDatabase({
    url: task.url,
    home: task.home,
    tables: [],
    migrationsDirectory: fileURLToPath(new URL('../../../migrations', import.meta.url)),
    clock,
    log: createLog({ level: 'silent' }),
  });
  const points: string[] = [];
  const crashPoint = (point: string, state: string): void => {
    points.push(point);
    const { die } = task;
    if (die?.point !== point) return;
    if (points.filter((passed) => passed === point).length < die.pass) return;
    process.stdout.write(`dies at ${point} in ${state}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
  const { engine, queue } = assemble({
    db,
    home: task.home,
    coder: scriptedCoder(task.script),
    parts: { crashPoint },
  });
  const { repository, review } = task;
  const run = task.run ?? (await engine.start({ repository, review, title: 'Sums are wrong' })).run.key;
  const ended = await (task.run === null ? engine.execute(run) : engine.resume(run)).then(
    (view) => view.status,
    (error: unknown) => `${errorCode(error)}: ${errorMessage(error)}`,
  );
  await queue.close();
  await db.close();
  return { ended, points };
}

process.stdout.write(`${JSON.stringify(await main(JSON.parse(process.argv[2] ?? 'null')))}\n`);
