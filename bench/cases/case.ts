// A benchmark case as files of a repository, and the parts that every kind of case shares.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Case {
  readonly name: string;
  /** What runs its tests. */
  readonly runner: 'node' | 'pytest';
  /** Path in the repository → content, with the bug in it. */
  readonly files: ReadonlyMap<string, string>;
  /** The file that holds the bug, and what it is in the reference solution. */
  readonly fixed: { readonly path: string; readonly text: string };
}

/** Which of a test script's assertions the case shall have; all when not given. `unit` counts from 0. */
export type Keep = (unit: number, units: number) => boolean;

export const KEEP_ALL: Keep = () => true;

/** Text of a file of a case; null when the case has none of that name. */
export async function readCaseFile(directory: string, name: string): Promise<string | null> {
  try {
    return await readFile(join(directory, name), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Text of a file that a case must have. */
export async function requireCaseFile(directory: string, name: string): Promise<string> {
  const text = await readCaseFile(directory, name);
  if (text === null) throw new Error(`${directory} has no ${name}`);
  return text;
}

/** A short title for a test made of an assertion's own words. */
export function titleOf(source: string, number: number): string {
  const words = source.replace(/\s+/g, ' ').trim();
  return `${number}: ${words.length > 80 ? `${words.slice(0, 79)}…` : words}`;
}
