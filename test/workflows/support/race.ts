// Two processes that race for the same prizes, heat by heat, so that both reach at the same time.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Database } from '#database/port.ts';

const HEAT = 25;
const RACER = fileURLToPath(new URL('./racer.ts', import.meta.url));

/** The database need not survive a loss of power here: a race is about who wins, and a thousand waits for a disk are long. */
export async function hurry(db: Database): Promise<void> {
  const [row] = await db.raw<{ name: string }>('select current_database() as name');
  await db.raw(`alter database ${row?.name} set synchronous_commit = off`);
}

/** How each racer fared with each prize: `won`, or the code it was refused with. */
export async function race(
  kind: 'handoff' | 'wip',
  url: string,
  prizes: readonly string[],
): Promise<readonly (readonly [string, string])[]> {
  const racers = ['one', 'two'].map((name) =>
    spawn(process.execPath, [RACER, url, name, kind], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 60_000,
    }),
  );
  const [first, second] = racers.map(linesOf);
  if (!first || !second) throw new Error('there are no two racers');
  await Promise.all([first(), second()]);
  const results: (readonly [string, string])[] = [];
  for (let from = 0; from < prizes.length; from += HEAT) {
    const heat = prizes.slice(from, from + HEAT);
    for (const racer of racers) racer.stdin?.write(`${heat.join(' ')}\n`);
    const [one, two] = (await Promise.all([first(), second()])).map((line) => line.split(' '));
    results.push(...heat.map((_prize, place) => [one?.[place] ?? '', two?.[place] ?? ''] as const));
  }
  await Promise.all(racers.map(ended));
  return results;
}

function linesOf(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error('the racer has no output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const next = await lines.next();
    if (next.done === true) throw new Error('a racer ended early');
    return next.value;
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.stdin?.end();
  });
}
