// What is true of a case before any search: its related tests, which of them fail, and that the real fix makes them pass.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type TestResult, testResult } from '#contracts/tests.ts';
import { changeBetween, plainName, whyNoResults } from './outcomes.ts';
import { relatedTests } from './related.ts';
import type { Stage } from './stage.ts';

/** More than these make one run too long; the nearest files count. */
const SLOW_RUN_MS = 40_000;
const FEWER_FILES = 12;

const facts = z.object({
  /** Files whose tests are given to the engine, the changed ones first. */
  related: z.array(z.string()),
  failing: z.array(testResult),
  passing: z.array(testResult),
  /** Wall time of the related tests, milliseconds. */
  runMs: z.number(),
  /** Why the case cannot be judged here; null when it can. */
  reason: z.string().nullable(),
});
export type Facts = z.infer<typeof facts>;

/** Facts of the case, from `root` when they are known there. */
export async function factsOf(stage: Stage, root: string): Promise<Facts> {
  const { item } = stage;
  const path = join(root, 'facts', `${item.repository.replaceAll('/', '+')}-${item.commit}.json`);
  const known = await readFile(path, 'utf8').catch(() => null);
  if (known !== null) return facts.parse(JSON.parse(known));
  const found = await find(stage);
  // A busy machine may be quieter the next time.
  if (found.reason?.startsWith('timed-out')) return found;
  await mkdir(join(root, 'facts'), { recursive: true });
  await writeFile(path, JSON.stringify(found));
  return found;
}

async function find(stage: Stage): Promise<Facts> {
  const { item, workspace } = stage;
  const all = await relatedTests(stage.files, (path) => workspace.read(path), item);
  const fix = new Map([[item.source, stage.fixed]]);
  let related = all;
  let after = await stage.run(related, fix);
  for (const fewer of [Math.max(item.tests.length, FEWER_FILES), item.tests.length]) {
    if (after.outcome === 'ran' && after.durationMs <= SLOW_RUN_MS) break;
    if (fewer >= related.length) continue;
    related = all.slice(0, fewer);
    after = await stage.run(related, fix);
  }
  const before = await stage.run(related, new Map());
  const change = changeBetween(before, after);
  const facts = {
    related,
    failing: [...change.failToPass],
    passing: [...change.passToPass],
    runMs: before.durationMs,
  };
  const nothing = whyNoResults(after) ?? whyNoResults(before);
  return { ...facts, reason: nothing ?? whyUnsound(item.failToPass, change.failToPass, change.failing) };
}

function whyUnsound(
  recorded: readonly string[],
  failing: readonly TestResult[],
  red: readonly TestResult[],
): string | null {
  const names = new Set(failing.map((test) => plainName(test.name)));
  const missing = recorded.filter((name) => !names.has(plainName(name)));
  if (failing.length === 0) return `no test goes from fail to pass here; ${red.length} fail with the fix`;
  if (missing.length === recorded.length && recorded.length > 0)
    return `none of the ${recorded.length} recorded tests goes from fail to pass here`;
  return null;
}
