// The operations on workflow files: list them, check them, show one, and give a stored version back as it was written.
import { resolve } from 'node:path';
import { z } from 'zod';
import { workflow } from '#contracts/workflow.ts';
import { errorCode } from '#foundation/errors.ts';
import type { DefinitionFile } from '#workflows/definitions.ts';
import type { OperationContext } from './context.ts';
import { defineOperation } from './operation.ts';

const file = z.strictObject({
  name: z.string(),
  origin: z.string(),
  kind: z.enum(['preset', 'repository']),
  description: z.string(),
  phases: z.array(z.string()),
  digest: z.string(),
  /** `file:line:column  what is wrong; what would mend it` */
  problems: z.array(z.string()),
});

function shown({ workflow: parsed, ...rest }: DefinitionFile): z.output<typeof file> {
  const phases = parsed?.phases.map(({ id }) => id) ?? [];
  return { ...rest, description: parsed?.description ?? '', phases, problems: [...rest.problems] };
}

const path = z.string().min(1).default('.');

/** The work tree that a path lies in; null outside of one, where there are presets all the same. */
async function repositoryAt(context: OperationContext, at: string): Promise<string | null> {
  return context.git.topLevel(resolve(context.cwd, at)).catch((error: unknown) => {
    if (errorCode(error) === 'NOT_A_REPOSITORY') return null;
    throw error;
  });
}

export const listWorkflows = defineOperation({
  input: z.strictObject({ path }),
  output: z.strictObject({ workflows: z.array(file) }),
  handle: async (context, input) => {
    const { definitions } = await context.ticketing();
    const files = await definitions.files(await repositoryAt(context, input.path));
    return { workflows: files.map(shown) };
  },
});

export const validateWorkflows = defineOperation({
  input: z.strictObject({
    /** A file; null for all those of the repository. */
    file: z.string().min(1).nullable().default(null),
    path,
  }),
  output: z.strictObject({ valid: z.boolean(), files: z.array(file) }),
  handle: async (context, input) => {
    const { definitions } = await context.ticketing();
    const files =
      input.file === null
        ? await definitions.files(await repositoryAt(context, input.path))
        : [await definitions.check(resolve(context.cwd, input.file))];
    return { valid: files.every(({ problems }) => problems.length === 0), files: files.map(shown) };
  },
});

const named = z.strictObject({
  /** A name, the digest of a stored version, or a ticket: then the version that it keeps. */
  workflow: z.string().min(1),
  path,
});

export const showWorkflow = defineOperation({
  input: named,
  output: z.strictObject({ workflow, origin: z.string(), digest: z.string(), problems: z.array(z.string()) }),
  handle: async (context, input) => {
    const { definitions } = await context.ticketing();
    const digest = await digestOf(context, input.workflow);
    if (digest !== null) {
      const { origin } = await definitions.source(digest);
      return { workflow: await definitions.version(digest), origin, digest, problems: [] };
    }
    const found = await definitions.current(input.workflow, await repositoryAt(context, input.path));
    const { origin, problems } = found;
    return { workflow: found.workflow, origin, digest: found.digest, problems: [...problems] };
  },
});

export const exportWorkflow = defineOperation({
  input: named,
  output: z.strictObject({ name: z.string(), digest: z.string(), source: z.string() }),
  handle: async (context, input) => {
    const { definitions } = await context.ticketing();
    const digest = await digestOf(context, input.workflow);
    if (digest !== null) {
      const { name, source } = await definitions.source(digest);
      return { name, digest, source };
    }
    const found = await definitions.current(input.workflow, await repositoryAt(context, input.path));
    return { name: found.workflow.name, digest: found.digest, source: found.source };
  },
});

/** The stored version that is meant; null where a name is meant. */
async function digestOf(context: OperationContext, word: string): Promise<string | null> {
  if (word.startsWith('sha256:')) return word;
  if (!/^tkt[-_]/i.test(word)) return null;
  const { tickets } = await context.ticketing();
  return (await tickets.show(word)).workflow;
}
