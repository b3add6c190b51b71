// Duplicates at intake: told with their score and what to do, and never refused.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { duplicatesOf } from '#projects/intake.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { phaseRooms } from '../workflows/support/phases.ts';

let database: TestDatabase;
let rooms: ReturnType<typeof phaseRooms>;
beforeAll(async () => {
  database = await openTestDatabase('embedded');
  rooms = phaseRooms(database.db);
});
afterAll(() => database[Symbol.asyncDispose]());

const open = (title: string, description: string) => rooms.open('bugfix', { title, description });

test('O65: a new ticket that reads like one there is gets a proposal to merge, or a question, and stays', async () => {
  const first = await open(
    'Login fails on Safari',
    'After the password is entered the page stays blank. Cookies are blocked.',
  );
  const same = await open(
    'login fails on safari',
    'Cookies are blocked. After the password is entered the page stays blank.',
  );
  const near = await open(
    'Login fails on Safari',
    'After the password is entered the page stays blank. Cookies are blocked, it seems.',
  );
  const other = await open('Export invoices as CSV', 'Accounting wants a file a month.');
  expect(await duplicatesOf(rooms.tickets, same)).toMatchObject([
    {
      key: first.key,
      advice: 'merge',
      next: `cambium ticket cancel ${same.key} --reason "the same as ${first.key}"`,
    },
    { key: near.key, advice: 'ask' },
  ]);
  const [asked] = await duplicatesOf(rooms.tickets, near);
  expect(asked).toMatchObject({ advice: 'ask', next: expect.stringContaining('cambium ticket show') });
  expect(asked?.score).toBeGreaterThanOrEqual(0.9);
  expect(asked?.score).toBeLessThan(0.97);
  expect(await duplicatesOf(rooms.tickets, other)).toEqual([]);
  expect((await rooms.tickets.show(same.key)).cancelled).toBeNull();
  await rooms.transitions.cancel(first.id, {
    actor: { kind: 'person', name: 'Ada', authority: 4 },
    reason: 'x',
  });
  expect((await duplicatesOf(rooms.tickets, same)).map(({ key }) => key)).toEqual([near.key]);
});
