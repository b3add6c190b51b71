// Command lines that a person can paste to see what a check saw.
import type { GateSubject } from './check.ts';

const SHORT = 12;

/** One word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Words as one line for a POSIX shell. */
export function shellLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** A command of the user as words: a line goes to /bin/sh. */
export function wordsOf(run: string | readonly string[]): string[] {
  return typeof run === 'string' ? ['/bin/sh', '-c', run] : [...run];
}

/** A command of the user as one line. */
export function lineOf(run: string | readonly string[]): string {
  return typeof run === 'string' ? run : shellLine(run);
}

/** The command in a fresh tree of the commit that was checked. */
export function inFreshTree(subject: GateSubject, directory: string, line: string): string {
  const tree = `/tmp/check-${subject.commit.slice(0, SHORT)}`;
  const at = directory === '.' ? tree : `${tree}/${directory}`;
  const add = ['git', '-C', subject.repository, 'worktree', 'add', '--detach', tree, subject.commit];
  return `${shellLine(add)} && cd ${quoted(at)} && ${line}`;
}

/** What the change did to files. */
export function diffOf(subject: GateSubject, ...paths: readonly string[]): string {
  const { repository, base, commit } = subject;
  const ends = [base.slice(0, SHORT), commit.slice(0, SHORT)];
  return shellLine(['git', '-C', repository, 'diff', ...ends, ...(paths.length > 0 ? ['--', ...paths] : [])]);
}

/** The files of the commit that a glob may mean. */
export function filesIn(subject: GateSubject, path: string): string {
  const { repository, commit } = subject;
  return shellLine([
    'git',
    '-C',
    repository,
    'ls-tree',
    '-r',
    '--name-only',
    commit,
    '--',
    path.split('*')[0] || '.',
  ]);
}
