// Workspaces: outside the checkout and without a trace in it, with exact snapshots and restores.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Workspace } from '#sandbox/workspace.ts';
import {
  commitAll,
  git,
  gitAt,
  makeDirectory,
  makeRepository,
  RUNGS,
  remove,
  type runScript,
  sandboxOn,
  user,
  workspacesAt,
  writeFiles,
} from './support.ts';

let directory = '';
let home = '';
beforeEach(() => {
  directory = makeDirectory();
  home = join(directory, 'home of cambium');
});
afterEach(() => remove(directory));
const sandbox = sandboxOn(RUNGS[0] ?? 'bwrap');
const prepare = (repository: string, name = 'run-1', commit = 'HEAD'): Promise<Workspace> =>
  workspacesAt(home).prepare({ repository, commit, name });
const inside = (workspace: Workspace, script: string): ReturnType<typeof runScript> =>
  sandbox.run({ workspace, argv: ['bash', '-c', script], limits: { wallMs: 30_000 } });

/** Everything of the user's checkout that must not move. */
function checkoutState(repository: string): unknown {
  const read = (name: string): string | null => {
    const path = join(repository, '.git', name);
    return existsSync(path) ? readFileSync(path).toString('base64') : null;
  };
  const names = [
    'index',
    'HEAD',
    'config',
    'refs/heads/main',
    'refs/stash',
    'logs/HEAD',
    'ORIG_HEAD',
    'FETCH_HEAD',
  ];
  const files = readdirSync(repository, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.startsWith('.git/objects'),
  );
  return {
    parts: Object.fromEntries(names.map((name) => [name, read(name)])),
    // Objects may be added; no file, lock, hook or work tree record may come.
    files: files.sort(),
    contents: files
      .filter((name) => !name.startsWith('.git') && lstatSync(join(repository, name)).isFile())
      .map((name) => readFileSync(join(repository, name), 'base64')),
    status: gitAt(repository, '--no-optional-locks', 'status', '--porcelain'),
  };
}

test('R37: a whole life of a workspace leaves checkout, index, HEAD and stash byte for byte as they were', async () => {
  const repository = makeRepository(
    directory,
    { 'a.txt': 'one\n', 'b.txt': 'b\n', '.gitignore': 'out/\n' },
    'my repo',
  );
  writeFiles(repository, { 'a.txt': 'stashed\n' });
  gitAt(repository, 'stash');
  writeFiles(repository, { 'a.txt': 'dirty\n', untracked: 'u', 'b.txt': 'staged\n' });
  gitAt(repository, 'add', 'b.txt');
  const before = checkoutState(repository);
  const workspace = await prepare(repository);
  expect(workspace.root.startsWith(repository)).toBe(false);
  // From the commit, not from the dirty files.
  expect(await workspace.read('a.txt')).toBe('one\n');
  await inside(workspace, 'echo two > a.txt; rm b.txt; echo c > c.txt; git init -q . 2>/dev/null; true');
  const tree = await workspace.snapshot();
  await workspace.reset(workspace.commit);
  await workspace.reset(tree);
  await workspacesAt(home).remove(workspace.name);
  expect(checkoutState(repository)).toEqual(before);
});

test('R38: prepare is idempotent, workspaces are listed, opened and removed', async () => {
  const repository = makeRepository(directory, { 'a.txt': 'one\n' });
  const first = await prepare(repository);
  await first.write('left/over', 'x');
  const again = await prepare(repository);
  expect(readdirSync(again.root).sort()).toEqual(['.git', 'a.txt']);
  const workspaces = workspacesAt(home);
  await workspaces.prepare({ repository, commit: 'HEAD', name: 'run-2' });
  expect((await workspaces.list()).map((entry) => [entry.name, entry.repository])).toEqual([
    ['run-1', repository],
    ['run-2', repository],
  ]);
  const opened = await workspaces.open('run-2');
  expect(await opened?.read('a.txt')).toBe('one\n');
  expect(opened?.commit).toBe(first.commit);
  expect(await workspaces.open('run-3')).toBeNull();
  await workspaces.remove('run-2');
  await workspaces.remove('run-2');
  expect((await workspaces.list()).map((entry) => entry.name)).toEqual(['run-1']);
  for (const name of ['../x', 'a/b', '', '.']) {
    await expect(workspaces.remove(name)).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
  }
});

