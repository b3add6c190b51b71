// The one configuration schema: every key with its default and a description; repository files may set only some.
import { z } from 'zod';
import { commandLimits, isolationRung } from '#contracts/command.ts';
import { stopLimits } from '#contracts/run.ts';

const tests = z.strictObject({
  command: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Test command; null detects it from the manifest'),
  directory: z.string().min(1).default('.').describe('Directory of the package inside the repository'),
});

const solve = z.strictObject({
  candidates: z
    .int()
    .positive()
    .default(100_000)
    .describe('Candidate edits tried in all attempts of a run together'),
  budgetMs: z
    .int()
    .positive()
    .default(600_000)
    .describe('Time for searching in all attempts of a run together, milliseconds'),
  attemptMs: z
    .int()
    .positive()
    .default(120_000)
    .describe('Time for searching in one attempt, milliseconds; the next attempt goes on where it ended'),
  allowTestChanges: z
    .boolean()
    .default(false)
    .describe('Accept changes to tests; they are named in the certificate'),
  review: z.boolean().default(false).describe('Wait for a person after the certificate'),
  blockOnCritical: z
    .boolean()
    .default(false)
    .describe('Send the change back when the source scan reports a critical finding'),
  limits: stopLimits.prefault({}).describe('Stop limits of a run'),
});

const sandbox = z.strictObject({
  isolation: z
    .union([z.literal('auto'), isolationRung])
    .default('auto')
    .describe('Isolation of foreign code; auto takes the strongest that works, none is host access'),
  limits: commandLimits.prefault({}).describe('Limits of one command'),
});

const database = z.strictObject({
  url: z.string().nullable().default(null).describe('PostgreSQL server; null uses the embedded one'),
  pgbin: z
    .string()
    .nullable()
    .default(null)
    .describe('Directory with installed PostgreSQL programs for the embedded server'),
});

const log = z.strictObject({
  level: z
    .enum(['silent', 'error', 'warn', 'info', 'debug', 'trace'])
    .default('warn')
    .describe('Least severity that is written to standard error, as JSON lines'),
});

const learning = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Learn from accepted and refused changes, and use what was learned in searches'),
});

export const configSchema = z.strictObject({
  home: z.string().nullable().default(null).describe("Data directory; null takes the platform's"),
  tests: tests.prefault({}),
  solve: solve.prefault({}),
  learning: learning.prefault({}),
  sandbox: sandbox.prefault({}),
  database: database.prefault({}),
  log: log.prefault({}),
});
export type Config = z.infer<typeof configSchema>;

/**
 * Keys that a file inside a repository must not set, because whoever writes the repository is not whoever runs
 * Cambium: a hostile repository could otherwise turn its own sandbox off or send data elsewhere.
 */
export const USER_ONLY_KEYS: readonly string[] = [
  'home',
  'sandbox.isolation',
  'database.url',
  'database.pgbin',
  'solve.allowTestChanges',
  'learning.enabled',
];

/** Environment variables with names of their own, beside the general `CAMBIUM_A__B` form. */
export const ENVIRONMENT_ALIASES: Readonly<Record<string, string>> = {
  CAMBIUM_HOME: 'home',
  CAMBIUM_PGBIN: 'database.pgbin',
  CAMBIUM_DATABASE_URL: 'database.url',
  DATABASE_URL: 'database.url',
};

export interface ConfigKey {
  /** Dotted path, such as `solve.limits.attempts`. */
  readonly path: string;
  readonly schema: z.ZodType;
  readonly description: string;
}

/** Every leaf of the schema, in order of writing. */
export function configKeys(schema: z.ZodType = configSchema, prefix = ''): ConfigKey[] {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodObject))
    return [{ path: prefix, schema, description: schema.description ?? '' }];
  return Object.entries(inner.shape).flatMap(([name, child]) =>
    configKeys(child as z.ZodType, prefix === '' ? name : `${prefix}.${name}`),
  );
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault)
    return unwrap(schema.unwrap() as z.ZodType);
  return schema;
}
