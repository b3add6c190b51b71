// What every part of the assembly is made from.
import type { LoadedConfig } from '#config/load.ts';
import type { Clock } from '#foundation/clock.ts';
import type { Ids } from '#foundation/ids.ts';
import type { Log } from '#foundation/log.ts';
import type { Edges } from '#operations/operation.ts';
import type { Git } from '#sandbox/git.ts';
import type { Workspaces } from '#sandbox/workspace.ts';

/** Made once an invocation; rooms are handed what they need of it. */
export interface Base {
  /** Version of Cambium. */
  readonly version: string;
  readonly config: LoadedConfig['config'];
  readonly home: string;
  readonly git: Git;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly edges: Edges;
}

/** Calls `make` at the first use and keeps what came of it, also when many ask at once. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
