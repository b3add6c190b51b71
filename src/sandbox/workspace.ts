// Workspaces: a tree of one commit outside the user's checkout, with snapshots taken and restored by the host.

import { constants } from 'node:fs';
import { access, chmod, lchown, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '#foundation/clock.ts';
import { AppError, errorMessage } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import type { Mount, WorkspacePlace } from './command.ts';
import { readConfined, writeConfined } from './files.ts';
import type { Git } from './git.ts';
import { ownerLives, ownerTag } from './process/owner.ts';
import { removeDirectory } from './remove.ts';
import { findDependencies } from './repository/dependencies.ts';
import { makeShadow, repositoryParts } from './repository/shadow.ts';
import { checkOut, shadowOf, type TreePlace, takeSnapshot, treeOf } from './repository/tree.ts';
import { type SandboxUser, sandboxUser } from './user.ts';

/** Paths are relative to the tree with forward slashes; leaving it by dots or links throws PATH_ESCAPE (R37). */
export interface Workspace extends WorkspacePlace {
  readonly name: string;
  readonly root: string;
  /** Real path of the user's work tree that it was made from. */
  readonly repository: string;
  readonly commit: string;
  readonly mounts: readonly Mount[];
  /** UTF-8 text. Throws NOT_FOUND, PATH_ESCAPE. */
  read(path: string): Promise<string>;
  readBytes(path: string): Promise<Buffer>;
  /** Replaces a file, making directories as needed; the mode of an existing file stays. */
  write(path: string, text: string): Promise<void>;
  /** Writes what is in the tree (minus ignored files and dependencies) as a git tree and returns its id. No command may be running. */
  snapshot(): Promise<string>;
  /** Makes the files exactly those of a tree or commit; everything else in the tree is removed. */
  reset(treeish: string): Promise<void>;
  /** Unified diff from the base commit to the present files. */
  diff(): Promise<string>;
}

export interface WorkspaceEntry {
  readonly name: string;
  readonly path: string;
  /** Null when its record is damaged. */
  readonly repository: string | null;
  readonly ageMs: number;
  /** Whether the process that made it still runs. */
  readonly ownerLives: boolean;
}

export interface Workspaces {
  /** A fresh tree of `commit`; an old workspace of that name is replaced. Throws NOT_WRITABLE, DISK_FULL, NO_COMMIT, NOT_A_REPOSITORY. */
  prepare(request: { repository: string; commit: string; name: string }): Promise<Workspace>;
  /** An existing workspace as it stands; null when there is none or it is damaged. */
  open(name: string): Promise<Workspace | null>;
  /** Removes a workspace and everything in it; nothing happens when there is none. */
  remove(name: string): Promise<void>;
  list(): Promise<WorkspaceEntry[]>;
}

export interface WorkspacesOptions {
  /** Cambium's data directory; trees go to `<home>/worktrees`. */
  readonly home: string;
  readonly git: Git;
  readonly clock: Clock;
  readonly log: Log;
  readonly user?: SandboxUser;
}

const RECORD = 'workspace.json';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const MAX_TEXT_BYTES = 33_554_432;

const workspaceRecord = z.strictObject({
  /** Tag of the process that made it. */
  owner: z.string(),
  schema: z.literal('cambium.workspace/1'),
  repository: z.string(),
  commit: z.string(),
  objects: z.string(),
  mounts: z.array(z.strictObject({ host: z.string(), inside: z.string() })),
  createdAt: z.string(),
});
type WorkspaceRecord = z.infer<typeof workspaceRecord>;

interface Context extends WorkspacesOptions {
  readonly user: SandboxUser;
  /** `<home>/worktrees` */
  readonly trees: string;
}

export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  const context: Context = {
    ...options,
    user: options.user ?? sandboxUser(),
    trees: join(options.home, 'worktrees'),
  };
  return {
    prepare: async (request) => {
      try {
        return await prepare(context, request);
      } catch (error) {
        throw explain(error, context.trees);
      }
    },
    open: async (name) => {
      const record = await readRecord(context, name);
      return record === null ? null : createWorkspace(context, name, record);
    },
    remove: async (name) => removeDirectory(join(context.trees, checkedName(name))),
    list: () => list(context),
  };
}

