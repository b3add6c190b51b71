// Every verb of the product, once: its effect, one line of what it does, and where its code is. Cheap to load.
import { BOARD_VERBS } from './verbs/board.ts';
import { CARE_VERBS } from './verbs/care.ts';
import { MEMORY_VERBS } from './verbs/memory.ts';
import { MODEL_VERBS } from './verbs/models.ts';
import { MONEY_VERBS } from './verbs/money.ts';
import { RUN_VERBS } from './verbs/runs.ts';
import { TASK_VERBS } from './verbs/tasks.ts';
import { TICKET_VERBS } from './verbs/tickets.ts';
import { WORKFLOW_VERBS } from './verbs/workflows.ts';

export const CATALOGUE = {
  ...RUN_VERBS,
  ...TICKET_VERBS,
  ...BOARD_VERBS,
  ...WORKFLOW_VERBS,
  ...MEMORY_VERBS,
  ...TASK_VERBS,
  ...MODEL_VERBS,
  ...MONEY_VERBS,
  ...CARE_VERBS,
};

export type OperationName = keyof typeof CATALOGUE;

/** The operation of a name, with its types. */
export type OperationOf<N extends OperationName> = Awaited<ReturnType<(typeof CATALOGUE)[N]['load']>>;
