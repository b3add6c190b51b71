// The host's git, hardened: nothing that a repository's configuration or attributes name is ever executed.
import { isUtf8 } from 'node:buffer';
import { readdir, realpath, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, errorCode } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import { clip, plainText } from '#foundation/text.ts';
import { askGit, callGit, gitFailure } from './repository/git-process.ts';
import { splitNul } from './repository/names.ts';
import { linkSharedIndexes, makeShadow, repositoryParts, throughShadow } from './repository/shadow.ts';
import { makeScratch } from './scratch.ts';

/** Where a path stands in a repository. */
export interface RepositoryPlace {
  /** Real absolute path of the work tree. */
  readonly topLevel: string;
  /** Real absolute path of the common git directory. */
  readonly gitDirectory: string;
  /** The asked path relative to `topLevel`, `.` for the top itself. */
  readonly prefix: string;
}

export interface CommitSummary {
  readonly commit: string;
  readonly parents: readonly string[];
  readonly author: string;
  /** ISO 8601. */
  readonly authoredAt: string;
  readonly subject: string;
}

export interface ChangedFile {
  readonly path: string;
  readonly change: 'added' | 'deleted' | 'modified' | 'type-changed';
}

export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface CommitRequest {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly identity: Identity;
  /** Author and committer date, ISO 8601; equal requests give equal commits. */
  readonly dateIso: string;
}

/** `repository` is always a path inside the work tree. Methods throw COMMAND_FAILED when git fails otherwise. */
export interface Git {
  /** Throws NOT_A_REPOSITORY (also for bare repositories and paths that are not there). */
  locate(path: string): Promise<RepositoryPlace>;
  isRepository(path: string): Promise<boolean>;
  topLevel(path: string): Promise<string>;
  /** Full id of the commit that `ref` names. Throws NO_COMMIT. */
  resolveCommit(repository: string, ref: string): Promise<string>;
  /** Tree id of a commit or tree. Throws NO_COMMIT. */
  treeOf(repository: string, treeish: string): Promise<string>;
  /** Paths of regular files of a commit or tree (no links, no submodules), sorted by bytes. */
  listFiles(repository: string, treeish: string): Promise<string[]>;
  /** Content of a file; null when there is no such file. Throws COMMAND_FAILED beyond 64 MiB. */
  readBlob(repository: string, treeish: string, path: string): Promise<Buffer | null>;
  /** Unified diff of two commits or trees. */
  diff(repository: string, from: string, to: string): Promise<string>;
  changedFiles(repository: string, from: string, to: string): Promise<ChangedFile[]>;
  /** First-parent history from `commit`, newest first. */
  history(repository: string, commit: string, maxCommits: number): Promise<CommitSummary[]>;
  /** Full ids of commits that the first-parent history from `commit` says it reverts. */
  revertedCommits(repository: string, commit: string, maxCommits: number): Promise<string[]>;
  isAncestor(repository: string, ancestor: string, descendant: string): Promise<boolean>;
  /** Whether tracked files differ from HEAD, or untracked files are there. Takes no lock, writes nothing. */
  isDirty(repository: string): Promise<boolean>;
  /** The checked-out branch; null when detached. */
  currentBranch(repository: string): Promise<string | null>;
  /** URL of the remote `origin` without user name and password; null when there is none. */
  originUrl(repository: string): Promise<string | null>;
  /** What a full reference (`refs/heads/x`) points to; null when absent. */
  readRef(repository: string, ref: string): Promise<string | null>;
  /** Full names and targets of the references below a prefix such as `refs/cambium/`. */
  listRefs(repository: string, prefix: string): Promise<{ ref: string; target: string }[]>;
  /** Compare and set: `from` null means that the reference must not exist, `to` null deletes. False when it had moved. */
  updateRef(repository: string, change: RefChange): Promise<boolean>;
  /** Writes a commit object; no reference moves, nothing is signed, no hook runs. */
  commitTree(repository: string, request: CommitRequest): Promise<string>;
}

export interface RefChange {
  /** Full name, `refs/heads/…` or `refs/cambium/…`. */
  readonly ref: string;
  readonly from: string | null;
  readonly to: string | null;
}

const REGULAR = new Set(['100644', '100755']);

export function createGit(options: { readonly log: Log }): Git {
  const { log } = options;
  return {
    ...createPlaces(),
    ...createContents(),
    ...createRefs(log),
    isDirty,
    commitTree,
  };
}

function createPlaces(): Pick<
  Git,
  'locate' | 'isRepository' | 'topLevel' | 'resolveCommit' | 'treeOf' | 'currentBranch' | 'originUrl'
