// What a gate says of honest work, of work that is not there yet, and of checks that cannot look.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateVerdict } from '#contracts/gate.ts';
import { type Laboratory, openLaboratory } from '../laboratory.ts';
import { BASE, HONEST, tried } from './bench.ts';

let laboratory: Laboratory;
beforeAll(async () => {
  laboratory = await openLaboratory();
});
afterAll(async () => {
  await laboratory[Symbol.asyncDispose]();
});

const DOC = `# Twice\n\n## Scope\n\nDouble one number.\n\n## Acceptance criteria\n\n- twice(2) is 4\n`;

test('O8: honest work passes every kind of check that the host can run, with evidence of each', async () => {
  const verdict = await tried(laboratory, {
    changes: [{ ...HONEST, 'docs/twice.md': DOC }],
    checks: [
      { type: 'command', run: 'node build.mjs' },
      {
        type: 'file',
        path: 'docs/*.md',
        min_chars: 40,
        headings: ['scope', 'acceptance_criteria'],
        changed: true,
      },
      { type: 'tests', min: 2, named: ['doubles'] },
      { type: 'coverage' },
      { type: 'findings' },
      { type: 'grader', run: ['node', 'judge.mjs'], min_score: 0.5 },
      {
        type: 'approval',
        by: ['ada'],
      },
    ],
    answers: { approval: async () => ({ state: 'approved', id: 'apr_1', by: 'ada', note: 'fine' }) },
  });
  expect(verdict.reasons).toEqual([]);
  expect(verdict).toMatchObject({ status: 'ready', verdict: 'passed', phase: 'build', iteration: 1 });
  expect(verdict.checks.map((check) => [check.type, check.outcome])).toEqual([
    ['command', 'passed'],
    ['file', 'passed'],
    ['tests', 'passed'],
    ['coverage', 'passed'],
    ['findings', 'passed'],
    ['grader', 'passed'],
    ['approval', 'passed'],
  ]);
  for (const check of verdict.checks) expect(check.evidence, check.name).not.toEqual([]);
  expect(verdict.checks[3]?.reason).toContain('100 %');
  gateVerdict.parse(verdict);
});

describe('O8: where a gate stands', () => {
  test('without a check there is nothing to pass', async () => {
    const verdict = await tried(laboratory, { changes: [HONEST], checks: [] });
    expect(verdict).toMatchObject({ status: 'not_configured', verdict: null, reasons: [] });
  });

  test('open tasks are waited for, and nothing is run before', async () => {
    const verdict = await tried(laboratory, {
      changes: [HONEST],
      checks: [{ type: 'command', run: 'false' }],
      openTasks: ['TASK-7'],
    });
    expect(verdict).toMatchObject({ status: 'waiting', verdict: null });
    expect(verdict.checks).toMatchObject([{ type: 'tasks', outcome: 'waiting' }]);
    expect(verdict.reasons.join()).toContain('TASK-7');
  });

  test('M17: a person is asked when the machine has no objection, and not before', async () => {
    let asked = 0;
    const approval = async () => {
      asked += 1;
      return { state: 'waiting', id: 'apr_1', expiresAt: '2026-01-01T01:00:00.000Z' } as const;
    };
    const checks = [{ type: 'approval' }, { type: 'file', path: 'docs/plan.md' }];
    const refused = await tried(laboratory, { changes: [HONEST], checks, answers: { approval } });
    expect(refused.status).toBe('blocked');
    expect(asked).toBe(0);
    const planned = { ...HONEST, 'docs/plan.md': DOC };
    const waits = await tried(laboratory, { changes: [planned], checks, answers: { approval } });
    expect(waits).toMatchObject({ status: 'waiting', verdict: null });
    expect(waits.reasons.join()).toContain('2026-01-01T01:00:00.000Z');
    expect(asked).toBe(1);
  });

  test.each(['rejected', 'expired'] as const)('M18: a word that is %s is a no', async (state) => {
    const verdict = await tried(laboratory, {
      changes: [HONEST],
      checks: [{ type: 'approval' }],
      answers: { approval: async () => ({ state, id: 'apr_1', by: null, note: '' }) },
    });
    expect(verdict).toMatchObject({ status: 'blocked', verdict: 'refused' });
  });
});