test('R38: a snapshot holds what is there by the rules of .gitignore, and a reset brings exactly that back', async () => {
  const repository = makeRepository(directory, {
    'a.txt': 'one\n',
    'd/e/f.txt': 'f',
    'run.sh': '#!/bin/sh\n',
    '.gitignore': 'out/\n*.log\n',
  });
  const workspace = await prepare(repository);
  const script = `echo two > a.txt; rm -r d; echo d > d; chmod +x run.sh; mkdir -p out new/deep; echo x > out/x; echo l > y.log; echo n > new/deep/n; ln -s /etc/passwd link; ln -s new dirlink; mkdir empty; mkfifo pipe`;
  await inside(workspace, script);
  const tree = await workspace.snapshot();
  expect(gitAt(repository, 'ls-tree', '-r', '--format=%(objectmode) %(path)', tree).split('\n')).toEqual([
    '100644 .gitignore',
    '100644 a.txt',
    '100644 d',
    '120000 dirlink',
    '120000 link',
    '100644 new/deep/n',
    '100755 run.sh',
  ]);
  expect(gitAt(repository, 'cat-file', 'blob', `${tree}:link`)).toBe('/etc/passwd');
  expect(await workspace.snapshot()).toBe(tree);
  await workspace.reset(workspace.commit);
  expect(readdirSync(workspace.root).sort()).toEqual(['.git', '.gitignore', 'a.txt', 'd', 'run.sh']);
  expect(await workspace.read('d/e/f.txt')).toBe('f');
  expect(lstatSync(join(workspace.root, 'run.sh')).mode & 0o111).toBe(0);
  await workspace.reset(tree);
  expect(readdirSync(workspace.root).sort()).toEqual([
    '.git',
    '.gitignore',
    'a.txt',
    'd',
    'dirlink',
    'link',
    'new',
    'run.sh',
  ]);
  expect(readlinkSync(join(workspace.root, 'link'))).toBe('/etc/passwd');
  expect(await workspace.snapshot()).toBe(tree);
  // Commands may go on changing what the host has restored.
  expect((await inside(workspace, 'echo three > a.txt && rm new/deep/n && echo ok')).stdout).toBe('ok\n');
});

test('R37: reading and writing never leave the tree, also after foreign code has put links there', async () => {
  const repository = makeRepository(directory, { 'a.txt': 'one\n', 'd/x': 'x' });
  const workspace = await prepare(repository);
  writeFileSync(join(directory, 'outside'), 'secret');
  await inside(
    workspace,
    `ln -sf ${directory}/outside a.txt; rm -r d; ln -s ${directory} d; ln -s /etc/hostname h`,
  );
  for (const path of ['a.txt', 'd/outside', 'h', '../git/HEAD', '/etc/passwd']) {
    await expect(workspace.read(path)).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
    await expect(workspace.write(path, 'evil')).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
  }
  const tree = await workspace.snapshot();
  expect(gitAt(repository, 'cat-file', 'blob', `${tree}:a.txt`)).toBe(join(directory, 'outside'));
  expect(gitAt(repository, 'ls-tree', '-r', '--name-only', tree)).not.toContain('outside');
  await workspace.reset(workspace.commit);
  expect(readFileSync(join(directory, 'outside'), 'utf8')).toBe('secret');
  expect(readdirSync(directory)).toContain('outside');
  expect(await workspace.read('d/x')).toBe('x');
});

test('R37: a command that keeps swapping a directory for a link cannot draw a snapshot or a reset outside', async () => {
  const repository = makeRepository(directory, { 'd/x': 'inside\n', 'a.txt': 'a' });
  const workspace = await prepare(repository);
  mkdirSync(join(directory, 'victim'));
  chmodSync(join(directory, 'victim'), 0o777);
  writeFileSync(join(directory, 'victim/x'), 'secret');
  const script = `echo up; while :; do mv d e 2>/dev/null; ln -sfn ${directory}/victim d 2>/dev/null; rm -f d; mv e d 2>/dev/null; echo $RANDOM > noise; done`;
  const attacker = await sandbox.start({
    workspace,
    argv: ['bash', '-c', script],
    limits: { wallMs: 60_000 },
  });
  for await (const line of attacker.lines) {
    expect(line).toBe('up');
    break;
  }
  for (let round = 0; round < 10; round += 1) {
    const tree = await workspace.snapshot();
    expect(gitAt(repository, 'ls-tree', '-r', tree)).not.toContain(
      gitAt(repository, 'hash-object', join(directory, 'victim/x')),
    );
    await workspace.reset(workspace.commit);
  }
  attacker.kill();
  expect(await attacker.done).toMatchObject({ ending: 'cancelled' });
  expect(readdirSync(join(directory, 'victim'))).toEqual(['x']);
  expect(readFileSync(join(directory, 'victim/x'), 'utf8')).toBe('secret');
});

