// Lines that recent commits wrote: those since which the tests fail, where that is known, else the last few.
import type { Plan } from '#agents/roles.ts';
import type { Git } from '#sandbox/git.ts';

export interface RecentLines {
  readonly file: string;
  readonly lines: readonly number[];
}

const COMMITS = 5;
/** A change that touches more says nothing about a single line. */
const MAX_LINES = 400;
const MAX_DIFF_CHARS = 2_000_000;

/** By file, in the text at `tree`; empty when the history tells nothing. */
export async function recentLines(
  git: Pick<Git, 'history' | 'diff'>,
  at: { readonly repository: string; readonly base: string; readonly tree: string },
  since: Plan['since'],
): Promise<RecentLines[]> {
  const from = await startOf(git, at, since);
  if (from === null) return [];
  const diff = await git.diff(at.repository, from, at.tree).catch(() => '');
  const found = diff.length > MAX_DIFF_CHARS ? [] : addedLines(diff);
  return found.reduce((sum, one) => sum + one.lines.length, 0) > MAX_LINES ? [] : found;
}

/** The commit before those that count. */
async function startOf(
  git: Pick<Git, 'history'>,
  { repository, base }: { readonly repository: string; readonly base: string },
  since: Plan['since'],
): Promise<string | null> {
  const [commit, count] = since?.kind === 'commit' ? [since.commit, 1] : [base, COMMITS];
  const history = await git.history(repository, commit, count).catch(() => []);
  return history.at(-1)?.parents[0] ?? null;
}

/** Numbers of the lines that a unified diff adds, in the later text. */
export function addedLines(diff: string): RecentLines[] {
  const found: { file: string; lines: number[] }[] = [];
  let at = 0;
  // Only within a hunk are lines what they look like: a changed line may begin with `++`.
  let left = 0;
  for (const line of diff.split('\n')) {
    const file = left === 0 ? /^\+\+\+ b\/(.+)$/.exec(line)?.[1] : undefined;
    if (file !== undefined) found.push({ file, lines: [] });
    const hunk = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (left === 0 && hunk !== null) {
      at = Number(hunk[1]);
      left = hunk[2] === undefined ? 1 : Number(hunk[2]);
    } else if (left > 0 && !line.startsWith('-') && !line.startsWith('\\')) {
      if (line.startsWith('+')) found.at(-1)?.lines.push(at);
      at += 1;
      left -= 1;
    }
  }
  return found.filter(({ lines }) => lines.length > 0);
}
