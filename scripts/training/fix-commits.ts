// Small fix commits of public repositories, as texts before and after: one source file, at most ten changed lines.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { languageOfFile } from '#code/syntax.ts';

/** A repository by address and commit, as the manifest lists it. */
export interface TrainingSource {
  readonly url: string;
  readonly commit: string;
  readonly licence: string;
}

export interface FixCommit {
  readonly repository: string;
  readonly commit: string;
  /** `2021-03-04` */
  readonly date: string;
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

const MAX_CHANGED_LINES = 10;
const MAX_FILE_CHARS = 150_000;
const MAX_OUTPUT_BYTES = 256_000_000;
const NO_SOURCE =
  /(?:^|\/)(?:tests?|__tests__|specs?|benchmarks?|docs?|dist|build|examples?|vendor|fixtures|website|tools?|scripts)\/|\.(?:test|spec|bench|min|d)\.|(?:^|\/)(?:test_|conftest|setup\.)|(?:^|\/)[^/]*(?:config|rc)\.[cm]?[jt]s$/i;

/** The texts of one file before and after a commit; null when one of them is not there. */
export function fixAt(
  source: TrainingSource,
  mirrors: string,
  at: { readonly commit: string; readonly path: string },
): { readonly before: string; readonly after: string } | null {
  return bothTexts(gitOf(source, mirrors), at.commit, at.path);
}

function repositoryOf({ url }: TrainingSource): string {
  return new URL(url).pathname.slice(1).replace(/\.git$/, '');
}

type RunGit = (...args: string[]) => string;

function gitOf(source: TrainingSource, mirrors: string): RunGit {
  const directory = join(mirrors, repositoryOf(source).replace('/', '+'), 'repo');
  return (...args) =>
    execFileSync('git', ['--git-dir', directory, ...args], {
      encoding: 'utf8',
      maxBuffer: MAX_OUTPUT_BYTES,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
}

/** At most `most` fix commits up to the listed one, newest first. `mirrors` holds bare clones as `owner+name/repo`. */
export function* fixCommits(source: TrainingSource, mirrors: string, most: number): Iterable<FixCommit> {
  const repository = repositoryOf(source);
  const git = gitOf(source, mirrors);
  const words = ['--grep=\\bfix', '--grep=\\bbug', '--grep=\\bcorrect', '--grep=\\bregression'];
  const log = git(
    ...['log', '--no-merges', '--no-renames', '-i', '-E', ...words],
    ...['--format=%x01%H %cs', '--numstat', source.commit],
  );
  let made = 0;
  for (const entry of log.split('\u0001').slice(1)) {
    const [head = '', ...rest] = entry.split('\n');
    const [commit = '', date = ''] = head.split(' ');
    const path = onlySource(rest);
    if (path === null) continue;
    const texts = bothTexts(git, commit, path);
    if (texts === null) continue;
    yield { repository, commit, date, path, ...texts };
    made += 1;
    if (made >= most) return;
  }
}

/** The one source file that a commit changes, if it changes few lines of it; tests and documents may change as well. */
function onlySource(numstat: readonly string[]): string | null {
  const sources = numstat.flatMap((line) => {
    const [added = '', deleted = '', path = ''] = line.split('\t');
    if (path === '' || NO_SOURCE.test(path) || languageOfFile(path) === null) return [];
    return [{ path, lines: Number(added) + Number(deleted) }];
  });
  const [only] = sources;
  if (sources.length !== 1 || only === undefined) return null;
  return only.lines >= 1 && only.lines <= MAX_CHANGED_LINES ? only.path : null;
}

function bothTexts(git: RunGit, commit: string, path: string) {
  try {
    const before = git('show', `${commit}^:${path}`);
    const after = git('show', `${commit}:${path}`);
    return Math.max(before.length, after.length) > MAX_FILE_CHARS ? null : { before, after };
  } catch {
    // The file is new, or the first commit has no parent.
    return null;
  }
}
