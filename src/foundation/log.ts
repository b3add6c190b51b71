// Structured logs: JSON lines with run, step and ticket as fields, secrets masked (R48).
import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

export interface LogOptions {
  readonly level: 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
  /** Where lines go; standard error when absent, so that standard output stays the result. */
  readonly destination?: DestinationStream;
}

const SECRET_FIELDS = ['password', 'token', 'apiKey', 'authorization', 'cookie', 'secret'];

/** A logger whose children carry `{ run, step, ticket }` for correlation. */
export function createLog(options: LogOptions): Log {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    options.destination ?? pino.destination({ fd: 2, sync: true }),
  );
}
