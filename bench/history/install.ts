// Installs what a library declares at a commit, once for equal declarations; from the npm registry, without install scripts.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileAt } from './git.ts';

const INSTALL_SECONDS = 420;
/** Attempts, each without one more package that the registry does not have. */
const MAX_ROUNDS = 5;
const GROUPS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;
/** Versions that only exist inside the library's own repository or are fetched from elsewhere. */
const ELSEWHERE =
  /^(workspace|link|file|portal|catalog|patch|git|git\+\w+|github|https?):|^[\w.-]+\/[\w.-]+(#.*)?$/;

/** The registry does not tell what a tag meant on the day of a commit: of these, today's version is no use to older tools. */
const LAST: Readonly<Record<string, string>> = { typescript: '^5.9.0' };
const TAG = /^(latest|next|\*)?$/;

export interface Installed {
  /** The `node_modules` folder; null when installing failed. */
  readonly folder: string | null;
  readonly key: string;
  /** The end of what npm said when it failed. */
  readonly reason: string;
}

/** Dependencies of `repository` at `commit`, below `root`. A failure is remembered and not tried again. */
export async function install(
  repository: string,
  commit: string,
  { name, root }: { name: string; root: string },
): Promise<Installed> {
  const manifest = cleaned((await fileAt(repository, commit, 'package.json')) ?? '{}');
  const lock = manifest.complete ? await fileAt(repository, commit, 'package-lock.json') : null;
  const key = createHash('sha256')
    .update(manifest.text)
    .update(lock ?? '')
    .digest('hex')
    .slice(0, 16);
  const directory = join(root, name.replaceAll('/', '+'), key);
  const folder = join(directory, 'node_modules');
  const record = join(directory, 'installed.txt');
  const known = await readFile(record, 'utf8').catch(() => null);
  if (known !== null) return { key, folder: known === '' ? folder : null, reason: known };
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), manifest.text);
  let failure = 'no lockfile';
  if (lock !== null) {
    await writeFile(join(directory, 'package-lock.json'), lock);
    failure = await npm(directory, ['ci', '--legacy-peer-deps']);
  }
  let declared = manifest.text;
  for (let round = 0; failure !== '' && round < MAX_ROUNDS; round += 1) {
    await rm(join(directory, 'package-lock.json'), { force: true });
    failure = await npm(directory, ['install', '--no-package-lock']);
    if (failure.includes('ERESOLVE'))
      failure = await npm(directory, ['install', '--no-package-lock', '--force']);
    const fewer = withoutMissing(declared, failure);
    if (fewer === null) break;
    declared = fewer;
    await writeFile(join(directory, 'package.json'), declared);
  }
  if (failure === '' && !(await stat(folder).catch(() => null))) failure = 'nothing was installed';
  await writeFile(record, failure);
  return { key, folder: failure === '' ? folder : null, reason: failure };
}

/** The manifest without the package that npm says the registry does not have; null when it says no such thing. */
function withoutMissing(text: string, failure: string): string | null {
  const missing = /(?:No matching version found for|404\s+'?)\s*(@?[^@\s']+)@/.exec(failure)?.[1];
  if (missing === undefined) return null;
  const lines = text.split('\n').filter((line) => !line.includes(`"${missing}":`));
  const kept = lines.join('\n').replace(/,(\s*[}\]])/g, '$1');
  return kept === text ? null : kept;
}

interface Cleaned {
  readonly text: string;
  /** False when an entry was left out, so that a lockfile would not fit any more. */
  readonly complete: boolean;
}

/** Only what is needed to install: no scripts, no workspaces, nothing that is not in the registry. */
function cleaned(text: string): Cleaned {
  const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
  const all = (parsed ?? {}) as Record<string, unknown>;
  const out: Record<string, unknown> = { name: 'installed', version: '1.0.0', private: true };
  let complete = all['workspaces'] === undefined;
  for (const group of GROUPS) {
    const entries = Object.entries((all[group] ?? {}) as Record<string, unknown>);
    const kept = entries.filter(([, version]) => typeof version === 'string' && !ELSEWHERE.test(version));
    complete &&= kept.length === entries.length;
    if (kept.length > 0)
      out[group] = Object.fromEntries(
        kept.map(([one, version]) => [one, LAST[one] && TAG.test(String(version)) ? LAST[one] : version]),
      );
  }
  return { text: `${JSON.stringify(out, null, 2)}\n`, complete };
}

/** Empty when npm ended well; else the end of what it said. */
function npm(cwd: string, words: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
  };
  const argv = [...words, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  return new Promise((resolve) => {
    const child = spawn('npm', argv, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      said = (said + piece).slice(-2_000);
    });
    const timer = setTimeout(() => {
      said += `\nnot done after ${INSTALL_SECONDS} s`;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, INSTALL_SECONDS * 1000);
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? '' : said.trim() || `npm ended with ${code}`);
    });
  });
}
