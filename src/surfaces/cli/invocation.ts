// One thing asked on the command line: which operation, with what input, shown how.
import type { OperationName } from '#operations/catalogue.ts';

export const PRESENTATIONS = [
  'solve',
  'init',
  'tickets',
  'ticket',
  'runs',
  'run',
  'watched',
  'faults',
  'diff',
  'logs',
  'requested',
  'worked',
  'verify',
  'doctor',
  'config',
  'origins',
  'database',
  'migrated',
] as const;
export type Presentation = (typeof PRESENTATIONS)[number];

export interface Invocation {
  readonly operation: OperationName;
  readonly input: Readonly<Record<string, unknown>>;
  readonly present: Presentation;
  /** Flags as parsed, the global ones included. */
  readonly options: Readonly<Record<string, unknown>>;
}
