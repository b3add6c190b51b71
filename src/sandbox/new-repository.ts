// Makes a git repository out of commits given as files: for samples, and for everything that needs a real one.
import type { Identity } from './git.ts';
import { callGit } from './repository/git-process.ts';

export interface NewCommit {
  readonly message: string;
  /** Author and committer date, ISO 8601. */
  readonly dateIso: string;
  readonly identity: Identity;
  /** New or changed files by path relative to the tree; null removes one. Files that are not named stay. */
  readonly files: ReadonlyMap<string, Uint8Array | null>;
}

const BRANCH = 'refs/heads/main';

/**
 * Makes `path`, an empty directory, a repository on branch `main` with these commits checked out.
 * Equal commits yield equal ids. @throws AppError COMMAND_FAILED.
 */
export async function createRepository(path: string, commits: readonly NewCommit[]): Promise<void> {
  await callGit({ args: ['init', '--quiet', '--initial-branch=main', '--template=', path] });
  const stream = Buffer.concat(commits.flatMap((commit) => [...importCommit(commit)]));
  await callGit({
    args: ['fast-import', '--quiet', '--done'],
    directory: path,
    input: Buffer.concat([stream, Buffer.from('done\n')]),
  });
  await callGit({ args: ['checkout', '--quiet', '--force', 'main'], directory: path });
}

/** The version line of the installed git. @throws AppError COMMAND_FAILED when there is none. */
export async function gitVersion(): Promise<string> {
  return (await callGit({ args: ['--version'] })).toString('utf8').trim();
}

/** One commit in the format of git-fast-import(1). */
function* importCommit(commit: NewCommit): Generator<Buffer> {
  const { name, email } = commit.identity;
  const at = Math.floor(Date.parse(commit.dateIso) / 1000);
  const who = `${name.replace(/[<>\n]/g, '')} <${email.replace(/[<>\n]/g, '')}> ${at} ${zoneOf(commit.dateIso)}`;
  yield Buffer.from(`commit ${BRANCH}\nauthor ${who}\ncommitter ${who}\n`);
  yield* data(Buffer.from(commit.message));
  for (const [file, content] of commit.files) {
    if (content === null) {
      yield Buffer.from(`D ${quoted(file)}\n`);
    } else {
      yield Buffer.from(`M 100644 inline ${quoted(file)}\n`);
      yield* data(content);
    }
  }
  yield Buffer.from('\n');
}

function* data(content: Uint8Array): Generator<Buffer> {
  yield Buffer.from(`data ${content.byteLength}\n`);
  yield Buffer.from(content);
  yield Buffer.from('\n');
}

/** `+0100` of an ISO date; `+0000` for one in UTC. */
function zoneOf(iso: string): string {
  const zone = /([+-]\d\d):?(\d\d)$/.exec(iso);
  return zone ? `${zone[1]}${zone[2]}` : '+0000';
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
