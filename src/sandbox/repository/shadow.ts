// A git directory of our own over another repository's objects: no configuration, hook, attribute or filter
// driver of that repository exists there, so no call that touches files can be made to execute one.
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '#foundation/errors.ts';
import { callGit, type GitCall } from './git-process.ts';

/** Where the parts of a repository are; read without executing anything. */
export interface RepositoryParts {
  readonly objects: string;
  readonly index: string;
  readonly exclude: string;
  readonly shallow: string;
  /** `sha1` or `sha256`. */
  readonly objectFormat: string;
}

export async function repositoryParts(repository: string): Promise<RepositoryParts> {
  const names = ['objects', 'index', 'info/exclude', 'shallow'].flatMap((name) => ['--git-path', name]);
  const args = ['rev-parse', '--show-object-format', ...names];
  const answer = await callGit({ args, directory: repository });
  const [objectFormat, ...paths] = answer.toString('utf8').trimEnd().split('\n');
  const [objects, index, exclude, shallow] = paths.map((path) => resolve(repository, path));
  if (!objectFormat || !objects || !index || !exclude || !shallow) {
    throw new AppError('INTERNAL', { message: `git named no directories for ${repository}` });
  }
  return { objects, index, exclude, shallow, objectFormat };
}

/** Makes the directory; `head` is a commit, or null for a repository without one. */
export async function makeShadow(
  directory: string,
  parts: RepositoryParts,
  head: string | null,
): Promise<void> {
  for (const name of ['refs/heads', 'objects/info', 'objects/pack', 'info']) {
    await mkdir(join(directory, name), { recursive: true });
  }
  const format = parts.objectFormat === 'sha1' ? 0 : 1;
  const extension = format === 0 ? '' : `[extensions]\n\tobjectFormat = ${parts.objectFormat}\n`;
  const config = `[core]\n\trepositoryFormatVersion = ${format}\n\tfileMode = true\n\tbare = false\n${extension}`;
  await writeFile(join(directory, 'config'), config);
  await writeFile(join(directory, 'HEAD'), head === null ? 'ref: refs/heads/none\n' : `${head}\n`);
  // For people who use git in the tree; our own calls name the object directory.
  await writeFile(join(directory, 'objects/info/alternates'), `${parts.objects}\n`);
  await ifThere(copyFile(parts.exclude, join(directory, 'info/exclude')));
  await ifThere(copyFile(parts.shallow, join(directory, 'shallow')));
}

/** The part of a call that makes git work through a shadow, writing objects to the repository itself. */
export function throughShadow(
  directory: string,
  parts: Pick<RepositoryParts, 'objects'>,
): Pick<GitCall, 'gitDirectory' | 'env'> {
  return { gitDirectory: directory, env: { GIT_OBJECT_DIRECTORY: parts.objects } };
}

/** A split index keeps its other half beside the git directory's own. */
export async function linkSharedIndexes(
  directory: string,
  index: string,
  names: readonly string[],
): Promise<void> {
  for (const name of names.filter((candidate) => candidate.startsWith('sharedindex.'))) {
    await symlink(join(dirname(index), name), join(directory, name));
  }
}

async function ifThere(copy: Promise<void>): Promise<void> {
  try {
    await copy;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