async function prepare(
  context: Context,
  request: { repository: string; commit: string; name: string },
): Promise<Workspace> {
  const { git, user, clock } = context;
  const name = checkedName(request.name);
  const { topLevel } = await git.locate(request.repository);
  const commit = await git.resolveCommit(topLevel, request.commit);
  const parts = await repositoryParts(topLevel);
  await access(parts.objects, constants.W_OK).catch((error: unknown) => {
    throw new AppError('NOT_WRITABLE', {
      message: `${parts.objects} cannot be written, so no fix could be stored in this repository`,
      next: `check who owns it: ls -ld ${parts.objects}`,
      cause: error,
    });
  });
  const mounts = await findDependencies(topLevel, await git.listFiles(topLevel, commit));
  const createdAt = clock.now().toISOString();
  const record: WorkspaceRecord = {
    owner: ownerTag(),
    ...{ schema: 'cambium.workspace/1', repository: topLevel, commit, objects: parts.objects },
    mounts,
    createdAt,
  };
  // Made aside and moved into place, so that a workspace is either there as a whole or not at all.
  const aside = join(context.trees, `.new-${name}-${ownerTag()}`);
  try {
    await mkdir(treeOf(aside), { recursive: true, mode: 0o755 });
    await chmod(aside, 0o755);
    if (user.dropped) await lchown(treeOf(aside), user.uid, user.gid);
    await makeShadow(shadowOf(aside), parts, commit);
    await chmod(shadowOf(aside), 0o700);
    await checkOut({ ...record, directory: aside, user, log: context.log }, commit);
    await writeFile(join(aside, RECORD), `${JSON.stringify(record)}\n`);
    await removeDirectory(join(context.trees, name));
    await rename(aside, join(context.trees, name));
  } catch (error) {
    await removeDirectory(aside);
    throw error;
  }
  return createWorkspace(context, name, record);
}

function createWorkspace(context: Context, name: string, record: WorkspaceRecord): Workspace {
  const { user, git, log } = context;
  const directory = join(context.trees, name);
  const root = treeOf(directory);
  const place: TreePlace = { ...record, directory, user, log };
  const { repository, commit, mounts } = record;
  const readBytes = (path: string): Promise<Buffer> => readConfined(root, path, { maxBytes: MAX_TEXT_BYTES });
  const snapshot = (): Promise<string> => takeSnapshot(place);
  return {
    ...{ name, root, repository, commit, mounts, readBytes, snapshot },
    read: async (path) => (await readBytes(path)).toString('utf8'),
    write: (path, text) => writeConfined(root, path, text, user.dropped ? user : undefined),
    reset: async (treeish) => checkOut(place, await git.treeOf(repository, treeish)),
    diff: async () => git.diff(repository, commit, await snapshot()),
  };
}

async function readRecord(context: Context, name: string): Promise<WorkspaceRecord | null> {
  try {
    const text = await readFile(join(context.trees, checkedName(name), RECORD), 'utf8');
    return workspaceRecord.parse(JSON.parse(text));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      context.log.warn(
        { workspace: name, error: errorMessage(error) },
        'the record of a workspace is damaged',
      );
    }
    return null;
  }
}

async function list(context: Context): Promise<WorkspaceEntry[]> {
  const names = await readdir(context.trees).catch(() => []);
  const nowMs = context.clock.now().getTime();
  const entries = await Promise.all(
    names.sort().map(async (name) => {
      const path = join(context.trees, name);
      const record = NAME.test(name) ? await readRecord(context, name) : null;
      // Null: another process has removed or renamed it since.
      const madeMs = record
        ? Date.parse(record.createdAt)
        : await stat(path).then(
            (found) => found.mtimeMs,
            () => null,
          );
      if (madeMs === null) return [];
      const entry: WorkspaceEntry = {
        name,
        path,
        repository: record?.repository ?? null,
        ageMs: Math.max(0, nowMs - madeMs),
        ownerLives: record !== null && ownerLives(record.owner),
      };
      return [entry];
    }),
  );
  return entries.flat();
}

/** Names that a crash left behind begin with a dot; only `remove` needs to accept them. */
function checkedName(name: string): string {
  if (NAME.test(name.replace(/^\.new-/, ''))) return name;
  throw new AppError('PATH_ESCAPE', { message: `${JSON.stringify(name)} cannot name a workspace` });
}

function explain(error: unknown, trees: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const next = 'free some space, or set CAMBIUM_HOME to a directory on another disk';
    return new AppError('DISK_FULL', { message: `no room for a workspace in ${trees}`, next, cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR') {
    const next = 'set CAMBIUM_HOME to a directory that you may write';
    return new AppError('NOT_WRITABLE', { message: `${trees} cannot be written`, next, cause: error });
  }
  return error;
}
