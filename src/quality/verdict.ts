// The decision itself, as a pure function: what the host saw goes in, the verdict and its reasons come out.
import type { Certificate, CertificateCheck, TamperFinding } from '#contracts/certificate.ts';
import { FILE_TEST, type TestReport, type TestStatus } from '#contracts/tests.ts';
import { plural } from '#foundation/text.ts';

type CheckName = CertificateCheck['name'];
type TestRow = Certificate['body']['tests'][number];

/** One run of the whole plan by the host in a clean workspace. */
export interface HostRun {
  readonly report: TestReport;
  /** Tracked files that differed from the commit before the run; empty unless the checkout itself is wrong. */
  readonly unlikeCommit: readonly string[];
  /** Tracked files that the run changed or removed; empty for an honest suite. */
  readonly changedFiles: readonly string[];
}

/** What the canaries showed (see canary.ts). */
export interface CanaryOutcome {
  /** Words for the record: which failures were planted, and what came of them. */
  readonly summary: string;
  /** Why this command cannot be trusted to fail; empty when the canary was seen. */
  readonly reasons: readonly string[];
}

export interface BuildOutcome {
  readonly exitCode: number | null;
  /** How the command ended, in words when it was not by itself. */
  readonly ending: string;
}

/** Everything that the host saw. All of it was measured by the host on exact commits in clean workspaces. */
export interface Evidence {
  /** Ids of tests that fail on the base and that the change claims to fix. */
  readonly targets: readonly string[];
  /** Whether the commit comes after the base in history, so that merging it yields what was checked. */
  readonly descends: boolean;
  readonly base: HostRun;
  /** Further runs on the base, of its failing tests or of those in doubt. */
  readonly baseReruns: readonly TestReport[];
  readonly commit: HostRun;
  /** Further runs on the commit; each target has to pass in each of them. */
  readonly commitReruns: readonly TestReport[];
  /** Null when they were not run, because the commit was refused without them. */
  readonly canary: CanaryOutcome | null;
  readonly tampering: readonly TamperFinding[];
  readonly allowTestChanges: boolean;
  /** Null when the project has no build command. */
  readonly build: BuildOutcome | null;
}

export interface Reason {
  readonly check: CheckName;
  /** One sentence. */
  readonly text: string;
  /** True when further runs may show that a flaky test and not the change is to blame. */
  readonly doubtful?: boolean;
}

export interface Judgement {
  readonly verdict: 'passed' | 'refused';
  readonly reasons: readonly Reason[];
  readonly tests: readonly TestRow[];
  /** Claimed tests that failed every time on the base and passed every time on the commit. */
  readonly fixed: readonly string[];
  readonly failingBefore: readonly string[];
  /** Claimed tests that pass sometimes on the base: nobody can say that they were fixed. */
  readonly flakyTargets: readonly string[];
}

const WORST_FIRST: readonly TestStatus[] = ['failed', 'skipped', 'passed'];

/** Statuses by id; a test reported twice counts with its worst outcome, so that no duplicate hides a failure. */
export function statuses(report: TestReport): ReadonlyMap<string, TestStatus> {
  const byId = new Map<string, TestStatus>();
  for (const { id, status } of report.tests) {
    const known = byId.get(id);
    if (known === undefined || WORST_FIRST.indexOf(status) < WORST_FIRST.indexOf(known)) byId.set(id, status);
  }
  return byId;
}

/** Name of the test that stands for a file which does not load, or which is a script without cases. */
const WHOLE_FILE = ` › ${FILE_TEST}`;

/** True for the one test that stands for a whole file. */
export function isWholeFile(id: string): boolean {
  return id.endsWith(WHOLE_FILE);
}

/** The file of a test, by the report or by its id; null when neither says. */
export function fileOfTest(id: string, report: TestReport): string | null {
  const known = report.tests.find((test) => test.id === id);
  if (known !== undefined) return known.file;
  const end = id.indexOf(' › ');
  return end > 0 ? id.slice(0, end) : null;
}

