// The operations that change tickets: every move is a request that may be refused, every change has its event.
import { z } from 'zod';
import { moveKind } from '#contracts/move.ts';
import { type Ticket, type TicketFields, ticketFields } from '#contracts/ticket.ts';
import { type Phase, phaseOf, type Workflow } from '#contracts/workflow.ts';
import type { Queries } from '#database/port.ts';
import { AppError } from '#foundation/errors.ts';
import type { Definition } from '#workflows/definitions.ts';
import { subjectOfTicket } from '#workflows/transitions.ts';
import type { OperationContext, TicketRooms } from './context.ts';
import { defineOperation } from './operation.ts';
import { onEach, outcomes, selection } from './ticket-selection.ts';

const reason = z.string().max(2_000).default('');

export const moveTickets = defineOperation({
  input: z.strictObject({
    ...selection,
    to: z.string().min(1),
    /** Null: on or back, as the order of the phases says. */
    kind: moveKind.nullable().default(null),
    reason,
    artefacts: z.array(z.string().max(500)).max(100).default([]),
  }),
  output: outcomes,
  handle: async (context, input) => {
    const rooms = await context.ticketing();
    const { actor } = context;
    const wishFor = async (ticket: Ticket) => {
      const kind = input.kind ?? (await directionOf(rooms, ticket, input.to));
      return { to: input.to, kind, actor, reason: input.reason };
    };
    return onEach(context, input, {
      plan: async (ticket) => {
        const wish = await wishFor(ticket);
        const { allowed, objections, overridden } = await rooms.transitions.judge(ticket.id, wish);
        if (!allowed) {
          throw new AppError('MOVE_REFUSED', {
            message: objections.map((each) => each.reason).join('; '),
            ...(objections[0] ? { next: objections[0].next } : {}),
          });
        }
        const around = overridden.map(({ rule }) => rule).join(', ');
        return `${wish.kind} from ${ticket.phase} to ${wish.to}${around === '' ? '' : `, around ${around}`}`;
      },
      work: async (ticket) => {
        const wish = { ...(await wishFor(ticket)), artefacts: input.artefacts };
        const { record } = await rooms.transitions.move(ticket.id, wish);
        return `${record.kind} from ${record.from} to ${record.to}`;
      },
    });
  },
});

async function directionOf(
  { definitions }: TicketRooms,
  ticket: Ticket,
  to: string,
): Promise<'advance' | 'regress'> {
  if (ticket.workflow === null) return 'advance';
  const workflow = await definitions.version(ticket.workflow);
  const [from, there] = [phaseOf(workflow, ticket.phase ?? ''), phaseOf(workflow, to)];
  return from && there && there.order < from.order ? 'regress' : 'advance';
}

const single = { ticket: z.string().min(1), reason, dryRun: z.boolean().default(false) };

/** The phase that follows by itself when none is named: the first one the workflow leads to in that direction. */
function following(workflow: Workflow, from: Phase, back: boolean): string {
  const found = from.allowed_transitions
    .map((id) => phaseOf(workflow, id))
    .find((phase) => phase !== undefined && phase.order < from.order === back);
  if (found) return found.id;
  throw new AppError('MOVE_REFUSED', {
    message: `${workflow.name} leads from ${from.id} ${back ? 'back to no phase' : 'to no later phase'}`,
    next: `cambium workflow show ${workflow.name}`,
  });
}

function stepping(back: boolean) {
  return defineOperation({
    input: z.strictObject({ ...single, to: z.string().min(1).nullable().default(null) }),
    output: outcomes,
    handle: async (context, { ticket: ref, to, ...rest }, edges) => {
      const { tickets, definitions } = await context.ticketing();
      const ticket = await tickets.show(ref);
      const workflow = ticket.workflow === null ? null : await definitions.version(ticket.workflow);
      const from = workflow === null ? undefined : phaseOf(workflow, ticket.phase ?? '');
      const target = to ?? (workflow && from ? following(workflow, from, back) : '');
      const kind = back ? ('regress' as const) : ('advance' as const);
      const input = moveTickets.input.parse({ ...rest, tickets: [ticket.id], to: target || 'nowhere', kind });
      return moveTickets.handle(context, input, edges);
    },
  });
}

export const advancePhase = stepping(false);
export const regressPhase = stepping(true);

const EDITABLE = ticketFields.omit({ parentId: true }).extend({
  /** `TKT-3`; null takes the parent away. */
  parent: z.string().nullable(),
  addLabels: ticketFields.shape.labels,
  removeLabels: ticketFields.shape.labels,
  /** Name of a workflow, for a ticket that has none yet. */
  workflow: z.string(),
});

const edits = EDITABLE.partial();
type Edits = z.output<typeof edits>;

