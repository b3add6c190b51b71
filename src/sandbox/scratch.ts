// Directories for the time of one call, outside every workspace; their names tell whose they are, so that a killed
// process's can be found and removed.
import { lstatSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerLives, ownerTag } from './process/owner.ts';

export type ScratchKind = 'home' | 'probe' | 'results' | 'status';

const OURS = /^cambium-(?:home|probe|results|status)-(\d+-\d+)-[A-Za-z0-9]{6}$/;

/** A new empty directory, open to this user only; who makes it removes it. */
export function makeScratch(kind: ScratchKind): string {
  return mkdtempSync(join(tmpdir(), `cambium-${kind}-${ownerTag()}-`));
}

/** Scratch directories of processes that are gone. Only Linux tells one process from a later one of its number. */
export function abandonedScratch(): string[] {
  if (process.platform !== 'linux') return [];
  const root = tmpdir();
  return readdirSync(root).flatMap((name) => {
    const owner = OURS.exec(name)?.[1];
    if (owner === undefined || ownerLives(owner)) return [];
    // A link of that name was put there by somebody else, and leads where they like.
    const path = join(root, name);
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? [path] : [];
  });
}