/**
 * What a report says of a test; null when it says nothing. A file that did not load on the base and has cases now
 * counts by these: failed when one of them failed, passed when one passed and none failed.
 */
export function targetStatus(report: TestReport, id: string): TestStatus | null {
  return outcomesOf(report).of(id);
}

/** One report, looked through once: a large suite is asked about each of its tests many times. */
export interface Outcomes {
  readonly byId: ReadonlyMap<string, TestStatus>;
  /** As `targetStatus`. */
  of(id: string): TestStatus | null;
}

export function outcomesOf(report: TestReport): Outcomes {
  const byId = statuses(report);
  const of = (id: string): TestStatus | null => {
    const known = byId.get(id);
    if (known !== undefined || !isWholeFile(id)) return known ?? null;
    const prefix = id.slice(0, -FILE_TEST.length);
    const cases = [...byId].filter(([other]) => other.startsWith(prefix)).map(([, status]) => status);
    if (cases.includes('failed')) return 'failed';
    return cases.includes('passed') ? 'passed' : null;
  };
  return { byId, of };
}

/** Evidence with its reports looked through. */
interface Seen extends Evidence {
  readonly onBase: Outcomes;
  readonly onCommit: Outcomes;
  readonly againOnCommit: readonly Outcomes[];
  /** All runs on the base. */
  readonly baseHistory: History;
}

function lookThrough(evidence: Evidence): Seen {
  const onBase = outcomesOf(evidence.base.report);
  return {
    ...evidence,
    onBase,
    onCommit: outcomesOf(evidence.commit.report),
    againOnCommit: evidence.commitReruns.map(outcomesOf),
    baseHistory: history([onBase, ...evidence.baseReruns.map(outcomesOf)]),
  };
}

/** Decides. Fails closed: whatever is missing from the evidence refuses. */
export function judge(evidence: Evidence): Judgement {
  const seen = lookThrough(evidence);
  const { onBase, onCommit, baseHistory } = seen;
  const runs = [onCommit, ...seen.againOnCommit];
  const commitHistory = history(runs);
  const targets = [...new Set(evidence.targets)].sort();
  const flakyTargets = targets.filter((id) => baseHistory.varies(id));
  const found = allReasons(seen, targets, flakyTargets);
  // What was not run proves nothing; it is a reason only where nothing else is.
  const reasons = found.length > 0 ? found : notRunReasons(evidence);
  const ids = [...new Set([...onBase.byId.keys(), ...onCommit.byId.keys(), ...targets])].sort();
  return {
    verdict: reasons.length === 0 ? 'passed' : 'refused',
    reasons,
    tests: ids.map((id) => ({
      id,
      base: onBase.byId.get(id) ?? null,
      commit: onCommit.of(id),
      flaky: baseHistory.varies(id) || commitHistory.varies(id),
    })),
    fixed: targets.filter(
      (id) =>
        onBase.byId.get(id) === 'failed' &&
        !baseHistory.varies(id) &&
        runs.every((run) => run.of(id) === 'passed'),
    ),
    failingBefore: ids.filter((id) => onBase.byId.get(id) === 'failed' && onCommit.of(id) !== 'passed'),
    flakyTargets,
  };
}

/** True when the commit is refused already and no further run can change that. */
export function isSettled(evidence: Evidence): boolean {
  const targets = [...new Set(evidence.targets)];
  return allReasons(lookThrough(evidence), targets, []).some((reason) => reason.doubtful !== true);
}

function allReasons(seen: Seen, targets: readonly string[], flakyTargets: readonly string[]): Reason[] {
  return [
    ...baseReasons(seen, targets),
    ...runReasons(seen),
    ...targetReasons(seen, targets, flakyTargets),
    ...regressionReasons(seen, new Set(targets)),
    ...(seen.canary?.reasons ?? []).map((text): Reason => ({ check: 'canary', text })),
    ...tamperReasons(seen),
    ...buildReasons(seen.build),
  ];
}

