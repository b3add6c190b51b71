// Discoveries: recorded and branched into a task in one transaction; the same thing once, not endlessly deep, not
// endlessly dear, and a person decides about the rest (O51, O52).
import { type Discovery, type NewDiscovery, newDiscovery } from '#contracts/discovery.ts';
import type { NewEvent } from '#contracts/event.ts';
import type { NewTask, TaskView } from '#contracts/task.ts';
import { and, desc, eq, inArray, type SQL, sql } from '#database/drizzle.ts';
import type { Database, Queries } from '#database/port.ts';
import { digestOf } from '#foundation/digest.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { clip, plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import { discoveryTasks, discoveries as table } from './collaboration-tables.ts';

const LISTED_DISCOVERIES = 200;
const NOTE_CHARS = 2_000;
/** First key of the advisory lock of a project's discoveries; the second is a hash of the project. */
const DISCOVERY_LOCK = 7_240_003;

/** What may be branched without asking a person. */
export interface DiscoveryLimits {
  /** Discoveries in work that discoveries made, and so on: at most this deep. */
  readonly depth: number;
  /** Effort of one discovery, minutes. */
  readonly minutes: number;
  /** Effort of all discoveries of a ticket together, minutes. */
  readonly ticketMinutes: number;
  /** Tasks that discoveries of a ticket make. */
  readonly ticketTasks: number;
  /** What counts for a discovery without an estimate, minutes. */
  readonly unknownMinutes: number;
}

const LIMITS: DiscoveryLimits = {
  depth: 3,
  minutes: 120,
  ticketMinutes: 480,
  ticketTasks: 20,
  unknownMinutes: 30,
};

type TaskPriority = TaskView['priority'];

const STEP_UP: Readonly<Record<TaskPriority, TaskPriority>> = {
  low: 'normal',
  normal: 'high',
  high: 'critical',
  critical: 'critical',
};

export interface SourceTask {
  readonly id: string;
  readonly key: string;
  readonly projectId: string | null;
  readonly ticketId: string | null;
  readonly priority: TaskPriority;
}

/** The task graph, as far as discoveries need it. */
export interface DiscoveryTasks {
  /** By id, key or number. Throws NOT_FOUND. */
  find(ref: string): Promise<SourceTask>;
  /** Adds tasks inside the caller's transaction; ids in the order given. */
  add(q: Queries, tasks: readonly NewTask[]): Promise<{ readonly ids: readonly string[] }>;
}

/** `known`: it was open already and is only counted. `waits`: recorded, and a person decides. */
export interface Recorded {
  readonly outcome: 'branched' | 'known' | 'waits';
  readonly discovery: Discovery;
}

export interface Resolution {
  readonly discovery: string;
  readonly resolution: 'resolved' | 'invalid';
  readonly by: string;
  readonly note: string;
}

export interface Discoveries {
  /** Records what was found and makes a task of it, or says why not yet. The source goes on. */
  record(found: NewDiscovery): Promise<Recorded>;
  /** A person's yes to a discovery that waits: its task is made. RUN_CONFLICT when it does not wait. */
  approve(answer: { readonly discovery: string; readonly by: string }): Promise<Discovery>;
  /** Ends a discovery. RUN_CONFLICT when it has ended. */
  resolve(answer: Resolution): Promise<Discovery>;
  /** Newest first, at most 200. */
  list(filter?: {
    readonly ticketId?: string;
    readonly resolution?: Discovery['resolution'];
    readonly waiting?: boolean;
  }): Promise<Discovery[]>;
}

export interface DiscoveriesParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly ids: Ids;
  readonly tasks: DiscoveryTasks;
  readonly limits?: Partial<DiscoveryLimits>;
}

type Parts = DiscoveriesParts & { readonly bounds: DiscoveryLimits };

export function createDiscoveries(given: DiscoveriesParts): Discoveries {
  const parts: Parts = { ...given, bounds: { ...LIMITS, ...given.limits } };
  const { db } = parts;
  return {
    record: async (found) => {
      const checked = newDiscovery.parse(found);
      const source = await parts.tasks.find(checked.sourceTaskId);
      return db.transaction((q) => record(parts, q, checked, source));
    },
    approve: (answer) => approve(parts, answer),
    resolve: (answer) => db.transaction((q) => resolve(parts, q, answer)),
    list: (filter = {}) =>
      read(
        db.q,
        and(
          filter.ticketId === undefined ? undefined : eq(table.ticketId, filter.ticketId),
          filter.resolution === undefined ? undefined : eq(table.resolution, filter.resolution),
          filter.waiting === true
            ? sql`${table.triage} is not null and ${table.resolution} = 'open'`
            : undefined,
        ),
      ),
  };
}

