// The operation `phase.list`: the phases of a ticket's workflow, where it stands, and where it could go now.
import { z } from 'zod';
import { moveKind, objection } from '#contracts/move.ts';
import { phaseOf } from '#contracts/workflow.ts';
import { AppError } from '#foundation/errors.ts';
import { outputsOf, phaseOutput } from '#workflows/phase-records.ts';
import { defineOperation } from './operation.ts';

const listed = z.strictObject({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  order: z.int(),
  column: z.string(),
  standing: z.enum(['here', 'visited', 'ahead']),
  /** Whether the workflow leads there from where the ticket stands. */
  leadsThere: z.boolean(),
  /** The kind of move that would lead there; null for where it stands and for what the table does not lead to. */
  kind: moveKind.nullable(),
  /** What stands against that move now. */
  objections: z.array(objection),
});

export const listPhases = defineOperation({
  input: z.strictObject({ ticket: z.string().min(1) }),
  output: z.strictObject({
    key: z.string(),
    workflow: z.string(),
    phase: z.string().nullable(),
    guide: z.string(),
    phases: z.array(listed),
    outputs: z.array(phaseOutput),
  }),
  handle: async (context, { ticket: ref }) => {
    const { db, tickets, definitions, transitions } = await context.ticketing();
    const ticket = await tickets.show(ref);
    if (ticket.workflow === null) {
      throw new AppError('MOVE_REFUSED', {
        message: `${ticket.key} is older than workflows and stands in no phase`,
        next: `cambium ticket edit ${ticket.key} --workflow bugfix`,
      });
    }
    const workflow = await definitions.version(ticket.workflow);
    const visited = new Set((await transitions.history(ticket.id)).map(({ to }) => to));
    const here = phaseOf(workflow, ticket.phase ?? '');
    const phases: z.output<typeof listed>[] = [];
    for (const phase of [...workflow.phases].sort((a, b) => a.order - b.order)) {
      const leadsThere = here?.allowed_transitions.includes(phase.id) === true;
      const kind = phase.order < (here?.order ?? 0) ? ('regress' as const) : ('advance' as const);
      const wish = { to: phase.id, kind, actor: context.actor, reason: '' };
      const judged = leadsThere ? await transitions.judge(ticket.id, wish) : null;
      phases.push({
        id: phase.id,
        name: phase.name ?? phase.id,
        description: phase.description,
        order: phase.order,
        column: phase.board_column,
        standing: phase.id === ticket.phase ? 'here' : visited.has(phase.id) ? 'visited' : 'ahead',
        leadsThere,
        kind: judged ? kind : null,
        objections: [...(judged?.objections ?? [])],
      });
    }
    return {
      key: ticket.key,
      workflow: workflow.name,
      phase: ticket.phase,
      guide: here?.next_steps_guide ?? '',
      phases,
      outputs: await outputsOf(db.q, ticket.id),
    };
  },
});
