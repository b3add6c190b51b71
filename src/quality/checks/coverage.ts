// Coverage of changed lines: which of the lines that the change wrote ran under the project's own tests, as the host
// measured it in its own directory. Reports that lie in the tree are not looked at.

import { isOwnSource, languageOf } from '#code/languages.ts';
import { testPathKind } from '#code/test-files.ts';
import type { TestPlan } from '#contracts/tests.ts';
import { canonicalJson, sha256 } from '#foundation/digest.ts';
import { plural } from '#foundation/text.ts';
import { addedLines } from '../added-lines.ts';
import { endingAt, executablePlaces, type Place } from '../coverage/executable.ts';
import type { PathOf, RanAt } from '../coverage/reports.ts';
import { openTap } from '../coverage/taps.ts';
import { type HostTask, runOverlay, runWholePlan } from '../host-run.ts';
import { listed } from '../verdict.ts';
import { type CheckContext, observed, passed, type RunCheck, refused } from './check.ts';
import { inFreshTree, shellLine } from './reproduce.ts';
import { greenReasons, noPlan, planFor, reportOf, taskFor } from './tests.ts';
import { touchedTests } from './untouched.ts';

const MAX_TEXT_BYTES = 2_097_152;
/** How many of the lines said to have run are asked again, by ending the run there. */
const SPOT_CHECKS = 2;

export const runCoverageCheck: RunCheck<'coverage'> = async (context, check, signal) => {
  const plan = await planFor(context, check);
  if (plan === null) return noPlan(context, check);
  const seen = { reproduce: inFreshTree(context.subject, plan.directory, shellLine(plan.argv)) };
  const open = openTap(plan.runner);
  if (open === null) {
    const text = `\`${plan.argv.join(' ')}\` is a plain command, of which no coverage can be measured; name a known test runner as \`run:\`.`;
    return refused([text], seen);
  }
  const touched = check.allow_changes ? [] : await touchedTests(context, plan);
  if (touched.length > 0) return refused(touched, seen);
  const changed = await changedPlaces(context, plan);
  if (changed.unread.length > 0) return refused([`Not readable as source: ${listed(changed.unread)}.`], seen);
  if (changed.places.length === 0) {
    return refused(['No changed line of code under test can run, so nothing was measured.'], seen);
  }
  const task = taskFor(context, plan, check);
  const ran = await runWholePlan(context.parts, { ...task, tap: open.tap }, signal);
  const red = greenReasons(ran);
  const report = reportOf(ran.report);
  if (red.length > 0)
    return refused(['Coverage counts on green tests only.', ...red], { ...seen, evidence: [report] });
  const ranAt = open.ranAt(pathInside);
  if (ranAt === null) {
    const last = ran.report.outputText.trim().slice(-300);
    return refused([`The tests wrote no coverage report that can be read. ${last}`], {
      ...seen,
      evidence: [report],
    });
  }
  const lines = countLines(changed.places, ranAt);
  const evidence = [report, observed('coverage', canonicalJson(lines))];
  const good = lines.filter((line) => line.ran);
  const percent = Math.floor((good.length / lines.length) * 1_000) / 10;
  const words = `${percent} % of ${plural(lines.length, 'changed line')} that can run did`;
  const missed = lines.filter((line) => !line.ran).map(({ path, line }) => `${path}:${line}`);
  if (percent < check.changed_lines) {
    return refused([`${words}, less than ${check.changed_lines} %. Not run: ${listed(missed)}.`], {
      ...seen,
      evidence,
    });
  }
  const doubts = await spotCheck(context, { task, changed, ranAt }, signal);
  if (doubts.length > 0) return refused(doubts, { ...seen, evidence });
  return passed(`${words}${missed.length === 0 ? '' : ` (not ${listed(missed)})`}.`, { ...seen, evidence });
};

interface ChangedPlace extends Place {
  readonly path: string;
}

interface Changed {
  readonly places: readonly ChangedPlace[];
  readonly texts: ReadonlyMap<string, string>;
  readonly unread: readonly string[];
}

/** Code under test that the change wrote: tests, their helpers and configuration do not count for themselves. */
async function changedPlaces({ parts, subject }: CheckContext, plan: TestPlan): Promise<Changed> {
  const { repository, base, commit } = subject;
  const files = await parts.git.changedFiles(repository, base, commit);
  const added = addedLines(await parts.git.diff(repository, base, commit));
  const texts = new Map<string, string>();
  const places: ChangedPlace[] = [];
  const unread: string[] = [];
  for (const { path, change } of files) {
    if (change === 'deleted' || languageOf(path) === null || /\.d\.[cm]?ts$/.test(path)) continue;
    if (!isOwnSource(path) || testPathKind(path, plan) !== null) continue;
    const bytes = await parts.git.readBlob(repository, commit, path);
    const text = bytes !== null && bytes.byteLength <= MAX_TEXT_BYTES ? bytes.toString('utf8') : null;
    const found = text === null ? null : executablePlaces(path, text);
    if (text === null || found === null) {
      unread.push(path);
      continue;
    }
    texts.set(path, text);
    places.push(
      ...found.filter(({ line }) => added.get(path)?.has(line)).map((place) => ({ ...place, path })),
    );
  }
  return { places, texts, unread };
}

/** One entry a line; it ran when everything that begins on it did. */
function countLines(
  places: readonly ChangedPlace[],
  ranAt: RanAt,
): { path: string; line: number; ran: boolean }[] {
  const lines = new Map<string, { path: string; line: number; ran: boolean }>();
  for (const place of places) {
    const { path, line } = place;
    const key = `${path}:${line}`;
    const ran = (lines.get(key)?.ran ?? true) && ranAt(path, place) === true;
    lines.set(key, { path, line, ran });
  }
  return [...lines.values()];
}

/** What reports call a file of the tree: a path inside of the sandbox or of a workspace, or a URL of it. */
const pathInside: PathOf = (named) => {
  const path = named.startsWith('file://') ? decode(named.slice('file://'.length)) : named;
  return /^(?:\/workspace|.*\/worktrees\/[^/]+\/tree)\/([^?]+)/.exec(path)?.[1] ?? null;
};

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not an escaped path: taken as it stands.
    return text;
  }
}

interface SpotTask {
  readonly task: HostTask;
  readonly changed: Changed;
  readonly ranAt: RanAt;
}

/**
 * Whoever can run can also write into a report. So some of the lines that it says ran are made to end their process:
 * a run that is green all the same never came there. Which lines, follows from the commit.
 */
async function spotCheck(
  { parts, subject }: CheckContext,
  { task, changed, ranAt }: SpotTask,
  signal?: AbortSignal,
): Promise<string[]> {
  const able = changed.places.filter((place) => place.room !== null && ranAt(place.path, place) === true);
  const chosen = able
    .map((place) => ({ place, rank: sha256(`${subject.commit} ${place.path} ${place.start}`) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, SPOT_CHECKS);
  for (const { place } of chosen) {
    const text = endingAt(changed.texts.get(place.path) ?? '', place, place.path);
    const report = await runOverlay(parts, { ...task, overlay: new Map([[place.path, text]]) }, signal);
    const failed = report.tests.some((test) => test.status === 'failed');
    if (report.outcome === 'ran' && !failed && report.exitCode === 0) {
      return [
        `The report says that ${place.path}:${place.line} ran; with the process made to end there, the tests stay green, so it did not.`,
      ];
    }
  }
  return [];
}
