// Snapshots and time: an edit that keeps a file's size is seen, however close to the last look at the file it came.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, git, makeDirectory, makeRepository, remove, workspacesAt } from './support.ts';

const second = (): number => Math.floor(Date.now() / 1000);

test('an edit of equal size in the second of a reset is in the snapshot that a later second takes', async () => {
  const directory = makeDirectory();
  try {
    const repository = makeRepository(join(directory, 'repository'), { 'a.js': 'a - b\n' });
    const workspace = await workspacesAt(join(directory, 'home')).prepare({
      repository,
      commit: 'HEAD',
      name: 'timing',
    });
    const base = await git.treeOf(repository, 'HEAD');
    let began = -1;
    // Reset and edit have to fall into one second, as git's own record of time has that grain.
    for (let tries = 0; tries < 20 && began !== second(); tries += 1) {
      await workspace.write('a.js', 'a * b\n');
      began = second();
      await workspace.reset(base);
      await workspace.write('a.js', 'a + b\n');
    }
    const edited = second();
    await eventually(() => second() > edited);
    const tree = await workspace.snapshot();
    expect((await git.readBlob(repository, tree, 'a.js'))?.toString()).toBe('a + b\n');
  } finally {
    remove(directory);
  }
});
