// Projects: repositories under care, one row per real path however often and from wherever they are registered (S1).
import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Project, ProjectProfile } from '#contracts/project.ts';
import { desc, eq, sql } from '#database/drizzle.ts';
import type { Database } from '#database/port.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Journal } from '#journal/port.ts';
import { projects as table } from './tables.ts';

const LISTED_PROJECTS = 500;

export interface ProjectInput {
  /** The work tree of the repository; links are resolved. */
  readonly path: string;
  readonly profile: ProjectProfile;
  /** The last part of the path when absent. */
  readonly name?: string | undefined;
  /** URL of the remote that the repository came from. */
  readonly origin?: string | null | undefined;
}

export interface Projects {
  /**
   * Adds the repository, or brings the profile of the one that is already there up to date; its id and name stay.
   * Any number of callers at once end with one row and one `project.registered`.
   * @throws AppError NOT_A_REPOSITORY when the path does not exist.
   */
  register(input: ProjectInput): Promise<Project>;
  /** By id or by path (links resolved); null when unknown. */
  find(idOrPath: string): Promise<Project | null>;
  /** The newest 500, newest first. */
  list(): Promise<Project[]>;
}

export interface ProjectsParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
}

export function createProjects(parts: ProjectsParts): Projects {
  return {
    register: (input) => register(parts, input),
    find: async (idOrPath) => {
      const [byId] = await parts.db.q.select().from(table).where(eq(table.id, idOrPath));
      if (byId) return byId;
      const path = await realpath(idOrPath).catch(() => idOrPath);
      const [byPath] = await parts.db.q.select().from(table).where(eq(table.path, path));
      return byPath ?? null;
    },
    list: () => parts.db.q.select().from(table).orderBy(desc(table.id)).limit(LISTED_PROJECTS),
  };
}

async function register({ db, journal, clock, ids }: ProjectsParts, input: ProjectInput): Promise<Project> {
  const path = await realpath(input.path).catch((cause: unknown) => {
    throw new AppError('NOT_A_REPOSITORY', { message: `${input.path} does not exist`, cause });
  });
  const now = clock.now().toISOString();
  const origin = input.origin ?? null;
  return db.transaction(async (q) => {
    const id = ids.next('prj');
    const [row] = await q
      .insert(table)
      .values({
        id,
        name: input.name ?? basename(path),
        path,
        origin,
        profile: input.profile,
        createdAt: now,
        lastAnalyzedAt: now,
      })
      .onConflictDoUpdate({
        target: table.path,
        set: {
          profile: input.profile,
          lastAnalyzedAt: now,
          origin: sql`coalesce(excluded.origin, ${table.origin})`,
        },
      })
      .returning();
    if (!row) throw new AppError('INTERNAL', { message: `registering ${path} returned no row` });
    if (row.id === id) {
      const { primary, tests } = input.profile;
      await journal.append(q, [
        {
          type: 'project.registered',
          subject: { projectId: id },
          payload: { path, primary, runner: tests?.runner ?? null },
        },
      ]);
    }
    return row;
  });
}
