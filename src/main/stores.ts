// The rooms that keep state, on a database that is opened at the first use and closed with the invocation.
import type { OperationContext } from '#operations/context.ts';
import { type Base, once } from './base.ts';
import { createDatabaseCare, openStore } from './database.ts';
import { createDriverOn, createHandlers } from './driver.ts';
import type { Hands } from './hands.ts';
import { createTicketRooms } from './tickets.ts';

type Stores = Pick<
  OperationContext,
  | 'databaseCare'
  | 'journal'
  | 'projects'
  | 'patterns'
  | 'engine'
  | 'ticketing'
  | 'collaboration'
  | 'budgets'
  | 'spending'
  | 'driver'
  | 'queue'
>;

export function createStores(base: Base, hands: Hands, resources: AsyncDisposableStack): Stores {
  const { clock, log, ids } = base;
  const database = once(async () => resources.adopt(await openStore(base, true), (db) => db.close()));
  const journal = once(async () =>
    (await import('#journal/journal.ts')).createJournal({ db: await database(), clock }),
  );
  const parts = async () => ({ db: await database(), journal: await journal(), clock, ids });
  const projects = once(async () => (await import('#projects/projects.ts')).createProjects(await parts()));
  const ticketing = once(async () =>
    createTicketRooms({ ...(await parts()), git: base.git, projects: await projects() }),
  );
  const collaboration = once(async () =>
    (await import('./collaboration.ts')).createCollaboration({ ...(await parts()), room: await queue() }),
  );
  const patterns = once(async () => (await import('#memory/retire.ts')).createPatternLibrary(await parts()));
  const queue = once(async () => {
    const [{ createQueue }, { createQueueRoom }] = await Promise.all([
      import('#queue/queue.ts'),
      import('#queue/room.ts'),
    ]);
    const db = await database();
    const opened = resources.adopt(createQueue({ db, clock, log, ids }), (open) => open.close());
    return createQueueRoom({ db, queue: opened, clock, ids, log });
  });
  const engine = once(async () => {
    const [{ createRunEngine }, { detectAt }, { createScanReviewer }] = await Promise.all([
      import('#workflows/run-engine.ts'),
      import('#operations/tree-files.ts'),
      import('#workflows/scan-reviewer.ts'),
    ]);
    const stores = await parts();
    const room = await queue();
    const { createPatterns } = await import('#memory/patterns.ts');
    return createRunEngine({
      ...stores,
      // Without memory, runs neither learn nor are handed what was learned.
      memory: base.config.learning.enabled ? createPatterns(stores) : undefined,
      queue: room.queue,
      crew: {
        ...{ registry: room.crew, version: base.version, capabilities: [] },
        handlers: await createHandlers(base, hands, await projects()),
      },
      projects: await projects(),
      tickets: (await ticketing()).tickets,
      git: base.git,
      workspaces: base.workspaces,
      openHands: hands.open,
      prepareTicket: (await ticketing()).prepare,
      detect: ({ repository, commit, ...wish }) => detectAt(base.git, { repository, commit }, wish),
      reviewers: [createScanReviewer()],
      log,
    });
  });
  const budgets = once(async () => (await import('#policy/budgets.ts')).createBudgets(await parts()));
  const spending = once(async () => (await import('#policy/spending.ts')).createSpending(await parts()));
  const driver = once(async () => createDriverOn(base, hands, { projects, engine, ticketing }));
  return {
    journal,
    projects,
    patterns,
    engine,
    ticketing,
    collaboration,
    budgets,
    spending,
    driver,
    queue,
    databaseCare: createDatabaseCare(base),
  };
}
