// The facts that the rules of a move ask for, read inside the transaction that would make it.
import { contextKind, phaseOf } from '#contracts/workflow.ts';
import { and, eq, isNull } from '#database/drizzle.ts';
import type { Dependencies } from '#projects/dependencies.ts';
import type { Tickets } from '#projects/tickets.ts';
import type { Definitions } from './definitions.ts';
import { currentSlots, historyOf } from './phase-records.ts';
import { contextItems } from './tables.ts';
import type { ReadFacts } from './transitions.ts';

export interface FactsParts {
  readonly tickets: Tickets;
  readonly dependencies: Dependencies;
  readonly definitions: Definitions;
}

export function createReadFacts({ tickets, dependencies, definitions }: FactsParts): ReadFacts {
  return async (q, ticket) => {
    const openDependencies: string[] = [];
    for (const id of await dependencies.of(ticket.id, q)) {
      const other = await tickets.show(id);
      const workflow = other.workflow === null ? null : await definitions.version(other.workflow, q);
      const done = workflow !== null && phaseOf(workflow, other.phase ?? '')?.is_terminal === true;
      if (!done || other.cancelled !== null) openDependencies.push(other.key);
    }
    const kinds = await q
      .selectDistinct({ kind: contextItems.kind })
      .from(contextItems)
      .where(and(eq(contextItems.ticketId, ticket.id), isNull(contextItems.withdrawn)));
    const history = await historyOf(q, ticket.id);
    return {
      openDependencies,
      contextKinds: new Set(kinds.map(({ kind }) => contextKind.parse(kind))),
      outputs: await currentSlots(q, ticket.id),
      visited: new Set(history.map(({ to }) => to)),
    };
  };
}
