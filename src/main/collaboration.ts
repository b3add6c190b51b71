// The rooms of working together, on one database.
import type { Database } from '#database/port.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Journal } from '#journal/port.ts';
import type { Collaboration } from '#operations/context.ts';
import type { QueueRoom } from '#queue/room.ts';

/** Lease of a task that changed hands; its new holder renews it. */
const LEASE_MS = 60_000;

export interface CollaborationParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly ids: Ids;
  readonly room: QueueRoom;
}

export async function createCollaboration(parts: CollaborationParts): Promise<Collaboration> {
  const [{ createThreads }, { createHandoffs }, { createDiscoveries }, { createTaskHands }] =
    await Promise.all([
      import('#workflows/threads.ts'),
      import('#workflows/handoffs.ts'),
      import('#workflows/discovery.ts'),
      import('#queue/hands.ts'),
    ]);
  const { db, room } = parts;
  const threads = createThreads(parts);
  return {
    db,
    threads,
    handoffs: createHandoffs({ ...parts, threads, tasks: createTaskHands(LEASE_MS) }),
    discoveries: createDiscoveries({
      ...parts,
      tasks: { find: (ref) => room.tasks.show(ref), add: (q, tasks) => room.queue.add(q, tasks) },
    }),
  };
}
