// The bundled sample is what it claims to be: a history that was sound, one commit that was not, a tree that follows from it.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const SAMPLE = fileURLToPath(new URL('../../examples/opening-hours/', import.meta.url));
const BAD_COMMIT = 3;
const BROKEN = [
  'at the last closing of the week, the next change is next week',
  'at the minute of closing, the next change is the opening after it',
];

const history = z
  .strictObject({
    schema: z.literal('cambium.sample/1'),
    name: z.string(),
    title: z.string(),
    ticket: z.string(),
    author: z.strictObject({ name: z.string(), email: z.email() }),
    commits: z
      .array(
        z.strictObject({
          message: z.string(),
          date: z.iso.datetime({ offset: true }),
          files: z.record(z.string(), z.string()),
        }),
      )
      .min(5),
  })
  .parse(JSON.parse(await readFile(join(SAMPLE, 'history.json'), 'utf8')));

let directory = '';
let outcomes: { passed: string[]; failed: string[] }[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cambium-sample-'));
  outcomes = [];
  for (const { files } of history.commits) {
    for (const [path, source] of Object.entries(files)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await cp(join(SAMPLE, source), join(directory, path));
    }
    outcomes.push(await runTests(directory));
  }
}, 60_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

test('the tree of the last commit is the tree that people see', async () => {
  expect(await readTree(directory)).toEqual(await readTree(join(SAMPLE, 'repository')));
});

test('the commits come one after the other in time', () => {
  const times = history.commits.map(({ date }) => Date.parse(date));
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test('all tests pass until one commit, and the same ones fail from then on', () => {
  const failing = outcomes.map(({ failed }) => [...failed].sort());
  expect(failing).toEqual(history.commits.map((_commit, index) => (index < BAD_COMMIT ? [] : BROKEN)));
});

test('the failing tests passed before, so that they are a regression and no wish', () => {
  expect(outcomes[BAD_COMMIT - 1]?.passed).toEqual(expect.arrayContaining(BROKEN));
});

test('it is a library with a suite, of several files', async () => {
  const paths = Object.keys(await readTree(join(SAMPLE, 'repository')));
  expect(paths.filter((path) => /^src\/.+\.ts$/.test(path)).length).toBeGreaterThanOrEqual(5);
  expect(outcomes.at(-1)?.passed.length).toBeGreaterThanOrEqual(25);
});

/** Names of the tests that `node --test` ran in `cwd`, by outcome. */
function runTests(cwd: string): Promise<{ passed: string[]; failed: string[] }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--test', '--test-reporter=tap'],
      { cwd, timeout: 30_000, env: {} },
      (_error, stdout) => {
        const names = (mark: string) =>
          stdout
            .split('\n')
            .flatMap((line) => (line.startsWith(mark) ? [line.replace(/^.*? \d+ - /, '')] : []))
            .map((name) => name.replaceAll('\\', ''));
        resolve({ passed: names('ok '), failed: names('not ok ') });
      },
    );
  });
}

async function readTree(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    paths
      .sort()
      .map(
        async (path) => [path.slice(root.length).replace(/^\//, ''), await readFile(path, 'utf8')] as const,
      ),
  );
  return Object.fromEntries(texts);
}
