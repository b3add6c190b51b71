// The operation `config.show`: every key with its value, and on request where it comes from and what it overrides.
import { z } from 'zod';
import { AppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import { defineOperation } from './operation.ts';

const input = z.strictObject({ key: z.string().nullable().default(null) });

const output = z.strictObject({
  keys: z.array(
    z.strictObject({
      path: z.string(),
      description: z.string(),
      value: z.unknown(),
      origin: z.string(),
      overrides: z.array(z.strictObject({ value: z.unknown(), origin: z.string() })),
    }),
  ),
});

const CREDENTIALS = /(\/\/[^/@:\s]+):[^/@\s]+@/g;

export const showConfig = defineOperation({
  input,
  output,
  handle: async (context, { key }) => {
    const wanted = context.origins.filter(
      (each) => key === null || each.path === key || each.path.startsWith(`${key}.`),
    );
    if (wanted.length === 0) {
      throw new AppError('USAGE', {
        message: `there is no configuration key "${plainText(key ?? '')}"`,
        next: 'cambium config show lists every key',
      });
    }
    return {
      keys: wanted.map((each) => {
        const shown = each.candidates.map(({ value, origin }) => ({ value: masked(value), origin }));
        const [winner = { value: null, origin: 'default' }, ...overrides] = shown;
        return { path: each.path, description: each.description, ...winner, overrides };
      }),
    };
  },
});

/** A value that is safe to show: passwords inside addresses are replaced. */
function masked(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(CREDENTIALS, '$1:***@') : value;
}
