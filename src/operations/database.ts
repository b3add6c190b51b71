// The operations `database.check` and `database.migrate`: say what differs from the expected schema, and mend it.
import { z } from 'zod';
import { defineOperation } from './operation.ts';

export const checkDatabase = defineOperation({
  input: z.strictObject({}),
  output: z.strictObject({
    where: z.string(),
    version: z.string(),
    matches: z.boolean(),
    pending: z.array(z.string()),
    problems: z.array(z.string()),
  }),
  handle: async (context) => {
    const { where, version, pending, problems } = await context.databaseCare.check();
    const matches = pending.length === 0 && problems.length === 0;
    return {
      where,
      version,
      matches,
      pending: [...pending],
      problems: problems.map((problem) => problem.text),
    };
  },
});

export const migrateDatabase = defineOperation({
  input: z.strictObject({}),
  output: z.strictObject({
    applied: z.array(z.string()),
    /** Differences that no migration mends: somebody changed the schema by hand. */
    problems: z.array(z.string()),
  }),
  handle: async (context) => {
    const { applied } = await context.databaseCare.migrate();
    const { problems } = await context.databaseCare.check();
    return { applied: [...applied], problems: problems.map((problem) => problem.text) };
  },
});
