// Reading runs and tickets for people and programs: views with derived status, plans, searches, logs and diffs.
import { z } from 'zod';
import { plan, reflection, reviewFinding, type SearchAccount, searchAccount } from '#agents/roles.ts';
import { type Certificate, certificate } from '#contracts/certificate.ts';
import type { Project } from '#contracts/project.ts';
import { runState } from '#contracts/run.ts';
import type { Ticket } from '#contracts/ticket.ts';
import type { Clock } from '#foundation/clock.ts';
import { AppError } from '#foundation/errors.ts';
import type { Projects } from '#projects/projects.ts';
import type { Tickets } from '#projects/tickets.ts';
import { isCertainlyDead, ownerName } from './owner.ts';
import { workspaceName } from './rest.ts';
import type { RunRecord } from './run-record.ts';
import { runStatusOf } from './run-status.ts';
import type { RunStore } from './run-store.ts';
import type { RunDetail, RunView, StepLog, StepView } from './run-views.ts';

export interface ShowParts {
  readonly store: RunStore;
  readonly projects: Projects;
  readonly tickets: Tickets;
  readonly clock: Clock;
}

const RUNS_OF_A_TICKET = 50;

/** The parts of step outputs that views gather; every step holds some of them. */
const known = z.looseObject({
  plan: plan.optional(),
  account: searchAccount.optional(),
  reflection: reflection.optional(),
  findings: z.array(reviewFinding).optional(),
  diff: z.string().optional(),
});

export async function viewOf(parts: ShowParts, run: RunRecord): Promise<RunView> {
  const [ticket, project] = await Promise.all([
    ticketOf(parts, run.ticketId),
    projectOf(parts, run.projectId),
  ]);
  return view(parts.clock, await asHeld(run), { ticket, project });
}

/** A lease that outlives its owner holds nothing: the run waits again from the moment its worker is known to be dead. */
export async function asHeld(run: RunRecord): Promise<RunRecord> {
  const orphaned = run.leaseUntil !== null && run.owner !== null && (await isCertainlyDead(run.owner));
  return orphaned ? { ...run, leaseUntil: null, owner: null } : run;
}

interface Belonging {
  readonly ticket: Ticket;
  readonly project: Project;
}

function view(clock: Clock, run: RunRecord, { ticket, project }: Belonging): RunView {
  const { branch, commit, certificate: digest, isolation } = run.checkpoint;
  const { id, key, base, state, attempt, options, request, paused, outcome, runningMs } = run;
  const status = runStatusOf(run, clock.now());
  return {
    id,
    key,
    ticketId: ticket.id,
    ticketKey: ticket.key,
    title: ticket.title,
    projectId: project.id,
    projectName: project.name,
    repository: project.path,
    base,
    state,
    status,
    attempt,
    steps: run.stepCount,
    options,
    isolation,
    owner: run.owner ? ownerName(run.owner) : null,
    workspace: status === 'running' ? workspaceName(run) : null,
    request,
    paused,
    outcome,
    branch: state === 'SUCCESS' || state === 'HUMAN_REVIEW' ? branch : null,
    commit,
    certificate: digest,
    runningMs,
    createdAt: run.createdAt,
    updatedAt: run.updatedAt,
    finishedAt: run.finishedAt,
  };
}

export async function viewsOf(parts: ShowParts, records: readonly RunRecord[]): Promise<RunView[]> {
  const tickets = new Map<string, Ticket>();
  const projects = new Map<string, Project>();
  const views: RunView[] = [];
  for (const run of records) {
    const ticket = tickets.get(run.ticketId) ?? (await ticketOf(parts, run.ticketId));
    const project = projects.get(run.projectId) ?? (await projectOf(parts, run.projectId));
    tickets.set(ticket.id, ticket);
    projects.set(project.id, project);
    views.push(view(parts.clock, await asHeld(run), { ticket, project }));
  }
  return views;
}

export async function ticketOf({ tickets }: ShowParts, id: string): Promise<Ticket> {
  return tickets.show(id);
}

export async function projectOf({ projects }: ShowParts, id: string): Promise<Project> {
  const project = await projects.find(id);
  if (project) return project;
  throw new AppError('INTERNAL', { message: `a run names the project ${id}, which is not there` });
}

