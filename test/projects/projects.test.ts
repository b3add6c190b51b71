// Projects and tickets on a real database: one row per repository, numbers without gaps, events beside the rows.
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProjectProfile } from '#contracts/project.ts';
import { checkSchema } from '#database/check.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createIds } from '#foundation/ids.ts';
import { createJournal } from '#journal/journal.ts';
import { createProjects } from '#projects/projects.ts';
import { projects as projectsTable, tickets as ticketsTable } from '#projects/tables.ts';
import { createTickets } from '#projects/tickets.ts';
import { openTestDatabase, servers, type TestDatabase } from '../support/database.ts';

const PROFILE: ProjectProfile = {
  languages: [{ name: 'Python', files: 3 }],
  primary: 'python',
  packageManager: 'pip',
  framework: null,
  tests: { runner: 'pytest', argv: ['pytest'], directory: '.', origin: 'pyproject.toml' },
  build: null,
};

describe.each(servers)('on the %s database', (server) => {
  let database: TestDatabase;
  let directory: string;

  beforeAll(async () => {
    database = await openTestDatabase(server);
    directory = await mkdtemp(join(tmpdir(), 'cambium-projects-'));
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const rooms = () => {
    const clock = createSystemClock();
    const parts = {
      db: database.db,
      journal: createJournal({ db: database.db, clock }),
      clock,
      ids: createIds(clock),
    };
    return { ...parts, projects: createProjects(parts), tickets: createTickets(parts) };
  };

  const folder = async (name: string) => {
    const path = join(directory, name);
    await mkdir(path);
    return path;
  };

  test('the tables are those of the migration', async () => {
    expect(await checkSchema(database.db, [projectsTable, ticketsTable])).toEqual([]);
  });

  test('S1: a repository is one project under every name of its path', async () => {
    const { projects } = rooms();
    const path = await folder('one');
    await symlink(path, join(directory, 'link'));
    const first = await projects.register({ path, profile: PROFILE });
    const again = await projects.register({
      path: join(directory, 'link'),
      profile: { ...PROFILE, framework: 'django' },
    });
    expect(again.id).toBe(first.id);
    expect(again.profile.framework).toBe('django');
    expect((await projects.find(path))?.id).toBe(first.id);
    expect((await projects.find(first.id))?.path).toBe(path);
  });

  test('S1: twenty registrations at once end with one row and one event', async () => {
    const { projects, journal } = rooms();
    const path = await folder('crowd');
    const all = await Promise.all(
      Array.from({ length: 20 }, () => projects.register({ path, profile: PROFILE })),
    );
    expect(new Set(all.map((project) => project.id)).size).toBe(1);
    const events = await journal.read({ projectId: all[0]?.id ?? '' });
    expect(events.map((event) => event.type)).toEqual(['project.registered']);
  });

  test('a path that is not there is refused', async () => {
    const { projects } = rooms();
    const path = join(directory, 'nowhere');
    await expect(projects.register({ path, profile: PROFILE })).rejects.toMatchObject({
      code: 'NOT_A_REPOSITORY',
    });
  });

  test('tickets are numbered without gaps, under any number of writers and after a rollback', async () => {
    const { projects, tickets, db } = rooms();
    const project = await projects.register({ path: await folder('tickets'), profile: PROFILE });
    const open = (title: string) => db.transaction((q) => tickets.open(q, { projectId: project.id, title }));
    const lost = db.transaction(async (q) => {
      await tickets.open(q, { projectId: project.id, title: 'lost' });
      throw new Error('changed our minds');
    });
    await expect(lost).rejects.toThrow('changed our minds');
    const opened = await Promise.all(Array.from({ length: 10 }, (_, index) => open(`work ${index}`)));
    const numbers = opened.map((ticket) => ticket.number).sort((a, b) => a - b);
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect((await tickets.list({ projectId: project.id })).map((ticket) => ticket.number)[0]).toBe(10);
  });

  test('S8: a ticket and its event are kept or lost together; titles are one clean line', async () => {
    const { projects, tickets, journal, db } = rooms();
    const project = await projects.register({ path: await folder('events'), profile: PROFILE });
    const ticket = await db.transaction((q) =>
      tickets.open(q, { projectId: project.id, title: `two\nlines \u001b[31mred ${'x'.repeat(500)}` }),
    );
    expect(ticket.title).toMatch(/^two lines red x+$/);
    expect(ticket.title.length).toBe(200);
    expect(await journal.read({ ticketId: ticket.id })).toMatchObject([
      { type: 'change.created', payload: { key: ticket.key, title: ticket.title } },
    ]);
    expect((await tickets.show(ticket.key.toLowerCase())).id).toBe(ticket.id);
    expect((await tickets.show(String(ticket.number))).id).toBe(ticket.id);
    await expect(tickets.show('TKT-999')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      next: 'cambium ticket list',
    });
  });
});
