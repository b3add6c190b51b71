// Two processes that race for the same handoffs and for the last places of columns, a thousand times each.
import { expect, test } from 'vitest';
import { openTestDatabase } from '../support/database.ts';
import { addProjects, DIGEST } from './support/board-fixture.ts';
import { createHeldTasks } from './support/held-tasks.ts';
import { hurry, race } from './support/race.ts';

const ROUNDS = 1_000;

test('O21: of two processes that accept the same handoff, one wins, a thousand times', async () => {
  await using database = await openTestDatabase('server');
  const { db } = database;
  await createHeldTasks(db);
  await hurry(db);
  await db.raw(`insert into held select 'task-' || n, 'ann' from generate_series(1, ${ROUNDS}) n`);
  await db.raw(
    `insert into held_locks select 'file-' || n, 'task-' || n, 'ann' from generate_series(1, ${ROUNDS}) n`,
  );
  await db.raw(
    `insert into threads (id, kind, state, subject, opened_by, opened_at, idle_seconds, idle_until)
     select 'thread-' || n, 'handoff', 'active', 's', 'ann', now(), 600, now() + interval '10 minutes'
     from generate_series(1, ${ROUNDS}) n`,
  );
  await db.raw(
    `insert into handoffs (id, thread_id, task_id, from_agent, reason, package, state, offered_at, expires_at)
     select 'handoff-' || n, 'thread-' || n, 'task-' || n, 'ann', 'r', '{"summary": "s"}', 'offered', now(),
       now() + interval '10 minutes' from generate_series(1, ${ROUNDS}) n`,
  );
  const prizes = Array.from({ length: ROUNDS }, (_, index) => `handoff-${index + 1}`);
  const results = await race('handoff', database.url, prizes);
  expect(results).toHaveLength(ROUNDS);
  for (const [round, result] of results.entries())
    if ([...result].sort().join(' ') !== 'RUN_CONFLICT won')
      expect.unreachable(`${prizes[round]}: ${result.join(' and ')}`);
  // Both got some: neither was merely late.
  for (const racer of [0, 1])
    expect(results.filter((result) => result[racer] === 'won').length).toBeGreaterThan(20);
  const [kept] = await db.raw<{ count: number }>(
    `select count(*)::int as count from handoffs f join held h on h.id = f.task_id join held_locks l on l.task = h.id
     where f.state = 'accepted' and h.owner = f.decided_by and l.holder = f.decided_by`,
  );
  expect(kept?.count).toBe(ROUNDS);
  const told = await db.raw(`select 1 from events where type = 'handoff.accepted'`);
  expect(told).toHaveLength(ROUNDS);
});

test('O56: of two processes that move into the last place of a column, one wins, a thousand times', async () => {
  await using database = await openTestDatabase('server');
  const { db } = database;
  await addProjects(db, ROUNDS);
  await hurry(db);
  // Two places of three are taken in each project; each racer has a ticket for the third.
  await db.raw(
    `insert into tickets (id, number, project_id, title, description, created_at, updated_at, workflow, phase, rank)
     select 'prize-' || n || '-' || who, n * 4 + place, 'prj_' || n, 't', '', now(), now(), $1, phase, 'V'
     from generate_series(1, ${ROUNDS}) n,
       (values (0, 'one', 'test'), (1, 'two', 'test'), (2, 'x', 'deploy'), (3, 'y', 'deploy')) v (place, who, phase)`,
    [DIGEST],
  );
  const prizes = Array.from({ length: ROUNDS }, (_, index) => `prize-${index + 1}`);
  const results = await race('wip', database.url, prizes);
  for (const [round, result] of results.entries())
    if ([...result].sort().join(' ') !== 'full won')
      expect.unreachable(`${prizes[round]}: ${result.join(' and ')}`);
  for (const racer of [0, 1])
    expect(results.filter((result) => result[racer] === 'won').length).toBeGreaterThan(20);
  const [over] = await db.raw<{ count: number }>(
    `select count(*)::int as count from (
       select 1 from tickets where phase = 'deploy' group by project_id having count(*) <> 3) t`,
  );
  expect(over?.count).toBe(0);
});