> {
  return {
    locate,
    topLevel: async (path) => (await locate(path)).topLevel,
    isRepository: async (path) => {
      try {
        await locate(path);
        return true;
      } catch (error) {
        if (errorCode(error) === 'NOT_A_REPOSITORY') return false;
        throw error;
      }
    },
    resolveCommit: (repository, ref) => resolveObject(repository, ref, 'commit'),
    treeOf: (repository, treeish) => resolveObject(repository, treeish, 'tree'),
    currentBranch: async (repository) => {
      const answer = await askGit({
        args: ['symbolic-ref', '--quiet', '--short', 'HEAD'],
        directory: repository,
      });
      return answer.code === 0 ? text(answer.stdout) : null;
    },
    originUrl: async (repository) => {
      const answer = await askGit({ args: ['config', '--get', 'remote.origin.url'], directory: repository });
      return answer.code === 0 ? withoutSecrets(text(answer.stdout)) : null;
    },
  };
}

async function locate(path: string): Promise<RepositoryPlace> {
  const directory = await directoryOf(path);
  const args = [
    'rev-parse',
    '--path-format=absolute',
    '--show-toplevel',
    '--git-common-dir',
    '--show-prefix',
  ];
  const answer = await askGit({ args, directory });
  const [topLevel, gitDirectory, prefix] = answer.stdout.toString('utf8').split('\n');
  if (answer.code !== 0 || !topLevel || !gitDirectory) {
    throw new AppError('NOT_A_REPOSITORY', {
      message: `${path} is not inside a git repository with a work tree`,
      next: 'cd to your repository, or: git init && git add -A && git commit',
      details: { path, git: clip(plainText(answer.stderr).trim(), 400).text },
    });
  }
  return { topLevel, gitDirectory, prefix: prefix ? prefix.replace(/\/$/, '') : '.' };
}

async function directoryOf(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    return (await stat(real)).isDirectory() ? real : dirname(real);
  } catch (error) {
    throw new AppError('NOT_A_REPOSITORY', {
      message: `${path} cannot be opened`,
      next: 'name a directory inside a git work tree that you may read',
      cause: error,
      details: { path },
    });
  }
}

