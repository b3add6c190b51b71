// Turns what the file system and PostgreSQL's log say into an error with a code and a next step.
import { AppError, errorMessage, isAppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';

const NOT_WRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);
/** What Node's recursive `mkdir` answers where a parent is read-only, or where a file stands in the way. */
const NO_DIRECTORY = new Set(['ENOENT', 'EEXIST']);
const DISK_FULL = new Set(['ENOSPC', 'EDQUOT']);

/** The `code` of a system or PostgreSQL error, empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** An AppError for a failed file operation under `path`; an AppError passes through. */
export function fileFailure(error: unknown, path: string): AppError {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  if (DISK_FULL.has(code)) return diskFull(path, error);
  if (NOT_WRITABLE.has(code)) return notWritable(path, error);
  const making = error instanceof Error && 'syscall' in error && error.syscall === 'mkdir';
  if (making && NO_DIRECTORY.has(code)) return notWritable(path, error);
  return new AppError('DATABASE_UNAVAILABLE', {
    message: `the embedded database cannot be prepared in ${path}: ${errorMessage(error)}`,
    next: 'run `cambium doctor`',
    cause: error,
  });
}

export function diskFull(path: string, cause?: unknown): AppError {
  return new AppError('DISK_FULL', {
    message: `no room is left on the disk of ${path}`,
    next: 'free some space (100 MB are enough to start), or set CAMBIUM_HOME to a directory on another disk',
    cause,
  });
}

export function notWritable(path: string, cause?: unknown): AppError {
  return new AppError('NOT_WRITABLE', {
    message: `the database directory ${path} cannot be written: ${errorMessage(cause ?? 'no permission')}`,
    next: 'give your user write permission there, or set CAMBIUM_HOME to a directory you can write',
    cause,
  });
}

/** Why a server or initdb ended, from the tail of its output. */
export function startFailure(output: string, path: string): AppError {
  const tail = plainText(output).trim().split('\n').slice(-6).join('\n');
  // A short write is how PostgreSQL meets a full disk when a page still fits in part.
  if (
    /No space left on device|Disk quota exceeded|wrote only \d+ of \d+ bytes|Check free disk space/.test(tail)
  )
    return diskFull(path, tail);
  if (/Permission denied|Read-only file system/.test(tail)) return notWritable(path, tail);
  if (/could not look up effective user ID/.test(tail)) {
    return new AppError('DATABASE_UNAVAILABLE', {
      message: `PostgreSQL starts for users of this machine only, and yours has a number without a name: ${tail}`,
      next: 'add the user to /etc/passwd (useradd, or --user NAME for a container), or set DATABASE_URL to a server of your own',
    });
  }
  if (/database files are incompatible with server|was initialized by PostgreSQL version/.test(tail)) {
    return new AppError('DATABASE_UNAVAILABLE', {
      message: `the data in ${path} was made by another major version of PostgreSQL: ${tail}`,
      next: 'set CAMBIUM_PGBIN to the bin directory of the version that made it, or set CAMBIUM_HOME to a new directory',
    });
  }
  return new AppError('DATABASE_UNAVAILABLE', {
    message: `PostgreSQL did not start in ${path}: ${tail === '' ? 'it said nothing' : tail}`,
    next: 'read server.log beside the data directory, run `cambium doctor`, or set DATABASE_URL to a server of your own',
  });
}
