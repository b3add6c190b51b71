// Git for the history benchmark: only this process's own configuration counts, and every call is bounded.
import { execFile } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const GIT_SECONDS = 120;
const MAX_BYTES = 256 * 1024 * 1024;
const DATE = '2025-01-01T00:00:00Z';

/** Standard output of a git command in `cwd`. Throws with git's words. */
export function git(cwd: string, args: readonly string[], input?: Buffer): Promise<Buffer> {
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_AUTHOR_NAME: 'Benchmark',
    GIT_AUTHOR_EMAIL: 'benchmark@example.org',
    GIT_AUTHOR_DATE: DATE,
    GIT_COMMITTER_NAME: 'Benchmark',
    GIT_COMMITTER_EMAIL: 'benchmark@example.org',
    GIT_COMMITTER_DATE: DATE,
  };
  const options = {
    cwd,
    env,
    encoding: 'buffer',
    maxBuffer: MAX_BYTES,
    timeout: GIT_SECONDS * 1000,
  } as const;
  return new Promise((resolve, reject) => {
    const child = execFile('git', [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`git ${args[0]}: ${text(stderr) || error.message}`));
    });
    child.stdin?.on('error', () => child.kill());
    child.stdin?.end(input);
  });
}

/** The text of a file at a commit; null when it is not there. */
export async function fileAt(repository: string, commit: string, path: string): Promise<string | null> {
  return (
    (await git(repository, ['cat-file', 'blob', `${commit}:${path}`]).catch(() => null))?.toString() ?? null
  );
}

export function text(bytes: Buffer): string {
  return bytes.toString('utf8').trim();
}

/** A local repository for a path or a URL; the latter is cloned without a work tree below `root`, once. */
export async function repositoryAt(where: string, root: string): Promise<string> {
  if (!/^[\w+]+:\/\/|^[\w.-]+@[\w.-]+:/.test(where)) return resolve(where);
  const target = join(root, 'clones', where.replace(/[^\w.-]+/g, '+'));
  if ((await stat(target).catch(() => null)) === null) {
    await mkdir(join(root, 'clones'), { recursive: true });
    await git(root, ['clone', '--quiet', '--bare', where, target]);
  }
  return target;
}
