// Small fix commits of a git history: one source file, few changed lines, code and not only comments or types.
import { execFileSync, spawnSync } from 'node:child_process';
import { stripTypeScriptTypes } from 'node:module';
import { isSameCode, tokensOf } from './tokens.ts';

export interface MinedFix {
  readonly commit: string;
  readonly subject: string;
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

const MAX_LINES = 10;
const MAX_CHARS = 300_000;
const BUFFER_BYTES = 512 * 1024 * 1024;
const NOT_SOURCE =
  /(^|\/)(tests?|tests?-[\w-]+|__tests__|specs?|e2e|docs?|examples?|dist|build|vendor|bench(marks?)?|perf|scripts?|fixtures?|website|locales?|types|playground|esm|cjs|umd|node_modules|\.\w+)\/|[._-](test|spec|bench|config|min|stories)\.|\.d\.[cm]?ts$/i;
const FIX = /\bfix(e[sd])?\b|\bbugs?\b|\bregression\b/i;
const NOT_FIX =
  /\b(typos?|lint|docs?|readme|jsdoc|comments?|changelog|types?|typings?|ci|deps|build|release)\b/i;

/** Fixes of a repository, newest first; at most `limit` of those that `git log` names. */
export function mineFixes(repository: string, limit: number): MinedFix[] {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', repository, ...args], {
      encoding: 'utf8',
      maxBuffer: BUFFER_BYTES,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  // A snapshot may lack large files; their commits end the list.
  const log = gitLog(repository);
  const found: MinedFix[] = [];
  for (const entry of log.split('\0').slice(1)) {
    if (found.length >= limit) break;
    const [head = '', ...lines] = entry.split('\n');
    const [commit = '', subject = ''] = head.split('\t');
    if (!FIX.test(subject) || NOT_FIX.test(subject)) continue;
    const path = onlySource(lines);
    if (path === null) continue;
    const fix = readFix({ commit, subject, path }, git);
    if (fix !== null) found.push(fix);
  }
  return found;
}

function gitLog(repository: string): string {
  const args = ['-C', repository, 'log', '--no-merges', '--no-renames', '--numstat', '--format=%x00%H%x09%s'];
  return spawnSync('git', args, { encoding: 'utf8', maxBuffer: BUFFER_BYTES }).stdout;
}

function onlySource(lines: readonly string[]): string | null {
  const sources = lines
    .map((line) => line.split('\t'))
    .filter(([, , path]) => path !== undefined && /\.[cm]?[jt]sx?$/.test(path) && !NOT_SOURCE.test(path));
  const [only] = sources;
  if (sources.length !== 1 || only === undefined) return null;
  return Number(only[0]) + Number(only[1]) <= MAX_LINES ? (only[2] ?? null) : null;
}

function readFix(
  named: Pick<MinedFix, 'commit' | 'subject' | 'path'>,
  git: (...args: string[]) => string,
): MinedFix | null {
  try {
    const before = git('show', `${named.commit}^:${named.path}`);
    const after = git('show', `${named.commit}:${named.path}`);
    if (before.length > MAX_CHARS || isSameCode(tokensOf(before), tokensOf(after))) return null;
    if (/tsx?$/.test(named.path) && isSameCode(tokensOf(stripped(before)), tokensOf(stripped(after))))
      return null;
    return { ...named, before, after };
  } catch {
    // The file is new in the fix, or was renamed by it.
    return null;
  }
}

function stripped(text: string): string {
  try {
    return stripTypeScriptTypes(text);
  } catch {
    return text;
  }
}
