// Starting a run: project, ticket, run and job in one transaction, after everything that can be refused was refused.
import type { CommandLimits } from '#contracts/command.ts';
import { type Actor, AUTHORITY } from '#contracts/move.ts';
import type { Project } from '#contracts/project.ts';
import { type StopLimits, stopLimits } from '#contracts/run.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { phaseOf } from '#contracts/workflow.ts';
import type { Database, Queries } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import type { Ids } from '#foundation/ids.ts';
import { plainText } from '#foundation/text.ts';
import type { Journal } from '#journal/port.ts';
import type { Projects } from '#projects/projects.ts';
import type { Tickets } from '#projects/tickets.ts';
import type { Queue } from '#queue/port.ts';
import type { Git } from '#sandbox/git.ts';
import { firstCheckpoint } from './checkpoint.ts';
import type { CrashProbe } from './crash-points.ts';
import type { PrepareTicket, TicketOpener } from './open-ticket.ts';
import type { Detect, IsolationRequest } from './ports.ts';
import type { RunRecord } from './run-record.ts';
import { type RunStore, subjectOf } from './run-store.ts';
import type { RunOptions } from './run-views.ts';

const CANDIDATES = 100_000;
const SEARCH_MS = 300_000;
const SEARCH_BUDGET_MS = 600_000;
const MAX_FEEDBACK = 50;

export interface StartRequest {
  /** A path inside the repository's work tree. */
  readonly repository: string;
  /** Said of the ticket; a title is made from the repository's name when absent. */
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** Command line that runs the tests; detected when absent. */
  readonly testCommand?: string | undefined;
  /** Directory of the package inside the repository; by default the path's own place in it. */
  readonly directory?: string | undefined;
  /** `HEAD` when absent. */
  readonly base?: string | undefined;
  readonly limits?: Partial<StopLimits> | undefined;
  readonly commandLimits?: Partial<CommandLimits> | undefined;
  readonly isolation?: IsolationRequest | undefined;
  readonly allowTestChanges?: boolean | undefined;
  readonly review?: boolean | undefined;
  readonly blockOnCritical?: boolean | undefined;
  readonly seed?: number | undefined;
  /** Bounds of the search: see `RunOptions`. By default 100,000 candidates, 300,000 ms an attempt, 600,000 ms in all. */
  readonly search?: Partial<RunOptions['search']> | undefined;
  /** An open ticket that the run is for; a new one is opened when absent. */
  readonly ticketId?: string | undefined;
  /** What gates held against earlier work on the ticket; the coder is told. */
  readonly feedback?: readonly string[] | undefined;
  /** Further writes of the transaction that makes the run, before anybody can take it. */
  readonly alongside?: ((q: Queries, runId: string) => Promise<void>) | undefined;
}

export interface StartParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly queue: Queue;
  readonly store: RunStore;
  readonly projects: Projects;
  readonly tickets: Tickets;
  readonly git: Git;
  readonly detect: Detect;
  readonly prepareTicket: PrepareTicket;
  readonly ids: Ids;
  readonly probe: CrashProbe;
}

export interface Started {
  readonly run: RunRecord;
  readonly ticket: Ticket;
  readonly project: Project;
}

export async function startRun(parts: StartParts, request: StartRequest): Promise<Started> {
  const { git } = parts;
  const { topLevel, prefix } = await git.locate(request.repository);
  const base = await git.resolveCommit(topLevel, request.base ?? 'HEAD');
  const baseTree = await git.treeOf(topLevel, base);
  const directory = request.directory ?? (prefix === '.' ? undefined : prefix);
  const { testCommand } = request;
  const profile = await parts.detect({ repository: topLevel, commit: base, testCommand, directory });
  refuse(profile, topLevel);
  const origin = await git.originUrl(topLevel);
  const project = await parts.projects.register({ path: topLevel, profile, origin });
  const options = optionsOf(request, directory);
  return store(parts, {
    request,
    project,
    base,
    options,
    checkpoint: firstCheckpoint({ profile, baseTree }),
  });
}

