// The decision on a certificate, over generated evidence: no lie in the reports gets past it, an honest fix does.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TestReport, TestStatus } from '#contracts/tests.ts';
import { type Evidence, judge } from '#quality/verdict.ts';

const STATUSES: readonly TestStatus[] = ['passed', 'failed', 'skipped'];

function report(results: Readonly<Record<string, TestStatus>>, over: Partial<TestReport> = {}): TestReport {
  const tests = Object.entries(results).map(([id, status]) => ({
    id,
    file: 'a.test.js',
    name: id,
    status,
    durationMs: 1,
    message: null,
  }));
  const failed = tests.some((one) => one.status === 'failed');
  return {
    outcome: 'ran',
    tests,
    argv: ['node', '--test'],
    exitCode: failed ? 1 : 0,
    durationMs: 1,
    outputDigest: 'sha256:0',
    outputText: '',
    ...over,
  };
}

function evidence(
  base: Readonly<Record<string, TestStatus>>,
  commit: Readonly<Record<string, TestStatus>>,
  over: Partial<Evidence> = {},
): Evidence {
  const onBase = report(base);
  const onCommit = report(commit);
  return {
    targets: Object.keys(base).filter((id) => base[id] === 'failed' && commit[id] === 'passed'),
    descends: true,
    base: { report: onBase, unlikeCommit: [], changedFiles: [] },
    baseReruns: [onBase],
    commit: { report: onCommit, unlikeCommit: [], changedFiles: [] },
    commitReruns: [onCommit],
    canary: { summary: 'seen', reasons: [] },
    tampering: [],
    allowTestChanges: false,
    build: null,
    ...over,
  };
}

const HONEST = evidence(
  { a: 'failed', b: 'passed', c: 'skipped' },
  { a: 'passed', b: 'passed', c: 'skipped' },
);

/** Ids with a status on both sides, where at least one failing test was fixed and nothing got worse. */
const honest = fc
  .dictionary(
    fc.stringMatching(/^[a-z]{1,6}$/),
    fc.constantFrom<[TestStatus, TestStatus]>(
      ['passed', 'passed'],
      ['failed', 'passed'],
      ['failed', 'failed'],
      ['skipped', 'skipped'],
      ['skipped', 'passed'],
    ),
  )
  .map((sides) => ({ ...sides, fixedone: ['failed', 'passed'] as [TestStatus, TestStatus] }))
  .map((sides) => {
    const side = (at: 0 | 1): Record<string, TestStatus> =>
      Object.fromEntries(Object.entries(sides).map(([id, both]) => [id, both[at]]));
    return evidence(side(0), side(1));
  });

test('an honest fix passes, with what it fixed and what failed before kept apart', () => {
  fc.assert(
    fc.property(honest, (seen) => {
      const judged = judge(seen);
      expect(judged.reasons).toEqual([]);
      expect(judged.verdict).toBe('passed');
      expect([...judged.fixed].sort()).toEqual([...seen.targets].sort());
      for (const id of judged.failingBefore) {
        expect(judged.tests.find((one) => one.id === id)).toMatchObject({ base: 'failed', commit: 'failed' });
      }
    }),
  );
});

test('O8: any test that passed on the base and is failing, skipped or gone refuses', () => {
  fc.assert(
    fc.property(honest, fc.constantFrom('failed', 'skipped', 'gone'), (seen, fate) => {
      const tests = seen.commit.report.tests.filter((one) => one.id !== 'victim');
      const worse = fate === 'gone' ? [] : [{ id: 'victim', status: fate as TestStatus }];
      const row = (id: string, status: TestStatus) => ({
        ...{ id, file: null, name: id, status, durationMs: null, message: null },
      });
      const base = report({}, { tests: [...seen.base.report.tests, row('victim', 'passed')], exitCode: 1 });
      const after = [...tests, ...worse.map(({ id, status }) => row(id, status))];
      const commit = report({}, { tests: after, exitCode: after.some((t) => t.status === 'failed') ? 1 : 0 });
      const judged = judge({
        ...seen,
        base: { ...seen.base, report: base },
        commit: { ...seen.commit, report: commit },
      });
      expect(judged.verdict).toBe('refused');
      expect(judged.reasons.map((reason) => reason.text).join(' ')).toContain('victim');
    }),
  );
});

test('a claimed test counts only when it fails on the base and passes on the commit, whatever else is reported', () => {
  const outcome = fc.option(fc.constantFrom(...STATUSES), { nil: undefined });
  fc.assert(
    fc.property(outcome, outcome, outcome, (onBase, onCommit, again) => {
      const side = (status: TestStatus | undefined) => ({
        other: 'passed' as const,
        ...(status && { target: status }),
      });
      const judged = judge(
        evidence(side(onBase), side(onCommit), {
          targets: ['target'],
          commitReruns: [report(side(again))],
        }),
      );
      const fair = onBase === 'failed' && onCommit === 'passed' && again === 'passed';
      expect(judged.verdict).toBe(fair ? 'passed' : 'refused');
      expect(judged.fixed).toEqual(fair ? ['target'] : []);
    }),
  );
});

