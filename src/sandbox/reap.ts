// Removing what killed processes left behind: workspaces, scratch directories, control groups, commands with our marker.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#foundation/clock.ts';
import { errorMessage } from '#foundation/errors.ts';
import type { Log } from '#foundation/log.ts';
import { findGroupHost, removeGroupDirectories } from './bwrap/control-group.ts';
import { orphanedSandboxes } from './bwrap/orphans.ts';
import { markedProcesses } from './process/host-launch.ts';
import { killNow, ownerLives } from './process/owner.ts';
import { removeDirectory } from './remove.ts';
import { abandonedScratch } from './scratch.ts';
import { sandboxUser } from './user.ts';
import type { WorkspaceEntry, Workspaces } from './workspace.ts';

export interface Leftovers {
  /** Names of workspaces outside `keep` whose maker is gone. */
  readonly workspaces: readonly string[];
  /** Control groups whose owner is gone. */
  readonly groups: readonly string[];
  /** Process ids of commands whose owner is gone. */
  readonly processes: readonly number[];
  /** Scratch directories whose owner is gone. */
  readonly scratch: readonly string[];
}

export interface ReapOptions {
  readonly workspaces: Workspaces;
  /** Names of workspaces that unfinished runs still need. */
  readonly keep: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What `reap` would remove. */
export async function findLeftovers(options: ReapOptions): Promise<Leftovers> {
  const entries = await options.workspaces.list();
  return {
    workspaces: entries.filter((entry) => isLeft(entry, options.keep)).map((entry) => entry.name),
    groups: abandonedGroups(options.clock),
    processes: [
      ...markedProcesses().flatMap((marked) => (marked.ownerGone ? [marked.pid] : [])),
      ...(process.platform === 'linux' ? orphanedSandboxes(sandboxUser().uid) : []),
    ],
    scratch: abandonedScratch(),
  };
}

/** Removes leftovers and says what went. */
export async function reap(options: ReapOptions): Promise<Leftovers> {
  const left = await findLeftovers(options);
  const processes = left.processes.filter((pid) => killNow(pid));
  const groups = left.groups.filter((path) => removeGroupDirectories([path]));
  const each = async (names: readonly string[], remove: (name: string) => Promise<void>) => {
    const gone: string[] = [];
    for (const name of names) {
      try {
        await remove(name);
        gone.push(name);
      } catch (error) {
        options.log.warn({ name, error: errorMessage(error) }, 'a leftover could not be removed');
      }
    }
    return gone;
  };
  const workspaces = await each(left.workspaces, (name) => options.workspaces.remove(name));
  return { workspaces, groups, processes, scratch: await each(left.scratch, removeDirectory) };
}

/** A workspace whose maker still runs is in use, finished or half made; one of an unfinished run is kept. */
function isLeft(entry: WorkspaceEntry, keep: ReadonlySet<string>): boolean {
  const halfMadeBy = entry.name.match(/^\.new-.*-(\d+-\d+)$/)?.[1];
  if (halfMadeBy !== undefined) return !ownerLives(halfMadeBy);
  return !entry.ownerLives && !keep.has(entry.name);
}

function abandonedGroups(clock: Clock): string[] {
  const host = findGroupHost({ clock });
  if (!host.ok) return [];
  return host.value.directories.flatMap((directory) =>
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && /^\d+-\d+-\d+$/.test(entry.name) && !ownerLives(entry.name))
      .map((entry) => join(directory, entry.name)),
  );
}
