// A project: a repository under care, and what was detected in it (S1).
import { z } from 'zod';
import { testPlan } from './tests.ts';

export const language = z.enum(['javascript', 'typescript', 'python', 'ruby']);
export type Language = z.infer<typeof language>;

/** Languages that run in one process and are repaired together. Each has an entry in the tables named in docs/repair.md. */
export const LANGUAGE_FAMILIES = ['javascript', 'python', 'ruby'] as const;
export type LanguageFamily = (typeof LANGUAGE_FAMILIES)[number];

export const projectProfile = z.strictObject({
  /** Every language found with its share of source files, largest first; names beyond `language` may occur. */
  languages: z.array(z.strictObject({ name: z.string(), files: z.int().nonnegative() })),
  /** The language that `solve` would repair; null when none of them is supported. */
  primary: language.nullable(),
  packageManager: z.enum(['npm', 'pnpm', 'yarn', 'bun', 'pip', 'poetry', 'uv', 'bundler']).nullable(),
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
