// The host's git: nothing that a repository names is executed, and what is read is what is there.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askGit } from '#sandbox/repository/git-process.ts';
import {
  commitAll,
  git,
  gitAt,
  makeDirectory,
  makeRepository,
  RUNGS,
  remove,
  sandboxOn,
  user,
  workspacesAt,
  writeFiles,
} from './support.ts';

let directory = '';
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => remove(directory));

const IDENTITY = { name: 'Cambium', email: 'cambium@localhost' };

describe('a hostile repository', () => {
  /** Every setting of git that names a program, pointing to one that leaves a trace. */
  function arm(repository: string): string {
    const trace = join(directory, 'executed');
    const program = join(directory, 'evil.sh');
    writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> "${trace}"\ncat\n`);
    chmodSync(program, 0o755);
    const settings = `[core]
	fsmonitor = ${program}
	hooksPath = ${directory}/hooks
	sshCommand = ${program}
	pager = ${program}
	editor = ${program}
	attributesFile = ${directory}/attributes
	gitProxy = ${program}
	alternateRefsCommand = ${program}
[filter "evil"]
	clean = ${program}
	smudge = ${program}
	process = ${program}
	required = true
[diff]
	external = ${program}
[diff "evil"]
	command = ${program}
	textconv = ${program}
[merge "evil"]
	driver = ${program}
[alias]
	status = !${program}
	add = !${program}
	rev-parse = !${program}
[gpg]
	program = ${program}
[commit]
	gpgSign = true
[log]
	showSignature = true
[credential]
	helper = !${program}
[pager]
	log = ${program}
	diff = ${program}
[uploadpack]
	packObjectsHook = ${program}
[extensions]
	partialClone = origin
[remote "origin"]
	url = ext::${program}
	promisor = true
	uploadpack = ${program}
[protocol]
	allow = always
`;
    const config = join(repository, '.git/config');
    writeFileSync(config, `${readFileSync(config, 'utf8')}${settings}`);
    mkdirSync(join(directory, 'hooks'));
    for (const hook of [
      'post-checkout',
      'pre-commit',
      'post-index-change',
      'reference-transaction',
      'post-rewrite',
      'fsmonitor-watchman',
    ]) {
      for (const place of [join(directory, 'hooks', hook), join(repository, '.git/hooks', hook)]) {
        mkdirSync(join(place, '..'), { recursive: true });
        writeFileSync(place, `#!/bin/sh\necho ${hook} >> "${trace}"\n`);
        chmodSync(place, 0o755);
      }
    }
    writeFileSync(join(directory, 'attributes'), '* filter=evil diff=evil merge=evil\n');
    mkdirSync(join(repository, '.git/info'), { recursive: true });
    writeFileSync(join(repository, '.git/info/attributes'), '* filter=evil diff=evil merge=evil\n');
    return trace;
  }

  async function everything(repository: string): Promise<void> {
    const commit = await git.resolveCommit(repository, 'HEAD');
    const first = await git.resolveCommit(repository, 'HEAD~1');
    await git.locate(repository);
    await git.isDirty(repository);
    await git.listFiles(repository, commit);
    expect((await git.readBlob(repository, commit, 'a.txt'))?.toString()).toBe('two\n');
    expect(await git.diff(repository, first, commit)).toContain('+two');
    await git.changedFiles(repository, first, commit);
    await git.history(repository, commit, 10);
    await git.isAncestor(repository, first, commit);
    await git.currentBranch(repository);
    await git.originUrl(repository);
    const made = await git.commitTree(repository, {
      ...{
        tree: await git.treeOf(repository, first),
        parents: [commit],
        message: 'made',
        identity: IDENTITY,
      },
      dateIso: '2026-01-01T00:00:00Z',
    });
    expect(await git.updateRef(repository, { ref: 'refs/heads/cambium/x', from: null, to: made })).toBe(true);
    await git.listRefs(repository, 'refs/cambium/');
    await expect(
      git.resolveCommit(repository, '1234567890123456789012345678901234567890'),
    ).rejects.toMatchObject({ code: 'NO_COMMIT' });
    const workspaces = workspacesAt(join(directory, 'home'));
    const workspace = await workspaces.prepare({ repository, commit, name: 'hostile' });
    await workspace.write('a.txt', 'three\n');
    const tree = await workspace.snapshot();
    expect(await workspace.diff()).toContain('+three');
    await workspace.reset(commit);
    await workspace.reset(tree);
    await workspaces.remove('hostile');
  }

  test('R37: executes nothing on any operation of ours, whatever its configuration, attributes and hooks name', async () => {
    const repository = makeRepository(directory, { 'a.txt': 'one\n' });
    writeFiles(repository, {
      'a.txt': 'two\n',
      '.gitattributes': '*.txt filter=evil diff=evil merge=evil\n',
    });
    commitAll(repository, 'second');
    const trace = arm(repository);
    // The trap is real: git as people use it falls into it.
    expect(() => gitAt(repository, 'add', 'a.txt')).toThrow();
    expect(existsSync(trace)).toBe(true);
    remove(trace);
    writeFileSync(join(repository, 'a.txt'), 'changed in the checkout\n');
    await everything(repository);
    expect(existsSync(trace)).toBe(false);
  });

  test('R37: what sandboxed code writes into .git, into submodules or attributes is never executed on the host', async () => {
    const repository = makeRepository(directory, { 'a.txt': 'one\n', 'sub/b.txt': 'b\n' });
    const workspace = await workspacesAt(join(directory, 'home')).prepare({
      repository,
      commit: 'HEAD',
      name: 'later',
    });
    const trace = join(directory, 'executed');
    const evil = `mkdir -p /tmp/x && cd /tmp/x && git init -q . && git config core.fsmonitor "touch ${trace}" && git config filter.evil.clean "touch ${trace}" && git config core.hooksPath /workspace/hooks`;
    const script = `${evil}; cd /workspace; rm -f .git; echo "gitdir: /workspace/own" > .git; cp -r /tmp/x/.git own; cp -r /tmp/x/.git sub/.git; (cd sub && git -c user.name=x -c user.email=x@y add b.txt)
      mkdir -p nested && cp -r /tmp/x/.git nested/.git && echo n > nested/file; mkdir empty.git && cp -r /tmp/x/.git/. empty.git/
      mkdir hooks; printf '#!/bin/sh\\ntouch ${trace}\\n' > hooks/post-checkout; chmod +x hooks/*; echo '* filter=evil' > .gitattributes; echo two > a.txt; mv .git moved 2>/dev/null; echo done`;
    const result = await sandboxOn(RUNGS[0] ?? 'bwrap').run({ workspace, argv: ['bash', '-c', script] });
    expect(result.stdout).toBe('done\n');
    expect(readFileSync(join(workspace.root, '.git'), 'utf8')).toBe('gitdir: ../git\n');
    const tree = await workspace.snapshot();
    expect(await workspace.diff()).toContain('+two');
    const files = await git.listFiles(repository, tree);
    expect(files).toContain('sub/b.txt');
    expect(files.filter((path) => /(^|\/)\.git(\/|$)|^nested/.test(path))).toEqual([]);
    // A person who looks at the tree with the own git is safe as well.
    expect(gitAt(workspace.root, 'status', '--short')).toContain('a.txt');
    await workspace.reset('HEAD');
    expect(await workspace.read('a.txt')).toBe('one\n');
    expect(existsSync(join(workspace.root, 'nested'))).toBe(false);
    expect(existsSync(trace)).toBe(false);
  });
});

