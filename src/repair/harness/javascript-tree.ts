// Runs inside the sandbox, in the main thread: puts the tree's files back after a thread was ended in the middle of a write.
import fs from 'node:fs';
import path from 'node:path';

const MAX_FILES = 4_000;
const MAX_BYTES = 33_554_432;
const PASSED_OVER = new Set(['node_modules', '.git']);

export interface TreeKeeper {
  /** Removes files that were not there, and writes back those that changed. */
  putBack(): void;
}

/** Remembers the tree as it is now; a tree beyond the bounds is only watched for new files. */
export function keepTree(root: string): TreeKeeper {
  const before = new Map<string, { stamp: string; content: Buffer | null }>();
  let bytes = 0;
  for (const file of filesUnder(root)) {
    const stat = fs.lstatSync(file);
    bytes += stat.size;
    const content = stat.isFile() && bytes < MAX_BYTES ? fs.readFileSync(file) : null;
    before.set(file, { stamp: `${stat.size} ${stat.mtimeMs}`, content });
  }
  return {
    putBack: () => {
      const now = new Set(filesUnder(root));
      for (const file of now)
        if (!before.has(file) && before.size < MAX_FILES) fs.rmSync(file, { force: true });
      for (const [file, { stamp, content }] of before) {
        const stat = fs.lstatSync(file, { throwIfNoEntry: false });
        if (content === null || (stat !== undefined && `${stat.size} ${stat.mtimeMs}` === stamp)) continue;
        fs.writeFileSync(file, content);
      }
    },
  };
}

function filesUnder(root: string): string[] {
  const found: string[] = [];
  const open = [root];
  for (let at = open.pop(); at !== undefined && found.length < MAX_FILES; at = open.pop()) {
    for (const entry of fs.readdirSync(at, { withFileTypes: true })) {
      const full = path.join(at, entry.name);
      if (entry.isDirectory() && !PASSED_OVER.has(entry.name)) open.push(full);
      else if (!entry.isDirectory()) found.push(full);
    }
  }
  return found;
}