function refuse(profile: Project['profile'], path: string): void {
  if (profile.primary === null) {
    const found = profile.languages.slice(0, 3).map((language) => language.name);
    const seen = found.length > 0 ? `found ${found.join(', ')}` : 'no source files found';
    throw new AppError('UNSUPPORTED_LANGUAGE', {
      message: `${path} holds no JavaScript, TypeScript or Python at that commit (${seen})`,
      next: 'Commit the source files, or name a repository in one of these languages',
    });
  }
  if (profile.tests === null) {
    throw new AppError('NO_TESTS', {
      message: `no test command was found in ${path}`,
      next: 'cambium solve --test "npm test"',
    });
  }
}

function optionsOf(request: StartRequest, directory: string | undefined): RunOptions {
  return {
    isolation: request.isolation ?? 'auto',
    testCommand: request.testCommand ?? null,
    directory: directory ?? null,
    limits: stopLimits.parse(request.limits ?? {}),
    commandLimits: request.commandLimits ?? {},
    allowTestChanges: request.allowTestChanges ?? false,
    review: request.review ?? false,
    blockOnCritical: request.blockOnCritical ?? true,
    seed: request.seed ?? 1,
    feedback: [...(request.feedback ?? [])].slice(0, MAX_FEEDBACK),
    search: {
      candidates: request.search?.candidates ?? CANDIDATES,
      wallMs: request.search?.wallMs ?? SEARCH_MS,
      budgetMs: request.search?.budgetMs ?? SEARCH_BUDGET_MS,
    },
  };
}

interface NewWork {
  readonly request: StartRequest;
  readonly project: Project;
  readonly base: string;
  readonly options: RunOptions;
  readonly checkpoint: ReturnType<typeof firstCheckpoint>;
}

/** The workflow of tickets that are opened by starting a run. */
const WORKFLOW = 'bugfix';
const STARTER: Actor = { kind: 'system', name: 'solve', authority: AUTHORITY.worker };

/** @throws AppError WORKFLOW_INVALID when a ticket of the workflow would not begin with a run. */
async function openerFor(parts: StartParts, project: Project): Promise<TicketOpener> {
  const opener = await parts.prepareTicket(WORKFLOW, project.path);
  const { workflow, origin } = opener.definition;
  if (phaseOf(workflow, workflow.initial_phase)?.body === 'run') return opener;
  throw new AppError('WORKFLOW_INVALID', {
    message: `${origin} begins with ${workflow.initial_phase}, in which no run is made`,
    next: `give that phase \`body: run\`, or open a ticket: cambium ticket create --workflow ${WORKFLOW}`,
  });
}

async function store(parts: StartParts, work: NewWork): Promise<Started> {
  const { project, request, base, options, checkpoint } = work;
  const given = plainText(request.title ?? '').trim();
  const title = given === '' ? `Make the failing tests of ${project.name} pass` : given;
  const opener = request.ticketId === undefined ? await openerFor(parts, project) : null;
  const started = await parts.db.transaction(async (q) => {
    const wanted = { projectId: project.id, title, description: request.description };
    const ticket = opener
      ? await opener.open(q, wanted, { actor: STARTER, reason: 'a run was started' })
      : await parts.tickets.hold(q, request.ticketId ?? '');
    const run = await parts.store.insert(q, {
      id: parts.ids.next('run'),
      ticketId: ticket.id,
      projectId: project.id,
      base,
      options,
      checkpoint,
    });
    const job = await parts.queue.enqueue(q, { queue: 'run', key: run.id, data: { runId: run.id } });
    if (!(await parts.store.setJob(q, run, job.jobId))) {
      throw new AppError('INTERNAL', { message: 'a run changed before it was stored' });
    }
    await request.alongside?.(q, run.id);
    const subject = subjectOf(run);
    const { limits, isolation } = options;
    await parts.journal.append(q, [
      { type: 'run.created', subject, payload: { key: run.key, base, limits, isolation } },
      { type: 'task.ready', subject, payload: { queue: 'run' } },
    ]);
    parts.probe('start.before-commit', 'INIT');
    return { runId: run.id, ticket };
  });
  parts.probe('start.after-commit', 'INIT');
  return { run: await parts.store.load(started.runId), ticket: started.ticket, project };
}