describe('places', () => {
  test('S1: a path with spaces, a link to it, and a directory inside it are the same repository', async () => {
    const repository = makeRepository(directory, { 'packages/a/x.js': '1' }, 'my own repo');
    symlinkSync(repository, join(directory, 'link'));
    for (const path of [
      repository,
      join(directory, 'link'),
      join(repository, 'packages/a'),
      join(directory, 'link/packages/a/x.js'),
    ]) {
      expect(await git.topLevel(path)).toBe(repository);
    }
    expect((await git.locate(join(repository, 'packages/a'))).prefix).toBe('packages/a');
  });

  test('S1: no repository, a bare one, a missing path and an empty repository are told apart', async () => {
    mkdirSync(join(directory, 'plain'));
    gitAt(directory, 'init', '-q', '--bare', 'bare.git');
    for (const path of ['plain', 'bare.git', 'missing']) {
      await expect(git.locate(join(directory, path))).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY' });
      expect(await git.isRepository(join(directory, path))).toBe(false);
    }
    const empty = makeRepository(directory, {}, 'empty');
    expect(await git.isRepository(empty)).toBe(true);
    expect(await git.isDirty(empty)).toBe(false);
    expect(await git.currentBranch(empty)).toBe('main');
    await expect(git.resolveCommit(empty, 'HEAD')).rejects.toMatchObject({
      code: 'NO_COMMIT',
      next: expect.stringContaining('git commit'),
    });
    await expect(git.resolveCommit(empty, '--all')).rejects.toMatchObject({ code: 'NO_COMMIT' });
  });

  test('S1: the checkout may be dirty by a change, a new file or the index; looking changes no byte of it', async () => {
    const repository = makeRepository(directory, { 'a.txt': 'one\n', '.gitignore': 'ignored\n' });
    const index = (): Buffer => readFileSync(join(repository, '.git/index'));
    writeFiles(repository, { ignored: 'x' });
    expect(await git.isDirty(repository)).toBe(false);
    writeFiles(repository, { new: 'x' });
    const before = index();
    expect(await git.isDirty(repository)).toBe(true);
    expect(index()).toEqual(before);
    gitAt(repository, 'add', 'new');
    expect(await git.isDirty(repository)).toBe(true);
    commitAll(repository, 'second');
    writeFiles(repository, { 'a.txt': 'two\n' });
    expect(await git.isDirty(repository)).toBe(true);
  });

  test('S1: the origin is shown without its credentials', async () => {
    const repository = makeRepository(directory, { a: '1' });
    expect(await git.originUrl(repository)).toBeNull();
    gitAt(repository, 'remote', 'add', 'origin', 'https://me:token@example.org/x.git');
    expect(await git.originUrl(repository)).toBe('https://example.org/x.git');
    gitAt(repository, 'remote', 'set-url', 'origin', 'https://me:to@ken@example.org/x.git');
    expect(await git.originUrl(repository)).toBe('https://example.org/x.git');
  });
});

