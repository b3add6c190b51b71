// The one table of error codes and the error class that carries them; callers match on code, never on class.

/** What every surface needs to know about an error code. `exit` is the process exit status of the command line. */
export interface ErrorRule {
  readonly exit: ExitCode;
  /** One sentence: when this code is raised. Shown in the reference documentation. */
  readonly when: string;
}

/** Exit statuses of the command line, as printed by `cambium help exit-codes`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  config: 3,
  forbidden: 4,
  parked: 5,
  limit: 6,
  gate: 7,
  noChange: 8,
  unreachable: 9,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const ERRORS = {
  INTERNAL: { exit: EXIT.failed, when: 'A promise of the system was broken; a defect in Cambium.' },
  USAGE: { exit: EXIT.usage, when: 'The command line, or the input of an operation, is malformed.' },
  NOT_FOUND: { exit: EXIT.usage, when: 'The named ticket, run, project or file does not exist.' },
  CONFIG_INVALID: { exit: EXIT.config, when: 'A configuration file or variable does not fit the schema.' },
  NOT_A_REPOSITORY: { exit: EXIT.usage, when: 'The path is not inside a git repository with a work tree.' },
  NO_COMMIT: { exit: EXIT.usage, when: 'The base reference does not name a commit.' },
  NO_TESTS: { exit: EXIT.usage, when: 'No test command could be detected and none was given.' },
  UNSUPPORTED_LANGUAGE: {
    exit: EXIT.usage,
    when: 'The repository holds no language that this version repairs.',
  },
  TESTS_CANNOT_START: { exit: EXIT.gate, when: 'The test command ended without running a single test.' },
  ISOLATION_UNAVAILABLE: {
    exit: EXIT.forbidden,
    when: 'No isolation works here and none was not consented to.',
  },
  COMMAND_FAILED: { exit: EXIT.failed, when: 'A host command that has to succeed ended with an error.' },
  PATH_ESCAPE: {
    exit: EXIT.forbidden,
    when: 'A path leaves its workspace, by dots, by being absolute or by a link.',
  },
  NOT_WRITABLE: { exit: EXIT.forbidden, when: 'A directory that Cambium must write to is not writable.' },
  DISK_FULL: { exit: EXIT.failed, when: 'The disk has no room for what must be written.' },
  DATABASE_UNAVAILABLE: { exit: EXIT.unreachable, when: 'The database cannot be started or reached.' },
  DATABASE_MISMATCH: {
    exit: EXIT.unreachable,
    when: 'The database schema is not the one this version expects.',
  },
  RUN_CONFLICT: {
    exit: EXIT.failed,
    when: 'Another worker holds the run, or its state does not allow the request.',
  },
  TICKET_CONFLICT: {
    exit: EXIT.failed,
    when: 'Somebody else changed the ticket at the same time.',
  },
  WORKFLOW_INVALID: {
    exit: EXIT.config,
    when: 'A workflow file does not fit the schema, or its phases do not fit together.',
  },
  MOVE_REFUSED: {
    exit: EXIT.gate,
    when: 'A ticket may not go where it was sent: its workflow, its gate, a person or the board refuses.',
  },
  LOCKED: {
    exit: EXIT.failed,
    when: 'Another holds the lock, it was lost meanwhile, or waiting for it would never end.',
  },
  CERTIFICATE_INVALID: {
    exit: EXIT.gate,
    when: 'A certificate does not match its digest or cannot be reproduced.',
  },
  MODEL_UNAVAILABLE: {
    exit: EXIT.unreachable,
    when: 'No language model answered, or none is configured for what was asked.',
  },
  BUDGET_EXCEEDED: { exit: EXIT.limit, when: 'A call was not made because a budget does not allow it.' },
  REPLAY_DIVERGED: {
    exit: EXIT.gate,
    when: 'A replay was asked something that its recording does not hold at that place.',
  },
  CANCELLED: { exit: EXIT.parked, when: 'The operation was stopped on request before it ended.' },
} as const satisfies Record<string, ErrorRule>;

export type ErrorCode = keyof typeof ERRORS;

export interface AppErrorInput {
  /** What happened and where, in one sentence without a trailing full stop needed. */
  readonly message: string;
  /** What to do next: a command or an action. */
  readonly next?: string;
  /** Facts for programs; becomes part of the JSON form. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A failure with a code from the table. Anything else that is thrown is a defect. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly next: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, input: AppErrorInput) {
    super(input.message, input.cause === undefined ? undefined : { cause: input.cause });
    this.name = 'AppError';
    this.code = code;
    this.next = input.next;
    this.details = input.details ?? {};
  }
}

/** True when `error` carries a code of the table, whichever bundle or process made it. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code in ERRORS;
}

/** The code of an error, INTERNAL when it has none of ours. */
export function errorCode(error: unknown): ErrorCode {
  return isAppError(error) ? error.code : 'INTERNAL';
}

/** The text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
