// Changes in a workspace: putting edits in, and reading back as edits what a coder wrote there by itself.
import type { TextEdit } from '#contracts/edit.ts';
import { applyEdits } from '#repair/edits.ts';
import type { Git } from '#sandbox/git.ts';
import type { Workspace } from '#sandbox/workspace.ts';

const CHANGED_FILES = 200;

/** Applies edits, each file's at once. Throws PATH_ESCAPE, NOT_FOUND, INTERNAL for edits that do not fit. */
export async function putEdits(workspace: Workspace, edits: readonly TextEdit[]): Promise<void> {
  for (const [file, own] of Map.groupBy(edits, (edit) => edit.file)) {
    await workspace.write(file, applyEdits(await workspace.read(file), own));
  }
}

export interface ChangedText {
  readonly path: string;
  readonly before: string;
  /** Null when the file was deleted. */
  readonly after: string | null;
}

/** Text of the files that differ between two trees; at most 200 files. */
export async function changedTexts(
  git: Git,
  repository: string,
  trees: { readonly from: string; readonly to: string },
): Promise<ChangedText[]> {
  const changed = (await git.changedFiles(repository, trees.from, trees.to)).slice(0, CHANGED_FILES);
  return Promise.all(
    changed.map(async ({ path }) => {
      const before = await git.readBlob(repository, trees.from, path);
      const after = await git.readBlob(repository, trees.to, path);
      return { path, before: before?.toString('utf8') ?? '', after: after?.toString('utf8') ?? null };
    }),
  );
}

/** The one edit that makes `before` into `after`: everything between their common beginning and end. */
export function editBetween({ path, before, after }: ChangedText): TextEdit {
  const target = after ?? '';
  const shorter = Math.min(before.length, target.length);
  let start = 0;
  while (start < shorter && before[start] === target[start]) start += 1;
  let tail = 0;
  while (tail < shorter - start && before[before.length - 1 - tail] === target[target.length - 1 - tail]) {
    tail += 1;
  }
  return {
    file: path,
    start,
    end: before.length - tail,
    text: target.slice(start, target.length - tail),
  };
}
