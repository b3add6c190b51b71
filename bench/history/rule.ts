// The rule by which cases are taken from a library's history. Whoever changes what it accepts changes its version.
import { testPathKind } from '#code/test-files.ts';
import { git } from './git.ts';

export const RULE = 'history-rule/1';

/** Lines added and deleted in the source file, together. */
const MAX_CHANGED_LINES = 10;
const CODE = /\.[cm]?[jt]sx?$/;
/** Built, documented or measured with, not run by users; type declarations have no behaviour. */
const NO_SOURCE =
  /\.d\.[cm]?ts$|\.min\.js$|(^|\/)(dist|build|deno_dist|docs?|website|examples?|bench(marks?)?|scripts|vendor|\.[^/]+)\/|\.config\.[cm]?[jt]s$/;
const SAYS_FIX = /\b(fix(e[sd]|ing)?|bug(s|fix|gy)?|hotfix|regression)\b/i;
const CLOSES_ISSUE = /\b(close[sd]?|fix(e[sd])?|resolve[sd]?)\s*:?\s*#\d+/i;

export interface FixCommit {
  readonly commit: string;
  /** ISO 8601 date. */
  readonly date: string;
  readonly message: string;
  readonly source: string;
  readonly tests: readonly string[];
}

/**
 * Commits of the newest branch that the rule accepts, newest first: no merge; the subject speaks of a fix or the message
 * closes an issue; exactly one source file changed, by at most ten lines; and a test file with it.
 */
export async function fixCommits(repository: string): Promise<FixCommit[]> {
  const format = '--format=%x01%H%x02%cs%x02%B%x03';
  const log = await git(repository, [
    'log',
    '--no-merges',
    '--no-renames',
    '--numstat',
    '-z',
    format,
    'HEAD',
  ]);
  const entries = log.toString('utf8').split('\u0001').slice(1);
  return entries.map(accepted).filter((found) => found !== null);
}

function accepted(entry: string): FixCommit | null {
  const [head = '', changes = ''] = entry.split('\u0003');
  const [commit = '', date = '', message = ''] = head.split('\u0002');
  const subject = message.trim().split('\n')[0] ?? '';
  if (!SAYS_FIX.test(subject) && !CLOSES_ISSUE.test(message)) return null;
  const files = changes.split('\0').flatMap((line) => {
    const [added = '', deleted = '', path = ''] = line.trim().split('\t');
    return CODE.test(path) ? [{ path, lines: Number(added) + Number(deleted), added: Number(added) }] : [];
  });
  const tests = files.filter(({ path, added }) => isTest(path) && added > 0).map(({ path }) => path);
  const sources = files.filter(({ path }) => testPathKind(path) === null && !NO_SOURCE.test(path));
  const [source] = sources;
  if (source === undefined || sources.length > 1 || tests.length === 0) return null;
  if (!(source.lines >= 1 && source.lines <= MAX_CHANGED_LINES)) return null;
  return { commit, date, message: subject, source: source.path, tests };
}

/** Code that holds cases or lives among them. */
export function isTest(path: string): boolean {
  const kind = testPathKind(path);
  return CODE.test(path) && !/\.d\.[cm]?ts$/.test(path) && (kind === 'test' || kind === 'support');
}
