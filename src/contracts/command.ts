// A command run in a workspace: what was asked, under which limits and isolation, and what came of it.
import { z } from 'zod';

/** How foreign code is kept in. The order is from strongest to weakest; `none` only by explicit consent. */
export const ISOLATION_RUNGS = ['bwrap+cgroup', 'bwrap', 'none'] as const;
export const isolationRung = z.enum(ISOLATION_RUNGS);
export type IsolationRung = z.infer<typeof isolationRung>;

export const commandLimits = z.strictObject({
  // Beyond this, timers ring at once.
  wallMs: z
    .int()
    .positive()
    .max(2_147_483_647)
    .default(300_000)
    .describe('Wall time of one command, milliseconds'),
  memoryBytes: z.int().positive().default(1_073_741_824).describe('Memory of the whole process tree, bytes'),
  cpus: z.number().positive().default(1).describe('Processor share, where control groups allow'),
  processes: z.int().positive().default(256).describe('Processes and threads at once'),
  outputBytes: z
    .int()
    .positive()
    .default(8_388_608)
    .describe('Output kept per stream before the command is killed'),
  fileBytes: z
    .int()
    .positive()
    .default(1_073_741_824)
    .describe('Largest file that the command may write, bytes'),
});
export type CommandLimits = z.infer<typeof commandLimits>;

/** Why a command ended. Everything but `exited` means that a bound or a request ended it. */
export const COMMAND_ENDINGS = [
  'exited',
  'signalled',
  'timed-out',
  'out-of-memory',
  'output-limit',
  'cancelled',
] as const;

export const commandResult = z.strictObject({
  argv: z.array(z.string()),
  ending: z.enum(COMMAND_ENDINGS),
  /** Exit status; null unless `ending` is `exited`. */
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  /** Decoded as UTF-8 with replacement; control characters are still in it. */
  stdout: z.string(),
  stderr: z.string(),
  durationMs: z.number().nonnegative(),
  isolation: isolationRung,
});
export type CommandResult = z.infer<typeof commandResult>;