function notRunReasons(evidence: Evidence): Reason[] {
  const reasons: Reason[] = [];
  if (evidence.commitReruns.length === 0) {
    reasons.push({ check: 'rerun', text: 'The tests were not run a second time on the commit.' });
  }
  if (evidence.canary === null) reasons.push({ check: 'canary', text: 'No canary was run.' });
  return reasons;
}

interface History {
  /** True when the test had more than one outcome on the same tree. */
  varies(id: string): boolean;
}

function history(runs: readonly Outcomes[]): History {
  const outcomes = (id: string): Set<TestStatus> =>
    new Set(runs.map((run) => run.of(id)).filter((status) => status !== null));
  return {
    varies: (id) => outcomes(id).size > 1,
  };
}

function baseReasons(seen: Seen, targets: readonly string[]): Reason[] {
  const check = 'base-tests';
  if (!seen.descends) return [{ check, text: 'The commit does not descend from the base.' }];
  if (targets.length === 0) return [{ check, text: 'The change does not claim to fix any test.' }];
  const { report } = seen.base;
  const onBase = seen.onBase.byId;
  if (report.outcome !== 'ran' && !targets.some((id) => onBase.has(id))) {
    return [{ check, text: `The tests of the base gave no result (${outcomeWords(report)}).` }];
  }
  const missing = targets.filter((id) => onBase.get(id) !== 'failed');
  if (missing.length === 0) return [];
  const words = missing.map((id) => `${id} (${onBase.get(id) ?? 'not reported'})`);
  return [{ check, text: `Not failing on the base, so there is nothing to fix: ${listed(words)}.` }];
}

function runReasons(seen: Seen): Reason[] {
  const { report, changedFiles, unlikeCommit } = seen.commit;
  const reasons: string[] = [];
  const results = [...seen.onCommit.byId.values()];
  const failed = results.filter((status) => status === 'failed').length;
  if (report.outcome !== 'ran') reasons.push(`The tests gave no full result (${outcomeWords(report)}).`);
  else if (results.length === 0) reasons.push('The test command reported no test at all.');
  else if (report.exitCode === null) reasons.push('The test command did not end by itself.');
  else if (report.exitCode !== 0 && failed === 0) {
    reasons.push(`The test command ended with ${report.exitCode} although no reported test failed.`);
  } else if (report.exitCode === 0 && failed > 0) {
    reasons.push(
      `The test command ended with 0 although ${plural(failed, 'test')} failed; its exit status means nothing.`,
    );
  }
  if (unlikeCommit.length > 0) {
    reasons.push(`The clean workspace does not hold what the commit says: ${listed(unlikeCommit)}.`);
  }
  const touched = changedFiles.filter((file) => !seen.base.changedFiles.includes(file));
  if (touched.length > 0) {
    reasons.push(
      `The run changed tracked files, so something else than the commit was tested: ${listed(touched)}.`,
    );
  }
  return reasons.map((text) => ({ check: 'tests', text }));
}

function targetReasons(seen: Seen, targets: readonly string[], flaky: readonly string[]): Reason[] {
  const reasons: Reason[] = [];
  const { onCommit } = seen;
  // Claims that the base itself fulfils sometimes are no claims; they are named as flaky and count for nothing.
  const steady = targets.filter((id) => !flaky.includes(id));
  const unfixed = steady.filter((id) => onCommit.of(id) !== 'passed');
  if (unfixed.length > 0) {
    const words = unfixed.map((id) => `${id} (${onCommit.of(id) ?? 'not reported'})`);
    reasons.push({
      check: 'tests',
      text: `Claimed as fixed, but not passing on the commit: ${listed(words)}.`,
      doubtful: unfixed.length < steady.length,
    });
  }
  const sometimes = steady.filter(
    (id) => onCommit.of(id) === 'passed' && seen.againOnCommit.some((run) => run.of(id) !== 'passed'),
  );
  if (sometimes.length > 0) {
    reasons.push({ check: 'rerun', text: `Passing only sometimes on the commit: ${listed(sometimes)}.` });
  }
  if (targets.length > 0 && flaky.length === targets.length) {
    const text = `Every claimed test passes sometimes on the base, so none can be said to be fixed: ${listed(flaky)}.`;
    reasons.push({ check: 'rerun', text });
  }
  return reasons;
}

