// What a presenter is: the text of one operation's output, for one view.
import type { z } from 'zod';
import type { OperationName, OperationOf } from '#operations/catalogue.ts';
import type { Paint, Terminal } from '../output.ts';

/** The output of an operation. */
export type Out<N extends OperationName> = z.output<OperationOf<N>['output']>;

export interface Presenting {
  readonly terminal: Terminal;
  readonly paint: Paint;
  /** How this user starts the program. */
  readonly program: string;
}

/** The text of one output. */
export type Presenter<O> = (output: O, view: Presenting) => string;