describe('contents and references', () => {
  test('S1: a name may hold tabs, line breaks and control characters', async () => {
    const strange = 'a.txt\tmore\nlines \u001b[31m';
    const repository = makeRepository(directory, { [strange]: 'strange' });
    expect(await git.listFiles(repository, 'HEAD')).toEqual([strange]);
    expect((await git.readBlob(repository, 'HEAD', strange))?.toString()).toBe('strange');
  });

  test('S1: files, contents, changes and history of commits', async () => {
    const repository = makeRepository(directory, {
      'a.txt': 'one\n',
      'ü b.txt': 'ü',
      'c/d': Buffer.from([0xff, 0]),
    });
    symlinkSync('a.txt', join(repository, 'link'));
    const first = commitAll(repository, 'with a link');
    writeFiles(repository, { 'a.txt': 'two\n', e: 'new' });
    remove(join(repository, 'c'));
    const second = commitAll(repository, 'third: more');
    expect(await git.listFiles(repository, first)).toEqual(['a.txt', 'c/d', 'ü b.txt']);
    expect(await git.readBlob(repository, first, 'c/d')).toEqual(Buffer.from([0xff, 0]));
    for (const path of ['link', 'c', 'nothing', '*'])
      expect(await git.readBlob(repository, first, path)).toBeNull();
    expect(await git.changedFiles(repository, first, second)).toEqual([
      { path: 'a.txt', change: 'modified' },
      { path: 'c/d', change: 'deleted' },
      { path: 'e', change: 'added' },
    ]);
    const history = await git.history(repository, second, 2);
    expect(history.map((entry) => entry.subject)).toEqual(['third: more', 'with a link']);
    expect(history[0]).toMatchObject({ commit: second, parents: [first], author: 'Ada' });
    expect(await git.isAncestor(repository, first, second)).toBe(true);
    expect(await git.isAncestor(repository, second, first)).toBe(false);
  });

  test('S29: commits are equal for equal requests, and references move only from where they were', async () => {
    const repository = makeRepository(directory, { a: '1' });
    const head = await git.resolveCommit(repository, 'HEAD');
    const tree = await git.treeOf(repository, head);
    const request = {
      tree,
      parents: [head],
      message: 'x\n\nTicket: TKT-1\n',
      identity: IDENTITY,
      dateIso: '2026-01-01T00:00:00Z',
    };
    const made = await git.commitTree(repository, request);
    expect(await git.commitTree(repository, request)).toBe(made);
    expect(gitAt(repository, 'log', '-1', '--format=%an <%ae> %B', made)).toContain(
      'Cambium <cambium@localhost> x\n\nTicket: TKT-1',
    );
    const ref = 'refs/heads/cambium/TKT-1';
    expect(await git.updateRef(repository, { ref, from: null, to: made })).toBe(true);
    expect(await git.updateRef(repository, { ref, from: null, to: head })).toBe(false);
    expect(await git.updateRef(repository, { ref, from: head, to: head })).toBe(false);
    expect(await git.readRef(repository, ref)).toBe(made);
    expect(await git.updateRef(repository, { ref, from: made, to: head })).toBe(true);
    expect(await git.listRefs(repository, 'refs/heads/cambium/')).toEqual([{ ref, target: head }]);
    expect(await git.updateRef(repository, { ref, from: head, to: null })).toBe(true);
    expect(await git.readRef(repository, ref)).toBeNull();
  });

  test('S29: a branch that is checked out, and references that are not ours, are not moved', async () => {
    const repository = makeRepository(directory, { a: '1' });
    const head = await git.resolveCommit(repository, 'HEAD');
    await expect(
      git.updateRef(repository, { ref: 'refs/heads/main', from: head, to: head }),
    ).rejects.toMatchObject({ code: 'RUN_CONFLICT' });
    for (const ref of ['HEAD', 'refs/tags/x', 'refs/heads/../x', 'refs/heads/a b', '--all']) {
      await expect(git.updateRef(repository, { ref, from: null, to: head })).rejects.toMatchObject({
        code: 'INTERNAL',
      });
    }
  });

  test('S1: a repository of another owner is read and written under root', async () => {
    const repository = makeRepository(directory, { a: '1' });
    const { execFileSync } = await import('node:child_process');
    if (user.dropped) execFileSync('/bin/chown', ['-R', `${user.uid}:${user.gid}`, repository]);
    expect(await git.listFiles(repository, 'HEAD')).toEqual(['a']);
    expect(await git.isDirty(repository)).toBe(false);
  });
});

test('a pipe in place of one of git’s own files ends the call at its time limit', async () => {
  const repository = makeRepository(directory, { a: '1' });
  remove(join(repository, '.git', 'HEAD'));
  execFileSync('mkfifo', [join(repository, '.git', 'HEAD')]);
  const call = askGit({ args: ['rev-parse', 'HEAD'], directory: repository, wallMs: 500 });
  await expect(call).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    message: expect.stringContaining('longer than 500 ms'),
  });
});
