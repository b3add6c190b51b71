// Places in the tree where dependencies are mounted: foreign code may have put links there, which are never followed.
import { lstatSync, readlinkSync, unlinkSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Mount, WorkspacePlace } from '../command.ts';

/**
 * The mounts whose place is a real directory, or still free below real directories. A link that rung `none` left
 * there is taken away; any other link makes the mount unusable, to the loss of only those who put it there.
 */
export function usableMounts(workspace: WorkspacePlace): readonly Mount[] {
  return workspace.mounts.filter((mount) => isAbsolute(mount.inside) || pointIsUsable(workspace.root, mount));
}

function pointIsUsable(root: string, mount: Mount): boolean {
  const parts = mount.inside.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return false;
  let path = root;
  for (const [index, part] of parts.entries()) {
    path = join(path, part);
    const last = index === parts.length - 1;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return last;
    if (last && stat.isSymbolicLink() && readlinkSync(path) === mount.host) {
      unlinkSync(path);
      return true;
    }
    if (!stat.isDirectory()) return false;
  }
  return parts.length > 0;
}
