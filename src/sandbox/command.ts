// A command as it is asked for, and the places that it may see.
import type { CommandLimits } from '#contracts/command.ts';

/** A host directory or file that a command may read. */
export interface Mount {
  readonly host: string;
  /** Where it appears: relative to the tree (`node_modules`), or absolute inside the sandbox. */
  readonly inside: string;
}

/** The part of a workspace that running needs. */
export interface WorkspacePlace {
  /** Absolute host path of the tree; `/workspace` inside. */
  readonly root: string;
  /** Read-only dependencies. */
  readonly mounts: readonly Mount[];
}

export interface SandboxCommand {
  readonly workspace: WorkspacePlace;
  /** Program and arguments; no shell is added. Programs are found on the sandbox's own PATH. */
  readonly argv: readonly string[];
  /** Working directory relative to the tree; `.` by default. */
  readonly directory?: string;
  /** Added to the clean environment (PATH, HOME, LANG, CI). */
  readonly env?: Readonly<Record<string, string>>;
  /** Text for standard input; empty when absent. Not used by `start`. */
  readonly stdin?: string;
  readonly limits?: Partial<CommandLimits>;
  /** Further host paths to read; `inside` must be absolute. */
  readonly readOnly?: readonly Mount[];
  /** A host directory that the command may write; `/results` inside. */
  readonly results?: string;
}
