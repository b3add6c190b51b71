// One thing asked on the command line: which operation, with what input, shown how.
import type { OperationName } from '#operations/catalogue.ts';
import type { Presentation } from './presenters.ts';

export interface Invocation {
  readonly operation: OperationName;
  readonly input: Readonly<Record<string, unknown>>;
  readonly present: Presentation;
  /** Flags as parsed, the global ones included. */
  readonly options: Readonly<Record<string, unknown>>;
}