test('R38: a running command goes on with its dependencies after a reset', async () => {
  const repository = makeRepository(directory, {
    'a.js': '1',
    '.gitignore': 'node_modules\n',
    'package.json': '{}',
  });
  writeFiles(repository, { 'node_modules/dep/index.js': 'module.exports = 1' });
  const workspace = await prepare(repository);
  const warm = await sandbox.start({
    workspace,
    argv: ['bash', '-c', 'echo up; while read -r l; do node -p "require(\\"dep\\")"; done'],
    limits: { wallMs: 30_000 },
  });
  const lines = warm.lines[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('up');
  await workspace.reset(workspace.commit);
  warm.write('go');
  expect((await lines.next()).value).toBe('1');
  warm.kill();
  await warm.done;
});

test('R38: dependencies of the checkout are there read-only, at the top and in packages, and never in a snapshot', async () => {
  const repository = makeRepository(directory, {
    'package.json': '{}',
    'packages/a/package.json': '{}',
    'packages/b/package.json': '{}',
    'packages/b/node_modules/own/index.js': 'tracked',
    'requirements.txt': '',
  });
  writeFiles(repository, {
    'node_modules/dep/index.js': 'module.exports = "dep"',
    'packages/a/node_modules/two/index.js': 'module.exports = "two"',
    '.venv/bin/tool': 'x',
  });
  mkdirSync(join(repository, 'packages/c'));
  const workspace = await prepare(repository);
  expect(workspace.mounts.map((mount) => mount.inside)).toEqual([
    '.venv',
    'node_modules',
    'packages/a/node_modules',
  ]);
  const script = `node -p "require('dep')"; cd packages/a; node -p "require('two')"; echo x > node_modules/w; cat ../b/node_modules/own/index.js; ls /workspace/.venv/bin`;
  const result = await inside(workspace, script);
  expect(result.stdout).toBe('dep\ntwo\ntrackedtool\n');
  expect(result.stderr).toContain('Read-only file system');
  expect(await workspace.snapshot()).toBe(await git.treeOf(repository, 'HEAD'));
  // Without isolation they are links, which stay out of the snapshot as well.
  const open = await sandboxOn('none').run({ workspace, argv: ['node', '-p', 'require("dep")'] });
  expect(open.stdout).toBe('dep\n');
  expect(await workspace.snapshot()).toBe(await git.treeOf(repository, 'HEAD'));
  expect((await inside(workspace, `node -p "require('dep')"`)).stdout).toBe('dep\n');
});

test('R37: a dependency directory that leads elsewhere is not shown', async () => {
  const repository = makeRepository(directory, { 'package.json': '{}' });
  mkdirSync(join(directory, 'private'));
  symlinkSync(join(directory, 'private'), join(repository, 'node_modules'));
  expect((await prepare(repository)).mounts).toEqual([]);
});

test('R38: names and contents that are not UTF-8, blanks, line breaks and wildcards survive', async () => {
  const repository = makeRepository(directory, {
    'a b.txt': Buffer.from([0xff, 0xfe, 0x0a]),
    'li\nne': 'x',
    '[a]*?.txt': 'glob',
    ' lead': '1',
  });
  execFileSync('bash', ['-c', `printf latin > $'caf\\xe9'`], { cwd: repository });
  commitAll(repository, 'odd');
  const workspace = await prepare(repository);
  expect(await workspace.readBytes('a b.txt')).toEqual(Buffer.from([0xff, 0xfe, 0x0a]));
  await inside(workspace, `printf more >> $'caf\\xe9'; printf n > $'new\\xff'; rm 'li\nne'`);
  const tree = await workspace.snapshot();
  const names = gitAt(repository, 'ls-tree', '-r', '--name-only', tree);
  expect(names).toContain('caf\\351');
  expect(names).toContain('new\\377');
  await workspace.reset(workspace.commit);
  expect(await workspace.snapshot()).toBe(await git.treeOf(repository, 'HEAD'));
  await workspace.reset(tree);
  expect(await workspace.snapshot()).toBe(tree);
});

test('R38: what was committed against its own attributes is not converted in a snapshot, unless it was edited', async () => {
  const repository = makeRepository(directory, { 'a.txt': 'one\r\ntwo\r\n', 'b.txt': 'one\r\ntwo\r\n' });
  commitAll(repository, 'with carriage returns');
  writeFiles(repository, { '.gitattributes': '* text eol=lf\n' });
  gitAt(repository, 'add', '.gitattributes');
  gitAt(repository, 'commit', '-qm', 'the rule comes later');
  const workspace = await prepare(repository);
  expect(await workspace.snapshot()).toBe(await git.treeOf(repository, 'HEAD'));
  await inside(workspace, `touch a.txt; printf 'one\r\nthree\r\n' > b.txt`);
  const tree = await workspace.snapshot();
  expect(gitAt(repository, 'diff-tree', '-r', '--name-only', 'HEAD', tree)).toBe('b.txt');
});

test('R38: new files beyond the bound stay out of a snapshot, changed ones refuse it', async () => {
  const repository = makeRepository(directory, { 'a.txt': 'one\n' });
  const workspace = await prepare(repository);
  await inside(workspace, 'truncate -s 100M core.bin; echo x > "o dd*"');
  expect(gitAt(repository, 'ls-tree', '-r', '--name-only', await workspace.snapshot()).split('\n')).toEqual([
    'a.txt',
    'o dd*',
  ]);
  truncateSync(join(workspace.root, 'a.txt'), 100_000_000);
  await expect(workspace.snapshot()).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    message: expect.stringContaining('a.txt'),
  });
});

