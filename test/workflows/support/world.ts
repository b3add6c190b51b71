// One database for a test file, a repository and engines for each test; everything is gone afterwards.
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Database } from '#database/port.ts';
import type { Queue } from '#queue/port.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { assemble, type EngineSetup } from './engine.ts';
import { makeRepository } from './laboratory.ts';

type Repository = Awaited<ReturnType<typeof makeRepository>>;

export interface World {
  readonly repository: Repository;
  readonly database: TestDatabase;
  /** Another repository in place of the test's own. */
  rebuild(files: Readonly<Record<string, string>>): Promise<void>;
  build(setup: Omit<EngineSetup, 'db' | 'home'> & { readonly db?: Database }): ReturnType<typeof assemble>;
}

/** To be called once in a test file; what it gives back is filled before each test. */
export function useWorld(): World {
  const queues: Queue[] = [];
  let database: TestDatabase | null = null;
  let repository: Repository | null = null;
  const there = <T>(value: T | null): T => {
    if (value === null) throw new Error('the world is only there during a test');
    return value;
  };
  beforeAll(async () => {
    database = await openTestDatabase('embedded');
  });
  beforeEach(async () => {
    repository = await makeRepository();
  });
  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close();
    await repository?.dispose();
  });
  afterAll(() => database?.[Symbol.asyncDispose]());
  return {
    get repository() {
      return there(repository);
    },
    get database() {
      return there(database);
    },
    rebuild: async (files) => {
      await repository?.dispose();
      repository = await makeRepository(files);
    },
    build: (setup) => {
      const built = assemble({ db: there(database).db, home: there(repository).home, ...setup });
      queues.push(built.queue);
      return built;
    },
  };
}