/** Tests that the change does not claim must not get worse. */
function regressionReasons(seen: Seen, targets: ReadonlySet<string>): Reason[] {
  const { byId: onBase } = seen.onBase;
  const { byId: onCommit } = seen.onCommit;
  const base = seen.baseHistory;
  const broken: string[] = [];
  const vanished: string[] = [];
  const skipped: string[] = [];
  for (const [id, before] of onBase) {
    const after = seen.onCommit.of(id);
    if (targets.has(id) || before === 'skipped') continue;
    if (after === null) vanished.push(id);
    else if (after === 'skipped') skipped.push(id);
    else if (after === 'failed' && before === 'passed' && !base.varies(id)) broken.push(id);
  }
  const fresh = [...onCommit].filter(([id, after]) => {
    const before = onBase.get(id);
    return after === 'failed' && !targets.has(id) && before !== 'passed' && before !== 'failed';
  });
  const unsteady = [...onCommit.keys()].filter(
    (id) =>
      onBase.get(id) === 'passed' &&
      onCommit.get(id) === 'passed' &&
      !base.varies(id) &&
      seen.againOnCommit.some((run) => (run.byId.get(id) ?? 'passed') !== 'passed'),
  );
  const tests = (ids: readonly string[], words: string): Reason[] =>
    ids.length === 0 ? [] : [{ check: 'tests', text: `${words}: ${listed(ids)}.` }];
  return [
    ...tests(broken, 'Passing on the base and failing on the commit').map((one) => ({
      ...one,
      doubtful: true,
    })),
    ...tests(vanished, 'Reported on the base and gone on the commit'),
    ...tests(skipped, 'Run on the base and skipped on the commit'),
    ...tests(
      fresh.map(([id]) => id),
      'Failing on the commit and not run on the base',
    ),
    ...tests(unsteady, 'Passing on the base and only sometimes on the commit'),
  ];
}

function tamperReasons(evidence: Evidence): Reason[] {
  if (evidence.allowTestChanges || evidence.tampering.length === 0) return [];
  const words = evidence.tampering.map(({ kind, file, detail }) => `${file} ${kind} (${detail})`);
  return [{ check: 'tampering', text: `The change touches what judges it: ${listed(words)}.` }];
}

function buildReasons(build: BuildOutcome | null): Reason[] {
  if (build === null || build.exitCode === 0) return [];
  const how = build.exitCode === null ? build.ending : `exit status ${build.exitCode}`;
  return [{ check: 'build', text: `The build command failed (${how}).` }];
}

const OUTCOME_WORDS: Readonly<Record<TestReport['outcome'], string>> = {
  ran: 'they ran',
  'no-tests': 'no tests were found',
  'could-not-start': 'the command could not start',
  'timed-out': 'the time limit was hit',
  'out-of-memory': 'the memory limit was hit',
  'output-limit': 'the output limit was hit',
  cancelled: 'the run was cancelled',
};

/** How a run of the tests ended, for a sentence. */
export function outcomeWords(report: TestReport): string {
  return report.outcome === 'ran' && report.exitCode !== null
    ? `exit status ${report.exitCode}`
    : OUTCOME_WORDS[report.outcome];
}

const MAX_LISTED = 5;

/** The first few items and how many more there are. */
export function listed(items: readonly string[]): string {
  const shown = items.slice(0, MAX_LISTED).join('; ');
  return items.length > MAX_LISTED ? `${shown}; and ${items.length - MAX_LISTED} more` : shown;
}
