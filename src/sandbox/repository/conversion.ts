// Files that git would convert when it records them, though nobody touched them: committed against their own attributes.
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askGit, callGit, type GitCall } from './git-process.ts';

/** Each costs a call of git, so only so many are looked at; a tree with more of them is recorded as git would. */
const MAX_LOOKED_AT = 500;

/**
 * Of changed names, those whose bytes are what a check-out writes: `* text eol=lf` over a file committed with CRLF makes
 * git call it modified from the start, and recording it would put a conversion nobody asked for into the fix.
 */
export async function merelyConverted(
  names: readonly Buffer[],
  root: string,
  call: (args: readonly string[], more?: Pick<GitCall, 'env'>) => GitCall,
): Promise<Buffer[]> {
  const attributes = call(['ls-files', '-z', '--', ':(glob)**/.gitattributes'], {
    env: { GIT_LITERAL_PATHSPECS: '0' },
  });
  if (names.length === 0 || (await callGit(attributes)).length === 0) return [];
  const found: Buffer[] = [];
  for (const name of names.slice(0, MAX_LOOKED_AT)) {
    const path = name.toString('utf8');
    if (!Buffer.from(path).equals(name)) continue;
    const written = await askGit(call(['cat-file', '--filters', `:${path}`]));
    if (written.code !== 0) continue;
    // A link would lead elsewhere, and a pipe would never end.
    const stat = await lstat(join(root, path)).catch(() => null);
    if (stat?.isFile() !== true || stat.size !== written.stdout.length) continue;
    const there = await readFile(join(root, path)).catch(() => null);
    if (there?.equals(written.stdout) === true) found.push(name);
  }
  return found;
}
