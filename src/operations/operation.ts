// What an operation is: one verb with its input, its output and what it does, written once for every door.
import type { z } from 'zod';
import type { JournalEvent } from '#contracts/event.ts';
import { AppError } from '#foundation/errors.ts';
import type { OperationContext } from './context.ts';

/** Live news of an operation under way. Losing it loses nothing: the journal has every event. */
export interface Edges {
  readonly signal: AbortSignal;
  /** The run at hand by its key, before its first event. Must not throw. */
  readonly onRun: (key: string) => void;
  /** Events of the run at hand, in journal order. Must not throw. */
  readonly onEvent: (event: JournalEvent) => void;
  /** Progress inside a step, too fine for the journal. Must not throw. */
  readonly onProgress: (progress: Progress) => void;
}

/** Where a step stands. Counts are exact; `ratePerSecond` is over the whole step so far. */
export interface Progress {
  readonly activity: string;
  readonly tried: number;
  readonly plausible: number;
  readonly ratePerSecond: number;
  /** What there is to try in all; null or absent where that is not known. */
  readonly planned?: number | null;
  /** Upper bound of what is left, milliseconds. */
  readonly atMostMs?: number;
}

export interface Operation<I extends z.ZodType, O extends z.ZodType> {
  readonly input: I;
  readonly output: O;
  readonly handle: (context: OperationContext, input: z.output<I>, edges: Edges) => Promise<z.input<O>>;
}

/** Binds the types of an operation together; no more. */
export function defineOperation<I extends z.ZodType, O extends z.ZodType>(
  operation: Operation<I, O>,
): Operation<I, O> {
  return operation;
}

/**
 * Runs an operation: checks the input (USAGE), does the work, and checks that the output is what was promised
 * (a difference there is a defect of ours and surfaces as INTERNAL).
 */
export async function perform<I extends z.ZodType, O extends z.ZodType>(
  operation: Operation<I, O>,
  context: OperationContext,
  call: { readonly input: unknown; readonly edges: Edges },
): Promise<z.output<O>> {
  const input = operation.input.safeParse(call.input);
  if (!input.success) {
    const issue = input.error.issues[0];
    throw new AppError('USAGE', {
      message: `${issue?.path.join('.') || 'input'}: ${issue?.message ?? 'not valid'}`,
      details: { issues: input.error.issues.map((each) => ({ path: each.path, message: each.message })) },
    });
  }
  const output = operation.output.safeParse(await operation.handle(context, input.data, call.edges));
  if (!output.success) {
    throw new AppError('INTERNAL', {
      message: `an operation broke its own contract: ${output.error.issues[0]?.path.join('.')} ${output.error.issues[0]?.message}`,
    });
  }
  return output.data;
}
