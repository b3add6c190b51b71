// Calling a role: its input and its output are checked against schemas, so that no executor's slip travels on (R10).
import type { z } from 'zod';
import { AppError } from '#foundation/errors.ts';

/** What an agent is for: a name and the shapes of what goes in and what comes out. */
export interface Role<In extends z.ZodType, Out extends z.ZodType> {
  readonly name: string;
  readonly input: In;
  readonly output: Out;
}

/** Does the work of a role: the built-in engine, a scripted stand-in or, later, a model. What it returns is untrusted. */
export type RoleExecutor<In> = (input: In, signal?: AbortSignal) => Promise<unknown>;

/** One call of a role. */
export interface RoleCall<In extends z.ZodType, Out extends z.ZodType> {
  readonly role: Role<In, Out>;
  readonly input: z.input<In>;
  readonly executor: RoleExecutor<z.output<In>>;
}

const PROBLEMS_SHOWN = 5;

/**
 * Runs `executor` between two checks. A wrong shape on either side is INTERNAL, with a message that names
 * the role, the side and the path of each wrong field.
 */
export async function callRole<In extends z.ZodType, Out extends z.ZodType>(
  call: RoleCall<In, Out>,
  signal?: AbortSignal,
): Promise<z.output<Out>> {
  const input = checked({ role: call.role.name, side: 'input', schema: call.role.input, value: call.input });
  const returned = await call.executor(input, signal);
  return checked({ role: call.role.name, side: 'output', schema: call.role.output, value: returned });
}

interface Check<S extends z.ZodType> {
  readonly role: string;
  readonly side: 'input' | 'output';
  readonly schema: S;
  readonly value: unknown;
}

function checked<S extends z.ZodType>({ role, side, schema, value }: Check<S>): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${pathText(issue.path)}: ${issue.message}`);
  const shown = problems.slice(0, PROBLEMS_SHOWN).join('; ');
  const more = problems.length > PROBLEMS_SHOWN ? ` (and ${problems.length - PROBLEMS_SHOWN} more)` : '';
  throw new AppError('INTERNAL', {
    message: `The ${side} of the role "${role}" has the wrong shape: ${shown}${more}`,
    details: { role, side, problems },
  });
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the whole value' : path.map(String).join('.');
}