export async function showRun(parts: ShowParts, ref: string): Promise<RunDetail> {
  const run = await parts.store.load(ref);
  const rows = await parts.store.steps(run.id);
  const outputs = rows.map((row) => known.parse(row.output));
  return {
    run: await viewOf(parts, run),
    steps: rows.map(stepView),
    plan: outputs.findLast((output) => output.plan)?.plan ?? null,
    search: inAll(outputs.flatMap((output) => output.account ?? [])),
    reflections: outputs.flatMap((output) => output.reflection ?? []),
    findings: outputs.flatMap((output) => output.findings ?? []),
    diff: outputs.findLast((output) => output.diff !== undefined)?.diff ?? null,
    certificate: await certificateOf(parts, run),
  };
}

const NEAR_MISSES_SHOWN = 10;

/** The searches of a run as one: the newest, with what all of them tried and came near to. */
function inAll(accounts: readonly SearchAccount[]): SearchAccount | null {
  const last = accounts.at(-1);
  if (last === undefined || accounts.length === 1) return last ?? null;
  const triedByTemplate: Record<string, number> = {};
  for (const account of accounts) {
    for (const [template, count] of Object.entries(account.triedByTemplate))
      triedByTemplate[template] = (triedByTemplate[template] ?? 0) + count;
  }
  const learned = new Map<string, SearchAccount['learned'][number]>();
  for (const use of accounts.flatMap((account) => account.learned)) {
    const before = learned.get(use.key);
    learned.set(use.key, { ...use, tried: use.tried + (before?.tried ?? 0) });
  }
  const misses = new Map(accounts.flatMap((one) => one.nearMisses).map((one) => [one.candidate.digest, one]));
  const nearest = [...misses.values()].sort((a, b) => b.fixedTests.length - a.fixedTests.length);
  const sum = (of: (account: SearchAccount) => number) => accounts.reduce((all, one) => all + of(one), 0);
  return {
    ...last,
    tried: sum((one) => one.tried),
    durationMs: sum((one) => one.durationMs),
    triedByTemplate,
    nearMisses: nearest.slice(0, NEAR_MISSES_SHOWN),
    learned: [...learned.values()],
  };
}

function stepView(row: Awaited<ReturnType<RunStore['steps']>>[number]): StepView {
  const { seq, attempt, reason, tree, startedAt, finishedAt } = row;
  return {
    seq,
    state: runState.parse(row.state),
    attempt,
    nextState: runState.parse(row.nextState),
    reason,
    tree,
    startedAt,
    finishedAt,
    output: z.record(z.string(), z.unknown()).parse(row.output),
  };
}

export async function logsOf(parts: ShowParts, ref: string, step?: number): Promise<StepLog[]> {
  const run = await parts.store.load(ref);
  const rows = await parts.store.steps(run.id);
  if (step !== undefined && !rows.some((row) => row.seq === step)) {
    throw new AppError('NOT_FOUND', {
      message: `${run.key} has no step ${step}; it has ${rows.length}`,
      next: `cambium run logs ${run.key}`,
    });
  }
  return rows
    .filter((row) => row.log !== '' && (step === undefined || row.seq === step))
    .map(({ seq, state, attempt, log }) => ({ seq, state: runState.parse(state), attempt, text: log }));
}

/** The certificate that passed; else the newest refused one, else null. */
async function certificateOf({ store }: ShowParts, run: RunRecord): Promise<Certificate | null> {
  const rows = await store.certificates({ runId: run.id });
  const row = rows.find(({ digest }) => digest === run.checkpoint.certificate) ?? rows[0];
  return row ? certificate.parse({ digest: row.digest, body: row.body }) : null;
}

/** By digest, by run, or by ticket: then that of its newest run that has one. */
export async function findCertificate(parts: ShowParts, ref: string): Promise<Certificate | null> {
  if (ref.startsWith('sha256:')) {
    const [row] = await parts.store.certificates({ digest: ref });
    return row ? certificate.parse({ digest: row.digest, body: row.body }) : null;
  }
  if (/^(?:run[-_])/i.test(ref)) return certificateOf(parts, await parts.store.load(ref));
  const ticket = await parts.tickets.show(ref);
  for (const run of await parts.store.list({ ticketId: ticket.id, limit: RUNS_OF_A_TICKET })) {
    const found = await certificateOf(parts, run);
    if (found) return found;
  }
  return null;
}
