// Checks as a user writes them: defaults that are safe, and mistakes that are errors of the file.
import { describe, expect, test } from 'vitest';
import { type GateCheck, type GateVerdict, gate, gateCheck, gateVerdict } from '#contracts/gate.ts';

describe('O7: the checks of a gate in a workflow', () => {
  test('each kind needs no more than what only its author can know', () => {
    const written: (Pick<GateCheck, 'type'> & Record<string, unknown>)[] = [
      { type: 'command', run: 'npm run build' },
      { type: 'file', path: 'docs/*.md', headings: ['Scope', 'acceptance_criteria'] },
      { type: 'tests' },
      { type: 'coverage' },
      { type: 'findings' },
      { type: 'certificate' },
      { type: 'grader', run: ['python3', 'judge.py'] },
      { type: 'approval' },
    ];
    expect(gate.parse(written)).toMatchObject([
      { exit: 0, directory: '.', time_limit_seconds: 300 },
      { min_count: 1, min_chars: 1 },
      { min: 1, named: [] },
      { changed_lines: 80 },
      { at_least: 'low', max_new: 0 },
      { type: 'certificate' },
      { run: ['python3', 'judge.py'] },
      { by: [], expires_seconds: 3600 },
    ]);
  });

  test.each([
    ['a key that no check has', { type: 'tests', minimum: 3 }],
    ['a kind that there is not', { type: 'vibes' }],
    ['a path that leaves the repository', { type: 'file', path: '../secrets' }],
    ['an absolute path', { type: 'file', path: '/etc/passwd' }],
    ['a directory that leaves the repository', { type: 'command', run: 'ls', directory: 'a/../../b' }],
    ['a pattern that does not compile', { type: 'file', path: 'a', matches: '(' }],
    ['an empty command', { type: 'command', run: [] }],
    ['tests of which none need pass', { type: 'tests', min: 0 }],
    ['coverage beyond all lines', { type: 'coverage', changed_lines: 101 }],
  ])('%s is refused', (_what, written) => {
    expect(gateCheck.safeParse(written).success).toBe(false);
  });
});

test('O8: the evidence of a verdict is what the host saw; what an agent brought does not fit', () => {
  const evidence = {
    kind: 'report',
    digest: 'sha256:0',
    path: null,
    sizeBytes: 1,
    collectedBy: 'host' as const,
  };
  const verdict: GateVerdict = {
    phase: 'test',
    base: 'b',
    commit: 'c',
    tree: 't',
    status: 'ready',
    verdict: 'passed',
    checks: [
      {
        name: 'tests',
        type: 'tests',
        outcome: 'passed',
        reason: '3 tests pass',
        reproduce: 'npm test',
        evidence: [evidence],
        durationMs: 1,
      },
    ],
    reasons: [],
    iteration: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:00:01.000Z',
  };
  expect(gateVerdict.safeParse(verdict).success).toBe(true);
  const forged = structuredClone(verdict) as unknown as { checks: { evidence: { collectedBy: string }[] }[] };
  for (const each of forged.checks.flatMap((check) => check.evidence)) each.collectedBy = 'agent';
  expect(gateVerdict.safeParse(forged).success).toBe(false);
});
