// Runs the test files that later versions of the library had: what passes with the real fix has to pass with a change, too.
import { posix } from 'node:path';
import type { TestResult } from '#contracts/tests.ts';
import { fileAt, git } from './git.ts';
import type { Stage, Texts } from './stage.ts';

/** Later versions of the changed test files, the nearest ones. */
const LATER_VERSIONS = 3;

export interface LaterResult {
  /** Tests that pass with the real fix, those that fail without one left out of no account. */
  readonly held: number;
  /** Names of those that do not pass with the change. */
  readonly broken: readonly string[];
}

/** Null when no later version loads and passes anything with the real fix. */
export async function laterTests(
  stage: Stage,
  from: string,
): Promise<((change: Texts) => Promise<LaterResult>) | null> {
  const files = await laterFiles(stage, from);
  if (files.size === 0) return null;
  const names = [...files.keys()];
  const real = await stage.run(names, new Map([...files, [stage.item.source, stage.fixed]]));
  const held = passing(real.tests);
  if (held.size === 0) return null;
  return async (change) => {
    const report = await stage.run(names, new Map([...files, ...change]));
    const now = passing(report.tests);
    return { held: held.size, broken: [...held].filter((id) => !now.has(id)) };
  };
}

/** Each version beside the original under a name of its own, so that its imports lead to the same places. */
async function laterFiles(stage: Stage, from: string): Promise<Map<string, string>> {
  const { item } = stage;
  const files = new Map<string, string>();
  for (const test of item.tests.filter((path) =>
    /[._-](test|spec)s?\.|(^|\/)(tests?|__tests__)\//.test(path),
  )) {
    const range = `${item.commit}..HEAD`;
    const log = await git(from, ['log', '--reverse', '--format=%H', '--ancestry-path', range, '--', test]);
    const commits = log.toString('utf8').trim().split('\n').filter(Boolean).slice(0, LATER_VERSIONS);
    for (const [index, commit] of commits.entries()) {
      const text = await fileAt(from, commit, test);
      if (text !== null) files.set(besideOf(test, `later${index + 1}`), text);
    }
  }
  return files;
}

/** `a/b.test.ts` becomes `a/b.later1.test.ts`: still a test to the runner's patterns. */
export function besideOf(path: string, mark: string): string {
  const name = posix.basename(path);
  const at = name.search(/[._-](test|spec)s?\.[cm]?[jt]sx?$/);
  const cut = at > 0 ? at : name.search(/\.[cm]?[jt]sx?$/);
  return posix.join(posix.dirname(path), `${name.slice(0, cut)}.${mark}${name.slice(cut)}`);
}

function passing(tests: readonly TestResult[]): Set<string> {
  const failed = new Set(tests.filter(({ status }) => status === 'failed').map(({ id }) => id));
  return new Set(
    tests.filter(({ id, status }) => status === 'passed' && !failed.has(id)).map(({ id }) => id),
  );
}
