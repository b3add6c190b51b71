// The operations that open and show tickets; status and column are derived for whoever looks.
import { resolve } from 'node:path';
import { z } from 'zod';
import { duplicate } from '#contracts/intake.ts';
import type { Project } from '#contracts/project.ts';
import { ticketFields } from '#contracts/ticket.ts';
import { duplicatesOf } from '#projects/intake.ts';
import { ticketDetail, ticketRow } from '#workflows/ticket-reads.ts';
import type { OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';
import { filterOf, ticketFilter } from './ticket-selection.ts';
import { detectAt } from './tree-files.ts';

const WEEK_SECONDS = 604_800;

export const createTicket = defineOperation({
  input: z.strictObject({
    title: ticketFields.shape.title,
    description: ticketFields.shape.description.default(''),
    /** Path inside the repository. */
    path: z.string().min(1).default('.'),
    workflow: z.string().default('software-development'),
    fields: ticketFields.omit({ title: true, description: true, parentId: true }).partial().default({}),
    parent: z.string().nullable().default(null),
    dependsOn: z.array(z.string()).max(50).default([]),
    /** Somebody has to approve it within this time, seconds; silence means no. Null: nobody is asked. */
    approveWithinSeconds: z.int().min(1).max(WEEK_SECONDS).nullable().default(null),
  }),
  /** `duplicates`: tickets that read the same; the ticket is opened all the same (O65). */
  output: ticketRow.extend({ duplicates: z.array(duplicate) }),
  handle: async (context, input) => {
    const rooms = await context.ticketing();
    const project = await projectAt(context, input.path);
    const opener = await rooms.prepare(input.workflow, project.path);
    for (const problem of opener.definition.problems) {
      context.log.warn({ problem }, 'the workflow file is broken; its last good version is used');
    }
    const parent = input.parent === null ? null : await rooms.tickets.show(input.parent);
    const waitsFor = await Promise.all(input.dependsOn.map((ref) => rooms.tickets.show(ref)));
    const { approveWithinSeconds: seconds } = input;
    const until = seconds === null ? 0 : context.clock.now().getTime() + seconds * 1_000;
    const deadline = new Date(until).toISOString();
    const pending = { state: 'pending' as const, deadline, by: null, note: '', at: null };
    const ticket = await rooms.db.transaction((q) =>
      opener.open(
        q,
        {
          projectId: project.id,
          title: input.title,
          description: input.description,
          fields: { ...input.fields, parentId: parent?.id ?? null },
          approval: seconds === null ? undefined : pending,
        },
        { actor: context.actor, reason: 'opened' },
      ),
    );
    for (const on of waitsFor) await rooms.dependencies.add(ticket, on, context.actor.name);
    return { ...(await rooms.reads.row(ticket)), duplicates: await duplicatesOf(rooms.tickets, ticket) };
  },
});

/** The project of a path; registered when it is not yet. */
async function projectAt(context: OperationContext, path: string): Promise<Project> {
  const projects = await context.projects();
  const { topLevel, prefix } = await context.git.locate(resolve(context.cwd, path));
  const known = await projects.find(topLevel);
  if (known) return known;
  const commit = await context.git.resolveCommit(topLevel, 'HEAD');
  const profile = await detectAt(context.git, { repository: topLevel, commit }, { directory: prefix });
  return projects.register({ path: topLevel, profile, origin: await context.git.originUrl(topLevel) });
}

export const listTickets = defineOperation({
  input: z.strictObject({
    filter: ticketFilter.default(ticketFilter.parse({})),
    limit: z.int().min(1).max(1_000).default(50),
    /** Only tickets with a smaller number. */
    before: z.int().positive().nullable().default(null),
  }),
  output: z.strictObject({ tickets: z.array(ticketRow) }),
  handle: async (context, { filter, limit, before }) => {
    const { reads } = await context.ticketing();
    const wanted = await filterOf(context, filter);
    return { tickets: await reads.list({ ...wanted, limit, before: before ?? undefined }) };
  },
});

const RUNS_SHOWN = 50;

export const showTicket = defineOperation({
  input: z.strictObject({ ticket: z.string().min(1) }),
  output: ticketDetail,
  handle: async (context, input) => {
    const { tickets, reads, dependencies, transitions } = await context.ticketing();
    const ticket = await tickets.show(input.ticket);
    const keys = async (ids: readonly string[]) => {
      const found = await tickets.list({ ids, limit: Math.max(1, ids.length) });
      return found.map(({ key }) => key).reverse();
    };
    const engine = await context.engine();
    return {
      ...(await reads.row(ticket)),
      parent: ticket.parentId === null ? null : (await tickets.show(ticket.parentId)).key,
      dependsOn: await keys(await dependencies.of(ticket.id)),
      dependants: await keys(await dependencies.dependants(ticket.id)),
      history: await transitions.history(ticket.id),
      runs: await engine.list({ ticketId: ticket.id, limit: RUNS_SHOWN }),
    };
  },
});
