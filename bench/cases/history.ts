// A fault from a library's own history: the repository up to the fix's parent, and one commit with the tests of the fix.
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { join, posix } from 'node:path';
import { z } from 'zod';
import { git, text } from '../history/git.ts';

/** `import … from 'name'`, `export … from 'name'`, `import 'name'`; no relative path. */
const IMPORTED = /^(?:(?:import|export)\b[^'"=();]*?\bfrom|import)\s*['"]([^'".][^'"]*)['"]/gm;

const historyCase = z.object({
  repository: z.string(),
  /** The commit in which the library's developers mended the fault. */
  commit: z.string().regex(/^[0-9a-f]{7,64}$/),
  date: z.string().optional(),
  message: z.string(),
  /** The one source file that the fix changes. */
  source: z.string(),
  tests: z.array(z.string()).min(1),
  /** Names of the tests that fail before the fix and pass with it, `suite > name`. */
  failToPass: z.array(z.string()).min(1),
  passToPass: z.array(z.string()),
  /** The commit whose declared dependencies the case runs with; its own when absent. */
  install: z.string().optional(),
  /** Command that runs its tests, where the detected one builds first and the tests do not need that. */
  test: z.string().optional(),
});
export type HistoryCase = z.infer<typeof historyCase>;

/** What mining writes: the cases, and what the rule took but could not be used. */
export const historyManifest = z.object({
  schema: z.literal('cambium.history/1'),
  rule: z.string(),
  repository: z.string(),
  cases: z.array(historyCase),
  unusable: z.array(z.object({ commit: z.string(), reason: z.string() })),
});
export type HistoryManifest = z.infer<typeof historyManifest>;

export interface LaidOut {
  readonly directory: string;
  /** Commits of the library's own history in it. */
  readonly commits: number;
  /** Packages that the case's files import and the given dependencies do not hold. */
  readonly missing: readonly string[];
}

/** Reads the cases of a manifest, or a bare list of them. Throws when it is neither. */
export async function readManifest(path: string): Promise<HistoryCase[]> {
  const read = z
    .union([historyManifest, z.array(historyCase)])
    .parse(JSON.parse(await readFile(path, 'utf8')));
  return Array.isArray(read) ? read : read.cases;
}

/**
 * Makes `directory`, which must not exist, a repository of the history before the fix plus the fix's tests; with
 * `withFix` also its source. Nothing else of the fix enters, not even as an unreachable object. Throws with git's words.
 */
export async function layOutHistory(
  item: HistoryCase,
  to: {
    readonly directory: string;
    readonly from: string;
    readonly dependencies: string;
    readonly withFix: boolean;
    /** Only the last commit before the fix: quicker, and enough where nobody reads the history. */
    readonly shallow?: boolean;
  },
): Promise<LaidOut> {
  const { directory, from } = to;
  const parent = text(await git(from, ['rev-parse', '--verify', `${item.commit}^`]));
  await mkdir(directory, { recursive: true });
  await git(directory, ['init', '--quiet', '--template=', '--initial-branch=main']);
  const depth = to.shallow === true ? ['--depth=1'] : [];
  await git(directory, ['fetch', '--quiet', '--no-tags', ...depth, `file://${from}`, parent]);
  await git(directory, ['reset', '--quiet', '--hard', 'FETCH_HEAD']);
  const paths = to.withFix ? [...item.tests, item.source] : item.tests;
  for (const path of paths) {
    const content = await git(from, ['cat-file', 'blob', `${item.commit}:${path}`]);
    // Through the index, so that a link in the checkout cannot lead the write elsewhere.
    const blob = text(await git(directory, ['hash-object', '-w', '--stdin'], content));
    await git(directory, ['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`]);
  }
  const message = to.withFix ? 'The fix as it was made' : 'Tests for what should hold';
  await git(directory, ['commit', '--quiet', '--allow-empty', `--message=${message}`]);
  await git(directory, ['reset', '--quiet', '--hard']);
  await mkdir(join(directory, '.git', 'info'), { recursive: true });
  await writeFile(join(directory, '.git', 'info', 'exclude'), '/node_modules\n');
  await symlink(to.dependencies, join(directory, 'node_modules'));
  const commits = Number(text(await git(directory, ['rev-list', '--count', 'HEAD']))) - 1;
  return { directory, commits, missing: await missingPackages(directory, item) };
}

/** How a change compares with the developers' own. */
export type Likeness = 'same' | 'same but for layout' | 'different';

/** Compares the file of the fix at `commit` of the laid-out repository with what the developers made of it. */
export async function compareWithFix(
  item: HistoryCase,
  at: { readonly directory: string; readonly from: string; readonly base: string; readonly commit: string },
): Promise<Likeness> {
  const names = text(await git(at.directory, ['diff', '--name-only', '-z', at.base, at.commit]));
  const changed = names.split('\0').filter((name) => name !== '');
  if (changed.length !== 1 || changed[0] !== item.source) return 'different';
  const ours = text(await git(at.directory, ['cat-file', 'blob', `${at.commit}:${item.source}`]));
  const theirs = text(await git(at.from, ['cat-file', 'blob', `${item.commit}:${item.source}`]));
  if (ours === theirs) return 'same';
  return ours.replace(/[\s;]+/g, '') === theirs.replace(/[\s;]+/g, '') ? 'same but for layout' : 'different';
}

/** Bare imports of the case's own files, and of those that these import from beside them, that cannot be found. */
async function missingPackages(directory: string, item: HistoryCase): Promise<string[]> {
  const resolver = createRequire(join(directory, 'package.json'));
  const listed = text(
    await git(directory, ['ls-files', '-z', '--', posix.dirname(item.source), ...item.tests]),
  );
  const missing = new Set<string>();
  for (const path of listed.split('\0').filter((name) => /\.[cm]?[jt]sx?$/.test(name))) {
    const source = text(await git(directory, ['cat-file', 'blob', `HEAD:${path}`]));
    for (const [, specifier = ''] of source.matchAll(IMPORTED)) {
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      if (!isBuiltin(specifier) && !isInstalled(resolver, name)) missing.add(name);
    }
  }
  return [...missing].sort();
}

function isInstalled(resolver: NodeJS.Require, name: string): boolean {
  try {
    resolver.resolve(`${name}/package.json`);
    return true;
  } catch (error) {
    // A package that is there but keeps its manifest to itself.
    return error instanceof Error && 'code' in error && error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  }
}