async function resolveObject(repository: string, ref: string, type: 'commit' | 'tree'): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{${type}}`];
  const answer = await askGit({ args, directory: repository });
  if (answer.code === 0) return text(answer.stdout);
  throw new AppError('NO_COMMIT', {
    message: `${JSON.stringify(ref)} names no ${type} in ${repository}`,
    next: ref === 'HEAD' ? 'commit something first: git add -A && git commit' : 'git log --oneline --all',
    details: { ref, repository },
  });
}

function createContents(): Pick<
  Git,
  'listFiles' | 'readBlob' | 'diff' | 'changedFiles' | 'history' | 'isAncestor' | 'revertedCommits'
> {
  return {
    listFiles: async (repository, treeish) => {
      const entries = await listTree(repository, treeish);
      return entries.filter((entry) => REGULAR.has(entry.mode)).map((entry) => entry.path);
    },
    readBlob: async (repository, treeish, path) => {
      const [entry] = await listTree(repository, treeish, path);
      if (entry?.path !== path || !REGULAR.has(entry.mode)) return null;
      return callGit({ args: ['cat-file', 'blob', entry.id], directory: repository });
    },
    diff: async (repository, from, to) => {
      const args = [...diffTree(from, to), '--patch', '--full-index', '--binary'];
      return (await callGit({ args, directory: repository })).toString('utf8');
    },
    changedFiles: async (repository, from, to) => {
      const args = [...diffTree(from, to), '-r', '-z', '--name-status'];
      const fields = (await callGit({ args, directory: repository })).toString('utf8').split('\0');
      const changes: ChangedFile[] = [];
      for (let index = 0; index + 1 < fields.length; index += 2) {
        changes.push({ change: CHANGES[fields[index] ?? ''] ?? 'modified', path: fields[index + 1] ?? '' });
      }
      return changes;
    },
    history: async (repository, commit, maxCommits) => {
      const format = '--format=%H%x00%P%x00%an%x00%aI%x00%s';
      const range = ['--first-parent', `--max-count=${maxCommits}`, '--end-of-options', commit, '--'];
      const args = ['rev-list', '--no-commit-header', format, ...range];
      const lines = (await callGit({ args, directory: repository })).toString('utf8').split('\n');
      return lines.filter(Boolean).map((line) => {
        const [id = '', parents = '', author = '', authoredAt = '', subject = ''] = line.split('\0');
        return { commit: id, parents: parents.split(' ').filter(Boolean), author, authoredAt, subject };
      });
    },
    revertedCommits: async (repository, commit, maxCommits) => {
      const range = ['--first-parent', `--max-count=${maxCommits}`, '--end-of-options', commit, '--'];
      const args = ['rev-list', '--no-commit-header', '--format=%b', ...range];
      const text = (await callGit({ args, directory: repository })).toString('utf8');
      const told = text.matchAll(/^This reverts commit ([0-9a-f]{40}(?:[0-9a-f]{24})?)\b/gm);
      return [...new Set([...told].map((match) => match[1] ?? ''))];
    },
    isAncestor: async (repository, ancestor, descendant) => {
      const call = { args: ['merge-base', '--is-ancestor', ancestor, descendant], directory: repository };
      const answer = await askGit(call);
      if (answer.code > 1) throw gitFailure(call, answer);
      return answer.code === 0;
    },
  };
}

const CHANGES: Readonly<Record<string, ChangedFile['change']>> = {
  A: 'added',
  D: 'deleted',
  M: 'modified',
  T: 'type-changed',
};

function diffTree(from: string, to: string): string[] {
  return ['diff-tree', '--no-ext-diff', '--no-textconv', '--no-renames', '--no-color', from, to];
}

/** Entries whose names are UTF-8; others cannot be named in a string and stay out. */
async function listTree(
  repository: string,
  treeish: string,
  path?: string,
): Promise<{ mode: string; id: string; path: string }[]> {
  const args = ['ls-tree', ...(path === undefined ? ['-r'] : []), '-z', '--full-tree', treeish];
  const call = { args: path === undefined ? args : [...args, '--', path], directory: repository };
  const answer = await callGit(call);
  return splitNul(answer).flatMap((entry) => {
    if (!isUtf8(entry)) return [];
    // Only the first tab separates: a name may hold others.
    const [, mode, id, name] = /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s.exec(entry.toString('utf8')) ?? [];
    return mode && id && name ? [{ mode, id, path: name }] : [];
  });
}

function createRefs(log: Log): Pick<Git, 'readRef' | 'listRefs' | 'updateRef'> {
  const readRef: Git['readRef'] = async (repository, ref) => {
    const answer = await askGit({
      args: ['rev-parse', '--verify', '--quiet', '--end-of-options', checkedRef(ref)],
      directory: repository,
    });
    return answer.code === 0 ? text(answer.stdout) : null;
  };
  return {
    readRef,
    listRefs: async (repository, prefix) => {
      const args = ['for-each-ref', '--format=%(refname) %(objectname)', '--', prefix];
      const lines = (await callGit({ args, directory: repository })).toString('utf8').split('\n');
      return lines.filter(Boolean).map((line) => {
        const [ref = '', target = ''] = line.split(' ');
        return { ref, target };
      });
    },
    updateRef: async (repository, change) => {
      const ref = checkedRef(change.ref);
      await refuseCheckedOut(repository, ref);
      // An empty old value means that the reference must not exist.
      const from = change.from ?? '';
      const move = change.to === null ? ['-d', ref, from] : [ref, change.to, from];
      const call = { args: ['update-ref', '--no-deref', ...move], directory: repository };
      const answer = await askGit(call);
      if (answer.code === 0) return true;
      const present = await readRef(repository, ref);
      if (present === change.from) throw gitFailure(call, answer);
      log.debug({ ref, expected: change.from, present }, 'a reference had moved');
      return false;
    },
  };
}

function checkedRef(ref: string): string {
  const known = /^refs\/(heads|cambium)\/[^\s~^:?*[\\]+$/.test(ref);
  if (known && !ref.includes('..')) return ref;
  throw new AppError('INTERNAL', {
    message: `${JSON.stringify(ref)} is not a reference that Cambium may touch`,
  });
}

/** Moving a branch that is checked out would make its whole work tree look changed. */
async function refuseCheckedOut(repository: string, ref: string): Promise<void> {
  const list = await callGit({ args: ['worktree', 'list', '--porcelain'], directory: repository });
  if (!list.toString('utf8').split('\n').includes(`branch ${ref}`)) return;
  throw new AppError('RUN_CONFLICT', {
    message: `${ref} is checked out and is not moved`,
    next: 'git switch to another branch first',
    details: { ref },
  });
}

/** Through a shadow: comparing files runs the filters and the monitor that the own configuration names. */
async function isDirty(repository: string): Promise<boolean> {
  const { topLevel } = await locate(repository);
  const parts = await repositoryParts(topLevel);
  const head = await askGit({
    args: ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'],
    directory: topLevel,
  });
  const directory = makeScratch('status');
  try {
    await makeShadow(directory, parts, head.code === 0 ? text(head.stdout) : null);
    await linkSharedIndexes(directory, parts.index, await readdir(dirname(parts.index)));
    const through = throughShadow(directory, parts);
    const args = ['status', '--porcelain', '-z', '--untracked-files=normal', '--ignore-submodules=all'];
    const env = { ...through.env, GIT_INDEX_FILE: parts.index };
    return (await callGit({ args, ...through, workTree: topLevel, env })).length > 0;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function commitTree(repository: string, request: CommitRequest): Promise<string> {
  const { identity, dateIso, parents, tree, message } = request;
  const args = [
    'commit-tree',
    '--no-gpg-sign',
    ...parents.flatMap((parent) => ['-p', parent]),
    '-F',
    '-',
    tree,
  ];
  const env = {
    GIT_AUTHOR_NAME: identity.name,
    GIT_AUTHOR_EMAIL: identity.email,
    GIT_AUTHOR_DATE: dateIso,
    GIT_COMMITTER_NAME: identity.name,
    GIT_COMMITTER_EMAIL: identity.email,
    GIT_COMMITTER_DATE: dateIso,
  };
  return text(await callGit({ args, directory: repository, env, input: message }));
}

function withoutSecrets(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/]*@/i, '$1');
}

function text(bytes: Buffer): string {
  return bytes.toString('utf8').trimEnd();
}
