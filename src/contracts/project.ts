// A project: a repository under care, and what was detected in it (S1).
import { z } from 'zod';
import { testPlan } from './tests.ts';

export const language = z.enum(['javascript', 'typescript', 'python']);
export type Language = z.infer<typeof language>;

export const projectProfile = z.strictObject({
  /** Every language found with its share of source files, largest first; names beyond `language` may occur. */
  languages: z.array(z.strictObject({ name: z.string(), files: z.int().nonnegative() })),
  /** The language that `solve` would repair; null when none of them is supported. */
  primary: language.nullable(),
  packageManager: z.enum(['npm', 'pnpm', 'yarn', 'bun', 'pip', 'poetry', 'uv']).nullable(),
  framework: z.string().nullable(),
  tests: testPlan.nullable(),
  /** Build command where the manifest has one (S28). */
  build: z.array(z.string()).nullable(),
  /** What a person should know about the detection, one sentence each; absent when there is nothing. */
  notes: z.array(z.string()).optional(),
});
export type ProjectProfile = z.infer<typeof projectProfile>;

export const project = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** Absolute real path of the repository's work tree. */
  path: z.string(),
  origin: z.string().nullable(),
  profile: projectProfile,
  createdAt: z.string(),
  lastAnalyzedAt: z.string(),
});
export type Project = z.infer<typeof project>;
