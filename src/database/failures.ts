// Turns what a server answers into an error with a code, where the cause is the server and not the statement.
import { AppError, errorMessage, isAppError } from '#foundation/errors.ts';
import { isAway } from './postgres/pool.ts';

const UNREACHABLE = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  '28000',
  '28P01',
  '3D000',
  '53300',
]);

/**
 * DATABASE_UNAVAILABLE or DISK_FULL when the server is away, closed to us or full; anything else comes back as it is.
 * `Database` does this for its own methods; who uses `q` outside a transaction and cares does it with this.
 */
export function serverFailure(error: unknown, where: string): unknown {
  if (isAppError(error)) return error;
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = root instanceof Error && 'code' in root ? String(root.code) : '';
  if (code === '53100') {
    return new AppError('DISK_FULL', {
      message: `the disk of the database ${where} is full: ${errorMessage(root)}`,
      next: 'free some space there and try again; nothing was half written',
      cause: error,
    });
  }
  if (isAway(root) || UNREACHABLE.has(code)) {
    return new AppError('DATABASE_UNAVAILABLE', {
      message: `the database ${where} cannot be reached: ${errorMessage(root)}`,
      next: 'check that the server runs and that DATABASE_URL is right, or unset DATABASE_URL to use the embedded one',
      cause: error,
    });
  }
  return error;
}
