// Any failure as one clear message with what to do next, and as the exit status the table gives it.
import { ERRORS, type ErrorCode, EXIT, errorMessage, isAppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import type { Paint } from './output.ts';

export interface ShownError {
  readonly code: ErrorCode;
  readonly exit: number;
  readonly message: string;
  readonly next: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT']);
const NO_PERMISSION = new Set(['EACCES', 'EPERM', 'EROFS']);

/** What to show for anything that was thrown. Errors without one of our codes are defects and say so. */
export function shownError(error: unknown): ShownError {
  if (isAppError(error)) {
    const { code, message, next, details } = error;
    return { code, exit: ERRORS[code].exit, message: plainText(message), next: next ?? null, details };
  }
  const system = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = plainText(errorMessage(error));
  if (NO_ROOM.has(system)) {
    return {
      code: 'DISK_FULL',
      exit: EXIT.failed,
      message,
      next: 'free some disk space, then run the command again',
      details: {},
    };
  }
  if (NO_PERMISSION.has(system)) {
    return {
      code: 'NOT_WRITABLE',
      exit: EXIT.forbidden,
      message,
      next: 'give the directory to your user, or choose another with --home',
      details: {},
    };
  }
  return {
    code: 'INTERNAL',
    exit: EXIT.failed,
    message: `unexpected: ${message}`,
    next: 'run again with --log-level debug and report what it prints',
    details: {},
  };
}

/** The error for a person: one line that says what and where, and one that says what to do next. */
export function errorText(shown: ShownError, paint: Paint): string {
  const next = shown.next === null ? '' : `${paint('faint', 'next:')} ${shown.next}\n`;
  return `${paint('bad', 'error:')} ${shown.message}\n${next}`;
}

/** The error for a program, as the one JSON document of `--json`. */
export function errorDocument(shown: ShownError): Record<string, unknown> {
  const { code, message, next, details } = shown;
  return { error: { code, message, next, details } };
}