test.each<[string, Partial<Evidence>, string]>([
  ['nothing claimed', { targets: [] }, 'does not claim'],
  ['commit of another history', { descends: false }, 'does not descend'],
  ['no second run', { commitReruns: [] }, 'second time'],
  ['no canary', { canary: null }, 'No canary'],
  ['canary unseen', { canary: { summary: '', reasons: ['The canary sings not.'] } }, 'sings not'],
  [
    'tampering',
    { tampering: [{ kind: 'deleted', file: 'a.test.js', detail: 'gone' }] },
    'a.test.js deleted (gone)',
  ],
  ['build fails', { build: { exitCode: 2, ending: 'exited' } }, 'exit status 2'],
  ['build is killed', { build: { exitCode: null, ending: 'timed-out' } }, 'timed-out'],
  [
    'run rewrites sources',
    { commit: { ...HONEST.commit, changedFiles: ['src/a.js'] } },
    'changed tracked files',
  ],
  ['checkout is wrong', { commit: { ...HONEST.commit, unlikeCommit: ['src/a.js'] } }, 'does not hold'],
])('refused with words: %s', (_name, over, words) => {
  const judged = judge({ ...HONEST, ...over });
  expect(judged.verdict).toBe('refused');
  expect(judged.reasons.map((reason) => reason.text).join(' ')).toContain(words);
});

test.each<[string, Partial<TestReport>, string]>([
  ['exit status although all passed', { exitCode: 1 }, 'ended with 1'],
  ['no exit status', { exitCode: null }, 'did not end by itself'],
  ['no tests at all', { tests: [] }, 'no test at all'],
  ['could not start', { outcome: 'could-not-start', tests: [] }, 'could not start'],
  ['hangs', { outcome: 'timed-out', exitCode: null }, 'time limit'],
])('S28: the report of the commit refuses: %s', (_name, over, words) => {
  const run = { ...HONEST.commit, report: { ...HONEST.commit.report, ...over } };
  expect(
    judge({ ...HONEST, commit: run })
      .reasons.map((reason) => reason.text)
      .join(' '),
  ).toContain(words);
});

test('an exit status of 0 with failing tests means nothing', () => {
  const seen = evidence({ a: 'failed', old: 'failed' }, { a: 'passed', old: 'failed' });
  const run = { ...seen.commit, report: { ...seen.commit.report, exitCode: 0 } };
  expect(judge({ ...seen, commit: run }).reasons[0]?.text).toContain('exit status means nothing');
  expect(judge(seen).verdict).toBe('passed');
});

test('a test reported twice counts with its worst outcome', () => {
  const [first] = HONEST.commit.report.tests;
  const twice = first ? [{ ...first, status: 'failed' as const }, ...HONEST.commit.report.tests] : [];
  const run = { ...HONEST.commit, report: { ...HONEST.commit.report, tests: twice } };
  expect(judge({ ...HONEST, commit: run }).verdict).toBe('refused');
});

test('S27: a test that passes sometimes on the base is flaky, not fixed', () => {
  const flaky = report({ a: 'passed', b: 'passed', c: 'skipped' });
  const judged = judge({ ...HONEST, baseReruns: [flaky] });
  expect(judged.flakyTargets).toEqual(['a']);
  expect(judged.verdict).toBe('refused');
  expect(judged.tests.find((one) => one.id === 'a')?.flaky).toBe(true);
});

test('S27: one flaky claim beside a real fix is named and not counted', () => {
  const seen = evidence({ a: 'failed', f: 'failed' }, { a: 'passed', f: 'passed' });
  const judged = judge({ ...seen, baseReruns: [report({ a: 'failed', f: 'passed' })] });
  expect(judged.verdict).toBe('passed');
  expect(judged.fixed).toEqual(['a']);
  expect(judged.flakyTargets).toEqual(['f']);
});

test('S27: a fix that passes only sometimes is refused', () => {
  const judged = judge({ ...HONEST, commitReruns: [report({ a: 'failed', b: 'passed' })] });
  expect(judged.reasons.map((reason) => reason.text).join(' ')).toContain('only sometimes');
  expect(judged.fixed).toEqual([]);
});

test('a test that fails now and then on the base as well is no regression', () => {
  const seen = evidence({ a: 'failed', f: 'passed' }, { a: 'passed', f: 'failed' });
  expect(judge(seen).verdict).toBe('refused');
  expect(judge({ ...seen, baseReruns: [report({ a: 'failed', f: 'failed' })] }).verdict).toBe('passed');
});

test('a file that did not load on the base is judged by its cases once it loads', () => {
  const base = { 'x.test.js › (file)': 'failed', 'y.test.js › y': 'passed' } as const;
  const loads = {
    'x.test.js › one': 'passed',
    'x.test.js › two': 'passed',
    'y.test.js › y': 'passed',
  } as const;
  const targets = ['x.test.js › (file)'];
  expect(judge(evidence(base, loads, { targets })).verdict).toBe('passed');
  expect(judge(evidence(base, { ...loads, 'x.test.js › two': 'failed' }, { targets })).verdict).toBe(
    'refused',
  );
  expect(judge(evidence(base, { 'y.test.js › y': 'passed' }, { targets })).verdict).toBe('refused');
});

test('allowed test changes are recorded and do not refuse', () => {
  const tampering = [{ kind: 'edited' as const, file: 'a.test.js', detail: 'x' }];
  expect(judge({ ...HONEST, tampering, allowTestChanges: true }).verdict).toBe('passed');
});
