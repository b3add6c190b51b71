// How the database looks for the next task: the first of an index, however much has been and still is in the table.
import { expect, test } from 'vitest';
import { scoreRules } from '#contracts/task.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import { claimBest } from '#queue/claim.ts';
import { createQueue } from '#queue/queue.ts';
import { createScoring } from '#queue/scoring.ts';
import { openTestDatabase } from '../support/database.ts';

test('O22: a claim reads the first of what is ready and sorts none of the rest, also beside many that have ended', async () => {
  await using database = await openTestDatabase('embedded');
  const { db } = database;
  const queue = createQueue({ db, clock: createSystemClock(), log: createLog({ level: 'silent' }) });
  const add = (count: number) =>
    db.transaction((q) =>
      queue.add(
        q,
        Array.from({ length: count }, () => ({ type: 'many' })),
      ),
    );
  await add(4_000);
  // As if they had been carried out; going through each claim would take the time of the test.
  await db.raw('alter table tasks disable trigger tasks_states');
  await db.raw(`update tasks set state = 'completed', ended_at = now()`);
  await db.raw('alter table tasks enable trigger tasks_states');
  await add(2_000);
  await db.raw('analyze tasks');
  const claim = claimBest(createScoring(scoreRules.parse({})));
  const rows = await db.raw<{ 'QUERY PLAN': string }>(`explain ${claim}`, [
    'x',
    null,
    60_000,
    ['many'],
    [],
    1,
  ]);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('Index Scan using tasks_by_rank');
  expect(plan).toContain('Index Scan using tasks_by_base');
  expect(plan).not.toMatch(/Sort Key: t_\d\./);
});
