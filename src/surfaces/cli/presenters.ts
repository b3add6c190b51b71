// How each operation's output reads as text, and which exit status it means.
import { ERRORS, EXIT } from '#foundation/errors.ts';
import { outcomeOf, type SolveReport } from '#operations/solve-report.ts';
import { typeable } from './output.ts';
import { BOARD_PRESENTERS } from './presenters/board.ts';
import { CARE_PRESENTERS } from './presenters/care.ts';
import { COLLABORATION_PRESENTERS } from './presenters/collaboration.ts';
import { GATE_PRESENTERS } from './presenters/gate.ts';
import { MEMORY_PRESENTERS } from './presenters/memory.ts';
import { MODEL_PRESENTERS } from './presenters/model.ts';
import { MONEY_PRESENTERS } from './presenters/money.ts';
import type { Out, Presenter, Presenting } from './presenters/presenter.ts';
import { RUN_PRESENTERS } from './presenters/run.ts';
import { TASK_PRESENTERS } from './presenters/task.ts';
import { TICKET_PRESENTERS } from './presenters/ticket.ts';
import { WORKFLOW_PRESENTERS } from './presenters/workflow.ts';

const PRESENTERS = {
  ...RUN_PRESENTERS,
  ...TICKET_PRESENTERS,
  ...BOARD_PRESENTERS,
  ...COLLABORATION_PRESENTERS,
  ...WORKFLOW_PRESENTERS,
  ...GATE_PRESENTERS,
  ...MEMORY_PRESENTERS,
  ...TASK_PRESENTERS,
  ...MODEL_PRESENTERS,
  ...MONEY_PRESENTERS,
  ...CARE_PRESENTERS,
};

/** A way to show an output. */
export type Presentation = keyof typeof PRESENTERS;

/** Presentations that are, or hold, foreign text, in which the word `cambium` is none of ours to change. */
const EXACT = new Set<Presentation>(['solve', 'diff', 'logs', 'exported']);

/** The text of an output. The presentation says which operation it came from. */
export function present(presentation: Presentation, output: unknown, view: Presenting): string {
  // One text for each kind of output: which kind this is, only the invocation knows.
  const text = (PRESENTERS[presentation] as Presenter<never>)(output as never, view);
  return EXACT.has(presentation) ? text : typeable(text, view.program);
}

const SOLVE_EXITS: Readonly<Record<SolveReport['outcome'], number>> = {
  fixed: EXIT.ok,
  'no-change': EXIT.noChange,
  failed: EXIT.failed,
  limit: EXIT.limit,
  'waiting-human': EXIT.parked,
  paused: EXIT.parked,
  cancelled: EXIT.failed,
};

/** The exit status that an output means; 0 for everything that only shows. */
export function exitOf(presentation: Presentation, output: unknown, allowEmpty: boolean): number {
  switch (presentation) {
    case 'solve':
      return exitOfRun(output as SolveReport, allowEmpty);
    case 'watched': {
      const watched = output as Out<'run.watch'>;
      return exitOfRun({ outcome: outcomeOf(watched), code: watched.run.outcome?.code ?? null }, allowEmpty);
    }
    case 'verify':
      return (output as Out<'verify'>).confirmed ? EXIT.ok : EXIT.gate;
    case 'modelsTested':
      return (output as Out<'model.test'>).tested.every(({ text }) => text.outcome === 'works')
        ? EXIT.ok
        : EXIT.unreachable;
    case 'outcomes':
      return (output as Out<'ticket.move'>).results.some((each) => each.outcome === 'refused')
        ? EXIT.gate
        : EXIT.ok;
    case 'gate':
      return exitOfGate(output as Out<'phase.gate'>);
    case 'worked':
      return exitOfWork(output as Out<'ticket.work'>);
    case 'validated':
      return (output as Out<'workflow.validate'>).valid ? EXIT.ok : EXIT.config;
    case 'doctor':
      return (output as Out<'doctor'>).healthy ? EXIT.ok : EXIT.failed;
    case 'database':
      return (output as Out<'database.check'>).matches ? EXIT.ok : EXIT.unreachable;
    case 'migrated':
      return (output as Out<'database.migrate'>).problems.length === 0 ? EXIT.ok : EXIT.unreachable;
    default:
      return EXIT.ok;
  }
}

function exitOfGate({ gate }: Out<'phase.gate'>): number {
  if (gate === null || gate.status === 'waiting') return EXIT.parked;
  return gate.status === 'blocked' ? EXIT.gate : EXIT.ok;
}

function exitOfWork({ rest }: Out<'ticket.work'>): number {
  if (rest === null || rest.kind === 'done') return EXIT.ok;
  return rest.kind === 'gate' ? EXIT.gate : rest.kind === 'run' ? EXIT.failed : EXIT.parked;
}

function exitOfRun({ outcome, code }: Pick<SolveReport, 'outcome' | 'code'>, allowEmpty: boolean): number {
  if (code !== null && code in ERRORS) return ERRORS[code as keyof typeof ERRORS].exit;
  return outcome === 'no-change' && allowEmpty ? EXIT.ok : SOLVE_EXITS[outcome];
}
