// The rooms of working together, on one database.
import type { Database } from '#database/port.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Journal } from '#journal/port.ts';
import type { Collaboration } from '#operations/context.ts';

export interface CollaborationParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly ids: Ids;
}

export async function createCollaboration(parts: CollaborationParts): Promise<Collaboration> {
  const { createThreads } = await import('#workflows/threads.ts');
  return { db: parts.db, threads: createThreads(parts) };
}