describe('O9: a check that cannot look refuses', () => {
  test('a missing tool, an endless command, an answer that is none, tests that are not there', async () => {
    const cases: readonly [Record<string, unknown>, RegExp][] = [
      [{ type: 'command', run: ['no-such-program'] }, /was not found/],
      [{ type: 'command', run: 'sleep 30', time_limit_seconds: 1 }, /within 1 s/],
      [{ type: 'tests', run: 'node hang.js', time_limit_seconds: 1 }, /time limit/],
      [{ type: 'grader', run: 'true' }, /not JSON/],
      [{ type: 'grader', run: ['echo', '{"verdict":"passed"}'], min_score: 0 }, /no score/],
      [{ type: 'coverage', run: 'make check' }, /no coverage can be measured/],
      [{ type: 'tests', directory: 'docs' }, /No test command|no tests/i],
      [{ type: 'tests', named: ['triples'], min: 9 }, /fewer than 9.*there is no such test/],
    ];
    const base = { ...BASE, 'hang.js': 'setInterval(() => {}, 1000);\n' };
    const verdict = await tried(laboratory, {
      base,
      changes: [HONEST],
      checks: cases.map(([check]) => check),
    });
    expect(verdict).toMatchObject({ status: 'blocked', verdict: 'refused' });
    expect(verdict.checks.map((check) => check.outcome)).toEqual(cases.map(() => 'refused'));
    cases.forEach(([, words], at) => {
      expect(verdict.checks[at]?.reason).toMatch(words);
    });
  });

  test('coverage of a change without a line that can run', async () => {
    const changes = [{ 'src/sums.js': `// Sums.\n${BASE['src/sums.js']}` }];
    const verdict = await tried(laboratory, { changes, checks: [{ type: 'coverage' }] });
    expect(verdict.reasons.join()).toMatch(/nothing was measured/);
  });

  test('a commit that does not come from the base', async () => {
    const verdict = await tried(laboratory, {
      changes: [HONEST],
      checks: [{ type: 'command', run: 'true' }],
      swapped: true,
    });
    expect(verdict.reasons.join()).toMatch(/does not come from the base/);
  });
});

describe('O7: files', () => {
  const rule = {
    type: 'file',
    path: 'docs/spec.md',
    min_chars: 60,
    headings: ['Scope', 'acceptance_criteria'],
  };
  const cases: readonly [string, string | null, RegExp][] = [
    ['none', null, /No file/],
    ['white space', `# Scope\n${' \n'.repeat(300)}`, /characters of text/],
    ['no such heading', `# Scope\n${'words '.repeat(20)}\n`, /no heading acceptance_criteria/],
    [
      'nothing below it',
      `# Scope\n${'words '.repeat(20)}\n# Acceptance criteria\n\n# More\nx\n`,
      /nothing below/,
    ],
    [
      'headings in a code block',
      `\`\`\`\n# Scope\n# Acceptance criteria\n\`\`\`\n${'words '.repeat(20)}\n`,
      /no heading/,
    ],
  ];
  test.each(cases)('%s', async (_what, text, words) => {
    const changes = [text === null ? HONEST : { 'docs/spec.md': text }];
    const verdict = await tried(laboratory, { changes, checks: [rule] });
    expect(verdict.status).toBe('blocked');
    expect(verdict.reasons.join('\n')).toMatch(words);
  });

  test('one that was there before is not this change’s', async () => {
    const base = { ...BASE, 'docs/spec.md': DOC };
    const checks = [{ type: 'file', path: 'docs/*.md', changed: true }];
    const verdict = await tried(laboratory, { base, changes: [HONEST], checks });
    expect(verdict.reasons.join()).toContain('changed since the base');
  });
});

test('O8: each refusal comes with the command that shows it, on the exact commit', async () => {
  const verdict = await tried(laboratory, {
    changes: [{ 'src/sums.js': 'export const add = (a, b) => a - b;\n' }],
    checks: [
      { type: 'tests' },
      { type: 'command', run: 'exit 3', exit: 4 },
      { type: 'file', path: 'docs/*.md' },
    ],
  });
  expect(verdict.checks.map((check) => check.outcome)).toEqual(['refused', 'refused', 'refused']);
  const [tests, command, file] = verdict.checks.map((check) => check.reproduce ?? '');
  expect(tests).toContain(verdict.commit);
  expect(tests).toContain('node --test');
  expect(command).toContain('exit 3');
  expect(file).toContain('ls-tree');
  expect(verdict.reasons[0]).toContain('adds');
});