export const editTickets = defineOperation({
  input: z.strictObject({ ...selection, set: edits }),
  output: outcomes,
  handle: async (context, { set, ...chosen }) => {
    if (Object.keys(set).length === 0) {
      throw new AppError('USAGE', {
        message: 'nothing is to be changed',
        next: 'cambium ticket edit --help shows what can be',
      });
    }
    const rooms = await context.ticketing();
    return onEach(context, chosen, {
      plan: async (ticket) => words(await changeOf(context, ticket, set)),
      work: async (ticket) => {
        const change = await changeOf(context, ticket, set);
        const { workflow, ...fields } = change;
        const definition = workflow === undefined ? null : await definitionFor(context, ticket, workflow);
        await rooms.db.transaction(async (q) => {
          const changed = await rooms.tickets.change(q, ticket, fields);
          if (definition) await begin(context, q, { ticket: changed, definition });
          const payload = { fields: Object.keys(change), by: context.actor.name };
          await rooms.journal.append(q, [
            { type: 'change.edited', subject: subjectOfTicket(ticket), payload },
          ]);
        });
        return words(change);
      },
    });
  },
});

type Edit = Partial<TicketFields> & { workflow?: string };

async function changeOf(
  context: OperationContext,
  ticket: Ticket,
  { parent, addLabels, removeLabels, ...set }: Edits,
): Promise<Edit> {
  const { tickets } = await context.ticketing();
  if (set.workflow !== undefined && ticket.workflow !== null) {
    throw new AppError('MOVE_REFUSED', {
      message: `${ticket.key} has a workflow, and keeps the version it began with`,
      next: 'cambium ticket create opens another one in the other workflow',
    });
  }
  const labels = new Set([...(set.labels ?? ticket.labels), ...(addLabels ?? [])]);
  for (const label of removeLabels ?? []) labels.delete(label);
  const labelled = set.labels !== undefined || addLabels !== undefined || removeLabels !== undefined;
  const parentId = parent === undefined || parent === null ? null : (await tickets.show(parent)).id;
  if (parentId === ticket.id) {
    throw new AppError('USAGE', { message: `${ticket.key} cannot be its own parent` });
  }
  return {
    ...(Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined)) as Edit),
    ...(labelled ? { labels: ticketFields.shape.labels.parse([...labels]) } : {}),
    ...(parent === undefined ? {} : { parentId }),
  };
}

function words(change: Edit): string {
  const parts = Object.entries(change).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return `set ${parts.join(', ')}`;
}

async function definitionFor(context: OperationContext, ticket: Ticket, name: string): Promise<Definition> {
  const project = await (await context.projects()).find(ticket.projectId);
  return (await context.ticketing()).definitions.current(name, project?.path ?? null);
}

/** Lets a ticket from before there were workflows begin in one. */
async function begin(
  context: OperationContext,
  q: Queries,
  { ticket, definition }: { readonly ticket: Ticket; readonly definition: Definition },
): Promise<void> {
  const { definitions, tickets, transitions } = await context.ticketing();
  const workflow = await definitions.pin(q, definition);
  const phase = definition.workflow.initial_phase;
  const phaseSince = context.clock.now().toISOString();
  const placed = await tickets.change(q, ticket, { workflow, phase, phaseSince });
  await transitions.opened(q, { ticket: placed, actor: context.actor, reason: 'given a workflow' });
}

/** Block, unblock and cancel: marks that lie over the phase. */
function marking(verb: 'block' | 'unblock' | 'cancel') {
  return defineOperation({
    input: z.strictObject({ ...selection, reason }),
    output: outcomes,
    handle: async (context, input) => {
      const { transitions } = await context.ticketing();
      const mark = { actor: context.actor, reason: input.reason };
      const said = input.reason === '' ? verb : `${verb}: ${input.reason}`;
      return onEach(context, input, {
        plan: async (ticket) => (await transitions.would(verb, ticket.id, mark)) && said,
        work: async (ticket) => (await transitions[verb](ticket.id, mark)) && said,
      });
    },
  });
}

export const blockTickets = marking('block');
export const unblockTickets = marking('unblock');
export const cancelTickets = marking('cancel');

export const decideTicket = defineOperation({
  input: z.strictObject({
    tickets: selection.tickets,
    decision: z.enum(['approved', 'rejected']),
    note: reason,
  }),
  output: outcomes,
  handle: async (context, { tickets, decision, note }) => {
    const { transitions } = await context.ticketing();
    const mark = { actor: context.actor, reason: note, decision };
    return onEach(
      context,
      { tickets, filter: null, dryRun: false },
      {
        plan: async () => decision,
        work: async (ticket) => (await transitions.decide(ticket.id, mark)) && decision,
      },
    );
  },
});

export const dependTicket = defineOperation({
  input: z.strictObject({
    ticket: z.string().min(1),
    on: z.string().min(1),
    remove: z.boolean().default(false),
  }),
  output: z.strictObject({ ticket: z.string(), on: z.string(), holds: z.boolean() }),
  handle: async (context, { ticket: ref, on: other, remove }) => {
    const { tickets, dependencies } = await context.ticketing();
    const [ticket, on] = [await tickets.show(ref), await tickets.show(other)];
    const change = remove ? dependencies.remove : dependencies.add;
    await change(ticket, on, context.actor.name);
    return { ticket: ticket.key, on: on.key, holds: !remove };
  },
});
