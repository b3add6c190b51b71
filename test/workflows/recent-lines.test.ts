// Lines that recent commits wrote, read from real diffs.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '#foundation/log.ts';
import { createGit } from '#sandbox/git.ts';
import { addedLines, recentLines } from '../../src/workflows/steps/recent-lines.ts';
import { git, makeRepository } from './support/laboratory.ts';

let repository: Awaited<ReturnType<typeof makeRepository>>;
beforeEach(async () => {
  repository = await makeRepository({ 'a.js': 'one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n' });
});
afterEach(() => repository.dispose());

async function commit(text: string): Promise<string> {
  await writeFile(join(repository.path, 'a.js'), text);
  git(repository.path, 'commit', '-q', '-am', 'Change');
  return git(repository.path, 'rev-parse', 'HEAD');
}
const recent = async (since: Parameters<typeof recentLines>[2]) => {
  const base = git(repository.path, 'rev-parse', 'HEAD');
  const tree = git(repository.path, 'rev-parse', 'HEAD^{tree}');
  return recentLines(
    createGit({ log: createLog({ level: 'silent' }) }),
    { repository: repository.path, base, tree },
    since,
  );
};

test('of the commit since which tests fail, later changes are counted in, earlier ones are not', async () => {
  await commit('ONE\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n');
  const guilty = await commit('ONE\ntwo\nthree\nfour\nFIVE\nsix\nseven\neight\nnine\n');
  await commit('zero\nONE\ntwo\nthree\nfour\nFIVE\nsix\nseven\neight\n++ nine\n');
  const since = { kind: 'commit' as const, commit: guilty, subject: 'Change', date: '2025-01-01' };
  expect(await recent(since)).toEqual([{ file: 'a.js', lines: [1, 6, 10] }]);
});

test('without such a commit the last few count, and a repository of one commit tells nothing', async () => {
  expect(await recent(null)).toEqual([]);
  for (let at = 1; at <= 6; at += 1) {
    await commit(`one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine ${at}\n`);
  }
  expect(await recent(null)).toEqual([{ file: 'a.js', lines: [9] }]);
});

test('a line that looks like the head of a file is one', () => {
  const diff =
    '+++ b/x.js\n@@ -1 +1,2 @@\n-a\n+++ b/y.js\n+c\n+++ b/z.js\n@@ -0,0 +4 @@\n+d\n\\ No newline at end of file\n';
  expect(addedLines(diff)).toEqual([
    { file: 'x.js', lines: [1, 2] },
    { file: 'z.js', lines: [4] },
  ]);
});