/** What two reports of one thing have in common: type, files and words, without numbers and addresses. */
export function fingerprintOf(
  found: Pick<NewDiscovery, 'type' | 'title'> & { readonly files?: readonly string[] | undefined },
): string {
  const words = found.title
    .normalize('NFKC')
    .toLowerCase()
    .replace(/0x[0-9a-f]+|\b[0-9a-f]{7,40}\b|[\d.:]*\d/g, '#')
    .match(/[\p{L}\p{M}#]+/gu);
  return digestOf({ type: found.type, words: words ?? [], files: [...new Set(found.files ?? [])].sort() });
}

async function record(
  parts: Parts,
  q: Queries,
  found: ReturnType<typeof newDiscovery.parse>,
  source: SourceTask,
): Promise<Recorded> {
  const { projectId, ticketId } = source;
  if (projectId === null || ticketId === null) {
    throw new AppError('USAGE', {
      message: `${source.key} belongs to no ticket, so nothing can be branched from it`,
      next: 'name a task of a ticket: cambium task list',
    });
  }
  // One at a time in a project: two reports of one thing cannot both be the first, nor two share the last of a cap.
  await q.execute(sql`select pg_advisory_xact_lock(${DISCOVERY_LOCK}, hashtext(${projectId}))`);
  const fingerprint = fingerprintOf(found);
  const [known] = await q
    .update(table)
    .set({ seen: sql`${table.seen} + 1` })
    .where(
      and(
        eq(table.projectId, projectId),
        eq(table.fingerprint, fingerprint),
        inArray(table.resolution, ['open', 'in_progress']),
      ),
    )
    .returning({ id: table.id });
  if (known) return { outcome: 'known', discovery: await one(q, known.id) };
  const depth = (await depthOf(q, source.id)) + 1;
  const triage = await whyAsk(parts, q, { ticketId, depth, minutes: found.estimateMinutes ?? null });
  const id = parts.ids.next('dsc');
  await q.insert(table).values({
    id,
    projectId,
    ticketId,
    sourceTaskId: source.id,
    type: found.type,
    title: plainText(found.title).replace(/\s+/g, ' '),
    description: plainText(found.description),
    fingerprint,
    depth,
    priorityBoost: found.priorityBoost,
    estimateMinutes: found.estimateMinutes ?? null,
    resolution: 'open',
    triage,
    seen: 1,
    metadata: { ...found.metadata, capabilities: found.capabilities, files: found.files },
    discoveredBy: found.by,
    discoveredAt: sql`now()`,
  });
  const made = await one(q, id);
  // The task first: whoever holds the journal must not wait for the task graph.
  const branched = triage === null ? await branch(parts, q, made, source) : [];
  await parts.journal.append(q, [
    {
      type: 'discovery.recorded',
      subject: { projectId, ticketId },
      payload: {
        discovery: made.key,
        type: made.type,
        title: made.title,
        sourceTask: source.id,
        depth,
        triage,
      },
    },
    ...branched,
  ]);
  return { outcome: triage === null ? 'branched' : 'waits', discovery: await one(q, id) };
}

/** How deep the work of a task already is: 0 for what was planned. */
async function depthOf(q: Queries, taskId: string): Promise<number> {
  const found = await q.execute<{ depth: number | null }>(sql`
    select max(d.depth) as depth from discovery_tasks t join discoveries d on d.id = t.discovery_id
    where t.task_id = ${taskId}`);
  return Number(found.rows[0]?.depth ?? 0);
}

/** Why a person has to decide before there is a task; null when nobody has to. */
async function whyAsk(
  { bounds }: Parts,
  q: Queries,
  wish: { readonly ticketId: string; readonly depth: number; readonly minutes: number | null },
): Promise<string | null> {
  if (wish.depth > bounds.depth)
    return `it was found ${wish.depth} discoveries deep, and at most ${bounds.depth} go on by themselves`;
  const minutes = wish.minutes ?? bounds.unknownMinutes;
  if (minutes > bounds.minutes)
    return `it would take ${minutes} minutes, and more than ${bounds.minutes} asks a person`;
  const found = await q.execute<{ tasks: number; minutes: number }>(sql`
    select count(*)::int as tasks, coalesce(sum(coalesce(estimate_minutes, ${bounds.unknownMinutes})), 0)::int as minutes
    from discoveries d where ticket_id = ${wish.ticketId}
      and exists (select 1 from discovery_tasks t where t.discovery_id = d.id)`);
  const spent = found.rows[0] ?? { tasks: 0, minutes: 0 };
  if (spent.tasks >= bounds.ticketTasks)
    return `discoveries of the ticket made ${spent.tasks} tasks already, and at most ${bounds.ticketTasks} come by themselves`;
  if (spent.minutes + minutes > bounds.ticketMinutes)
    return `with it discoveries of the ticket would take ${spent.minutes + minutes} minutes, and at most ${bounds.ticketMinutes} are spent by themselves`;
  return null;
}

/** Makes the task of a discovery; the events to be written. */
async function branch(
  parts: Parts,
  q: Queries,
  discovery: Discovery,
  source: SourceTask,
): Promise<NewEvent[]> {
  const { capabilities, files } = wishesOf(discovery);
  const { ids } = await parts.tasks.add(q, [
    {
      type: 'work',
      key: discovery.id,
      projectId: discovery.projectId,
      ticketId: discovery.ticketId,
      priority: discovery.priorityBoost ? STEP_UP[source.priority] : source.priority,
      capabilities,
      files,
      payload: {
        discovery: discovery.key,
        kind: discovery.type,
        title: discovery.title,
        description: discovery.description,
      },
    },
  ]);
  await q
    .insert(discoveryTasks)
    .values(ids.map((taskId) => ({ discoveryId: discovery.id, taskId })))
    .onConflictDoNothing();
  await q.update(table).set({ resolution: 'in_progress', triage: null }).where(eq(table.id, discovery.id));
  return ids.map((task) => ({
    type: 'discovery.branched' as const,
    subject: { projectId: discovery.projectId, ticketId: discovery.ticketId },
    payload: { discovery: discovery.key, task, sourceTask: source.id, boosted: discovery.priorityBoost },
  }));
}

/** What the task to come was wished to need and to own. */
function wishesOf({ metadata }: Discovery): { capabilities: string[]; files: string[] } {
  const list = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  return { capabilities: list(metadata['capabilities']), files: list(metadata['files']) };
}

async function approve(parts: Parts, answer: { discovery: string; by: string }): Promise<Discovery> {
  const waiting = await one(parts.db.q, answer.discovery);
  const source = await parts.tasks.find(waiting.sourceTaskId);
  return parts.db.transaction(async (q) => {
    await q.select({ id: table.id }).from(table).where(eq(table.id, waiting.id)).for('update');
    const now = await one(q, waiting.id);
    if (now.resolution !== 'open' || now.triage === null) throw ended(now, 'it does not wait for anybody');
    await q
      .update(table)
      .set({ note: `approved by ${plainText(answer.by)}` })
      .where(eq(table.id, now.id));
    await parts.journal.append(q, await branch(parts, q, now, source));
    return one(q, now.id);
  });
}

async function resolve(parts: Parts, q: Queries, answer: Resolution): Promise<Discovery> {
  const { id } = await one(q, answer.discovery);
  const note = clip(plainText(answer.note), NOTE_CHARS).text;
  const [row] = await q
    .update(table)
    .set({ resolution: answer.resolution, resolvedBy: answer.by, resolvedAt: sql`now()`, note })
    .where(and(eq(table.id, id), inArray(table.resolution, ['open', 'in_progress'])))
    .returning({ id: table.id });
  const now = await one(q, id);
  if (!row) throw ended(now, `${now.resolvedBy} said so: ${now.note}`);
  await parts.journal.append(q, [
    {
      type: 'discovery.resolved',
      subject: { projectId: now.projectId, ticketId: now.ticketId },
      payload: { discovery: now.key, resolution: answer.resolution, by: answer.by, note },
    },
  ]);
  return now;
}

function ended(discovery: Discovery, why: string): AppError {
  return new AppError('RUN_CONFLICT', {
    message: `${discovery.key} is ${discovery.resolution}; ${why}`,
    next: 'cambium discovery list',
  });
}

async function one(q: Queries, ref: string): Promise<Discovery> {
  const number = /^(?:dsc-)?(\d{1,9})$/i.exec(ref)?.[1];
  const [found] = await read(q, number === undefined ? eq(table.id, ref) : eq(table.number, Number(number)));
  if (found) return found;
  throw new AppError('NOT_FOUND', {
    message: `there is no discovery ${plainText(ref)}`,
    next: 'cambium discovery list',
  });
}

async function read(q: Queries, where: SQL | undefined): Promise<Discovery[]> {
  const rows = await q
    .select({
      row: table,
      spawned: sql<
        string[]
      >`array(select task_id from discovery_tasks s where s.discovery_id = ${table.id} order by 1)`,
    })
    .from(table)
    .where(where)
    .orderBy(desc(table.number))
    .limit(LISTED_DISCOVERIES);
  return rows.map(({ row: { number, ...row }, spawned }) => ({
    ...row,
    type: row.type as Discovery['type'],
    metadata: row.metadata as Discovery['metadata'],
    key: `DSC-${number}`,
    spawnedTaskIds: spawned,
  }));
}
