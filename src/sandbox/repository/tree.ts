// The host's work on a workspace's files: checking out, taking snapshots, restoring. Never through links.
import { copyFile, lstat, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import type { Mount } from '../command.ts';
import { hostCommand } from '../process/host-command.ts';
import { whileStill } from '../process/stillness.ts';
import type { SandboxUser } from '../user.ts';
import { merelyConverted } from './conversion.ts';
import { askGit, callGit, type GitCall } from './git-process.ts';
import { excludeLine, splitNul } from './names.ts';
import { throughShadow } from './shadow.ts';

const MAX_FILE_BYTES = 33_554_432;
const MAX_SNAPSHOT_BYTES = 268_435_456;

export interface TreePlace {
  /** Directory of the workspace; holds `tree` and `git`. */
  readonly directory: string;
  /** Object directory of the repository. */
  readonly objects: string;
  readonly mounts: readonly Mount[];
  readonly user: SandboxUser;
  readonly log: Log;
}

export const treeOf = (directory: string): string => join(directory, 'tree');
export const shadowOf = (directory: string): string => join(directory, 'git');

/** The git link of the tree: enough for a person's git, and a dead end inside the sandbox. */
const GIT_LINK = 'gitdir: ../git\n';

/** Writes the files of a tree or commit into an empty or used tree, and removes everything else. */
export async function checkOut(place: TreePlace, treeish: string): Promise<void> {
  await still(place, async () => {
    const keep = relativeMounts(place).flatMap((path) => ['-e', escaped(path)]);
    // First: what is untracked may stand where a tracked file belongs.
    await clean(place, treeCall(place, ['clean', '-ffdxq', ...keep]));
    await callGit(treeCall(place, ['read-tree', '--reset', '-u', treeish]));
    await writeGitLink(place);
    if (!place.user.dropped) return;
    await hand(place);
    // The change of owner touched every new file; without this the next snapshot would read them all again.
    await askGit(treeCall(place, ['update-index', '-q', '--refresh']));
  });
}

async function clean(place: TreePlace, call: GitCall): Promise<void> {
  const tree = treeOf(place.directory);
  if ((await askGit(call)).code !== 0) {
    // Foreign code may have taken away its own right to enter a directory, and with it ours.
    await hostCommand('/bin/chmod', ['-R', 'u+rwX', '--', tree]);
    await callGit(call);
  }
  // Pipes and sockets do not exist for git.
  const special = ['(', '-type', 'p', '-o', '-type', 's', ')', '-delete'];
  await hostCommand('/usr/bin/find', [tree, '-xdev', ...special]);
}

/** Writes what is in the tree as a git tree. The user's index is never involved. */
export async function takeSnapshot(place: TreePlace): Promise<string> {
  return still(place, async () => {
    const leftOut = await namesToLeaveOut(place);
    const index = join(shadowOf(place.directory), 'index');
    const aside = await mkdtemp(join(shadowOf(place.directory), 'snapshot-'));
    const temporary = join(aside, 'index');
    try {
      await copyFile(index, temporary);
      // Git tells edits of equal size in one second apart by the index's own time, so the copy must not look newer.
      const { atime, mtime } = await lstat(index);
      await utimes(temporary, atime, mtime);
      const env = { GIT_INDEX_FILE: temporary, GIT_LITERAL_PATHSPECS: '0', GIT_OPTIONAL_LOCKS: '1' };
      const args = ['add', '--all', '--pathspec-from-file=-', '--pathspec-file-nul'];
      const input = Buffer.concat([Buffer.from('.\0'), ...leftOut.map(excluding)]);
      await callGit(treeCall(place, args, { env, input }));
      const tree = (await callGit(treeCall(place, ['write-tree'], { env }))).toString('utf8').trim();
      // What was just read need not be read again for the next snapshot.
      await rename(temporary, index);
      return tree;
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  });
}

/** A call of git on the tree, through the shadow. */
export function treeCall(
  place: Pick<TreePlace, 'directory' | 'objects'>,
  args: readonly string[],
  more: Pick<GitCall, 'env' | 'input'> = {},
): GitCall {
  const { gitDirectory, env } = throughShadow(shadowOf(place.directory), place);
  const tree = treeOf(place.directory);
  return {
    args,
    directory: tree,
    workTree: tree,
    ...(gitDirectory === undefined ? {} : { gitDirectory }),
    ...(more.input === undefined ? {} : { input: more.input }),
    env: { ...env, ...more.env },
  };
}

function still<T>(place: TreePlace, work: () => Promise<T>): Promise<T> {
  return whileStill(place.directory.split('/').slice(-2).join('/').concat('/tree'), work);
}

/** Gives new files to whom commands run as; files that are theirs already are not touched. */
async function hand(place: TreePlace): Promise<void> {
  const owner = `${place.user.uid}:${place.user.gid}`;
  await hostCommand('/bin/chown', ['-R', '-h', '--from=0:0', owner, treeOf(place.directory)]);
}

async function writeGitLink(place: TreePlace): Promise<void> {
  const path = join(treeOf(place.directory), '.git');
  const stat = await lstat(path).catch(() => null);
  if (stat?.isFile() && stat.size === GIT_LINK.length) return;
  await rm(path, { recursive: true, force: true });
  await writeFile(path, GIT_LINK, { flag: 'wx' });
}

/** Dependencies, repositories inside the tree, new files that are too large or unreadable, and what is only converted. */
async function namesToLeaveOut(place: TreePlace): Promise<Uint8Array[]> {
  const args = ['ls-files', '-z', '-t', '--others', '--modified', '--exclude-standard'];
  const changed = splitNul(await callGit(treeCall(place, args)));
  const mounts = new Set(relativeMounts(place));
  const leftOut: Uint8Array[] = [];
  const known: Buffer[] = [];
  const root = Buffer.from(`${treeOf(place.directory)}/`);
  let total = 0;
  for (const entry of changed) {
    const isNew = entry[0] === QUESTION_MARK;
    const name = entry.subarray(2);
    const shown = name.toString('utf8');
    // A link that rung `none` put there; a mount leaves only an empty directory, which git does not see.
    if (mounts.has(shown)) {
      leftOut.push(name);
      continue;
    }
    const problem = name.at(-1) === SLASH ? 'a repository of its own' : await unfit(root, name);
    if (problem === null) {
      total += await sizeOf(root, name);
      if (!isNew) known.push(name);
      continue;
    }
    if (!isNew) throw tooLarge(`${JSON.stringify(shown)} is ${problem}`);
    place.log.warn({ path: shown, problem }, 'left out of the snapshot');
    leftOut.push(name.at(-1) === SLASH ? name.subarray(0, -1) : name);
  }
  if (total > MAX_SNAPSHOT_BYTES) throw tooLarge(`the changed files have ${total} bytes`);
  const call = (args: readonly string[], more?: Pick<GitCall, 'env'>) => treeCall(place, args, more);
  return [...leftOut, ...(await merelyConverted(known, treeOf(place.directory), call))];
}

const QUESTION_MARK = 0x3f;
const SLASH = 0x2f;

async function unfit(root: Uint8Array, name: Uint8Array): Promise<string | null> {
  const stat = await lstat(Buffer.concat([root, name])).catch(() => null);
  if (!stat?.isFile()) return null;
  if (stat.size > MAX_FILE_BYTES) return `larger than ${MAX_FILE_BYTES} bytes`;
  return (stat.mode & 0o400) === 0 && process.getuid?.() !== 0 ? 'unreadable' : null;
}

async function sizeOf(root: Uint8Array, name: Uint8Array): Promise<number> {
  const stat = await lstat(Buffer.concat([root, name])).catch(() => null);
  return stat?.isFile() ? stat.size : 0;
}

function tooLarge(message: string): AppError {
  return new AppError('COMMAND_FAILED', {
    message: `the workspace cannot be recorded: ${message}`,
    details: { maxFileBytes: MAX_FILE_BYTES, maxSnapshotBytes: MAX_SNAPSHOT_BYTES },
  });
}

function excluding(name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(':(top,exclude,literal)'), name, Buffer.from('\0')]);
}

function relativeMounts(place: TreePlace): string[] {
  return place.mounts.map((mount) => mount.inside).filter((inside) => !inside.startsWith('/'));
}

function escaped(path: string): string {
  return excludeLine(Buffer.from(path)).toString('utf8').trimEnd();
}