test('R38: very deep trees and directories without rights are restored or removed all the same', async () => {
  const repository = makeRepository(directory, { 'a.txt': 'one\n' });
  const workspace = await prepare(repository);
  await inside(workspace, 'mkdir -p locked/x; chmod 000 locked; echo two > a.txt; chmod 000 a.txt');
  await workspace.reset(workspace.commit);
  expect(await workspace.read('a.txt')).toBe('one\n');
  expect(readdirSync(workspace.root).sort()).toEqual(['.git', 'a.txt']);
  const deep = `import os\nfor i in range(150):\n  os.mkdir("d" * 60); os.chdir("d" * 60)`;
  await inside(workspace, `/usr/bin/python3 -c '${deep}'`);
  await workspacesAt(home).remove(workspace.name);
  expect(readdirSync(join(home, 'worktrees'))).toEqual([]);
});

test('S1: what cannot become a workspace is named: no repository, no commit, no right to write', async () => {
  mkdirSync(join(directory, 'plain'));
  await expect(prepare(join(directory, 'plain'))).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY' });
  const repository = makeRepository(directory, { a: '1' });
  await expect(prepare(repository, 'x', 'no-such-branch')).rejects.toMatchObject({ code: 'NO_COMMIT' });
  await expect(prepare(makeRepository(directory, {}, 'empty'))).rejects.toMatchObject({ code: 'NO_COMMIT' });
  expect(existsSync(join(home, 'worktrees'))).toBe(false);
  writeFileSync(join(directory, 'file'), '');
  for (const nowhere of [join(directory, 'file/home'), '/sys/cambium-no-such']) {
    const workspaces = workspacesAt(nowhere);
    await expect(workspaces.prepare({ repository, commit: 'HEAD', name: 'x' })).rejects.toMatchObject({
      code: 'NOT_WRITABLE',
      next: expect.stringContaining('CAMBIUM_HOME'),
    });
  }
});

test('R38: the tree belongs to the sandbox identity, and its git directory is out of reach', async () => {
  const repository = makeRepository(directory, { a: '1' });
  const workspace = await prepare(repository);
  expect(lstatSync(join(workspace.root, 'a')).uid).toBe(user.uid);
  expect(lstatSync(join(workspace.root, '../git')).mode & 0o077).toBe(0);
  const { stdout } = await inside(
    workspace,
    'cat .git; ls -d /workspace/../git /git 2>&1; cat ../git/config 2>&1',
  );
  expect(stdout).not.toContain('[core]');
  expect(stdout).not.toContain(directory);
});

// Only root may make a small disk to fill.
const testOnSmallDisk = user.dropped ? test : null;
testOnSmallDisk?.('R38: a full disk is named, and nothing half-made stays', async () => {
  const repository = makeRepository(directory, { 'big.bin': Buffer.alloc(3_000_000, 'x') });
  mkdirSync(home);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0755', 'tmpfs', home]);
  try {
    await expect(prepare(repository)).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(readdirSync(join(home, 'worktrees'))).toEqual([]);
  } finally {
    execFileSync('umount', [home]);
  }
});
