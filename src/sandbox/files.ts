// Confined file access (R37): every component opened without following links, special files refused, sizes bounded.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { AppError } from '#foundation/errors.ts';

export interface ReadBounds {
  /** Files beyond this throw COMMAND_FAILED with both numbers. */
  readonly maxBytes: number;
}

/** Who a written file is to belong to; matters when Cambium is root. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

const { O_RDONLY, O_WRONLY, O_CREAT, O_NOFOLLOW, O_DIRECTORY, O_NONBLOCK } = constants;

/** Reads a regular file below `root`. Throws PATH_ESCAPE, NOT_FOUND, COMMAND_FAILED (too large). */
export async function readConfined(root: string, path: string, bounds: ReadBounds): Promise<Buffer> {
  await using parent = await openParent(root, path, { make: null });
  // Without O_NONBLOCK, opening a pipe that foreign code left there would wait for ever.
  await using file = await openEntry(parent, path, O_RDONLY | O_NONBLOCK);
  const { size } = await regularFile(file, path);
  if (size > bounds.maxBytes) {
    throw new AppError('COMMAND_FAILED', {
      message: `${shown(path)} has ${size} bytes, more than the ${bounds.maxBytes} allowed`,
      details: { path, size, maxBytes: bounds.maxBytes },
    });
  }
  const content = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(content, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return content.subarray(0, filled);
}

/** Replaces or makes a regular file below `root`, with its directories. Throws PATH_ESCAPE, NOT_WRITABLE, DISK_FULL. */
export async function writeConfined(
  root: string,
  path: string,
  content: string | Uint8Array,
  owner?: FileOwner,
): Promise<void> {
  await using parent = await openParent(root, path, { make: owner ?? null, create: true });
  await using file = await openEntry(parent, path, O_WRONLY | O_CREAT | O_NONBLOCK);
  await regularFile(file, path);
  try {
    await file.truncate(0);
    await file.writeFile(content);
    if (owner) await file.chown(owner.uid, owner.gid);
  } catch (error) {
    throw explain(error, path);
  }
}

interface ParentOptions {
  readonly create?: boolean;
  /** Owner of directories that are made. */
  readonly make: FileOwner | null;
}

/** Walks directory by directory; the handle names the very directory that was checked, whatever happens to its path. */
async function openParent(root: string, path: string, options: ParentOptions): Promise<FileHandle> {
  const parts = componentsOf(path);
  let directory = await open(root, O_RDONLY | O_DIRECTORY).catch((error: unknown) => {
    throw explain(error, root);
  });
  for (const part of parts.slice(0, -1)) {
    try {
      const next = await openDirectory(directory, part, options);
      await directory.close();
      directory = next;
    } catch (error) {
      await directory.close();
      throw explain(error, path);
    }
  }
  return directory;
}

async function openDirectory(parent: FileHandle, part: string, options: ParentOptions): Promise<FileHandle> {
  const at = below(parent, part);
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  try {
    return await open(at, flags);
  } catch (error) {
    if (!options.create || codeOf(error) !== 'ENOENT') throw error;
    await mkdir(at, { mode: 0o755 });
    const made = await open(at, flags);
    if (options.make) await made.chown(options.make.uid, options.make.gid);
    return made;
  }
}

async function openEntry(parent: FileHandle, path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(below(parent, componentsOf(path).at(-1) ?? ''), flags | O_NOFOLLOW, 0o644);
  } catch (error) {
    throw explain(error, path);
  }
}

/** Opening relative to a descriptor, which Node has no call for. */
function below(directory: FileHandle, part: string): string {
  return `/proc/self/fd/${directory.fd}/${part}`;
}

async function regularFile(file: FileHandle, path: string): Promise<{ size: number }> {
  const stat = await file.stat();
  if (stat.isFile()) return stat;
  throw new AppError('PATH_ESCAPE', { message: `${shown(path)} is not a regular file`, details: { path } });
}

function componentsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.length === 0 || parts.includes('..') || path.includes('\0')) {
    throw new AppError('PATH_ESCAPE', { message: `${shown(path)} leaves its directory`, details: { path } });
  }
  return parts;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function explain(error: unknown, path: string): unknown {
  const code = codeOf(error);
  const input = { message: `${shown(path)}: ${code}`, cause: error, details: { path } };
  if (code === 'ENOENT' || code === 'EISDIR')
    return new AppError('NOT_FOUND', { ...input, message: `there is no file ${shown(path)}` });
  // A link gives ELOOP, or ENOTDIR where a directory was asked for; a socket gives ENXIO.
  if (code === 'ELOOP' || code === 'ENOTDIR' || code === 'ENXIO') {
    return new AppError('PATH_ESCAPE', {
      ...input,
      message: `${shown(path)} goes through a link or a special file`,
    });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AppError('DISK_FULL', input);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return new AppError('NOT_WRITABLE', input);
  return error;
}

function shown(path: string): string {
  return JSON.stringify(path);
}
