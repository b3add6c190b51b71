// Small real git repositories for tests, written on the fly.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRepository } from '#sandbox/new-repository.ts';

const IDENTITY = { name: 'Test Person', email: 'test@example.org' };

export type Files = Readonly<Record<string, string | Uint8Array | null>>;

/** A repository at `path` whose commits apply `steps` in order, a minute apart. */
export async function layOut(path: string, ...steps: readonly Files[]): Promise<string> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
  const commits = steps.map((files, index) => ({
    message: `Step ${index + 1}`,
    dateIso: `2026-01-01T10:${String(index).padStart(2, '0')}:00Z`,
    identity: IDENTITY,
    files: new Map(
      Object.entries(files).map(([file, content]) => [
        file,
        typeof content === 'string' ? new TextEncoder().encode(content) : content,
      ]),
    ),
  }));
  await createRepository(path, commits);
  return path;
}

/** Writes files into a work tree without committing them. */
export async function scribble(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), text);
  }
}

/** A library with one mistake that one operator mends, and tests that show it. */
export const BROKEN_MAX: Files = {
  'package.json': JSON.stringify({ name: 'largest', type: 'module', scripts: { test: 'node --test' } }),
  'src/largest.js': `export function largest(numbers) {
  if (numbers.length === 0) return null;
  let best = numbers[0];
  for (const number of numbers) {
    if (number < best) best = number;
  }
  return best;
}
`,
  'test/largest.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largest } from '../src/largest.js';

test('nothing has no largest', () => assert.equal(largest([]), null));
test('one is the largest of itself', () => assert.equal(largest([4]), 4));
test('the largest may stand anywhere', () => {
  assert.equal(largest([1, 5, 3]), 5);
  assert.equal(largest([7, 5, 3]), 7);
});
test('negative numbers count', () => assert.equal(largest([-3, -1, -2]), -1));
`,
};
