// Why work does not go on: each cause from its fact, with an action, and nothing invented.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diagnose, findCreep, findLoop, type StuckFacts, type StuckTask } from '#workflows/stuck.ts';

const QUIET: StuckFacts = {
  key: 'TKT-1',
  blocked: null,
  question: null,
  dependencies: [],
  fullColumns: [],
  tasks: [],
  run: null,
  actions: [],
  scope: { plannedSteps: 0, doneSteps: 0, plannedFiles: [], changedFiles: [] },
};
const task = (more: Partial<StuckTask>): StuckTask => ({
  key: 'TSK-1',
  state: 'pending',
  waitsFor: [],
  tries: 0,
  lastError: null,
  owner: null,
  leaseOver: false,
  heldUpBy: null,
  lacking: [],
  notBefore: null,
  ...more,
});

describe('stuck work', () => {
  test.each<[string, Partial<StuckFacts>, RegExp]>([
    ['blocked', { blocked: { by: 'ann', reason: 'no key' } }, /ann blocked it: no key/],
    ['waiting-human', { question: 'waits for approval' }, /approval/],
    ['waiting-dependency', { dependencies: ['TKT-7'] }, /TKT-7 must be done/],
    ['waiting-dependency', { tasks: [task({ state: 'blocked', waitsFor: ['TSK-9'] })] }, /waits for TSK-9/],
    [
      'repeated-failure',
      { tasks: [task({ state: 'failed', tries: 4, lastError: 'boom' })] },
      /4 tries: boom/,
    ],
    ['dead-worker', { tasks: [task({ state: 'running', owner: 'w1', leaseOver: true })] }, /w1 holds TSK-1/],
    ['waiting-lock', { tasks: [task({ heldUpBy: 'TSK-8' })] }, /TSK-1 waits for TSK-8/],
    ['waiting-lock', { tasks: [task({ state: 'running', heldUpBy: 'the lock x' })] }, /the lock x/],
    ['working', { tasks: [task({ state: 'running', owner: 'w1' })] }, /TSK-1 is in the hands/],
    ['working', { run: 'RUN-3' }, /RUN-3 is in the hands/],
    ['no-capable-agent', { tasks: [task({ lacking: ['rust'] })] }, /needs: rust/],
    ['back-off', { tasks: [task({ notBefore: '2026-01-01T00:00:00Z', tries: 1 })] }, /after 1 try/],
    ['no-worker', { tasks: [task({})] }, /nobody takes it/],
    ['column-full', { fullColumns: ['Building'] }, /only to Building/],
    ['doom-loop', { actions: ['a', 'b', 'a', 'a'] }, /3 times among the last 4 steps: a/],
    [
      'scope-creep',
      { scope: { ...QUIET.scope, plannedSteps: 2, doneSteps: 4 } },
      /4 steps .* 2 were planned/,
    ],
    ['idle', {}, /no task and no run/],
  ])('O64: %s is told with its fact and an action', (cause, facts, evidence) => {
    const found = diagnose({ ...QUIET, ...facts });
    expect(found.map((each) => each.cause)).toEqual([cause]);
    expect(found[0]?.evidence).toMatch(evidence);
    expect(found[0]?.action).not.toBe('');
  });

  test('O64: several causes are all told, those of the ticket before those of its tasks', () => {
    const facts = { ...QUIET, blocked: { by: 'a', reason: 'r' }, tasks: [task({ lacking: ['x'] })] };
    expect(diagnose(facts).map(({ cause }) => cause)).toEqual(['blocked', 'no-capable-agent']);
  });

  test('O64: a doom loop is the same action three times in the last ten, and never less', () => {
    expect(findLoop(['a', 'a', 'b', 'c'])).toBeNull();
    expect(findLoop(['a', 'a', 'a'])).toEqual({ action: 'a', times: 3 });
    expect(findLoop(['a', 'a', 'a', ...'bcdefghij'])).toBeNull();
    expect(findLoop(['a', ...'bcdef', 'a', 'g', 'h', 'a'])).toEqual({ action: 'a', times: 3 });
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'abcdefgh')), (actions) => {
        const last = actions.slice(-10);
        const most = Math.max(0, ...last.map((one) => last.filter((other) => other === one).length));
        expect(findLoop(actions)?.times ?? 0).toBe(most >= 3 ? most : 0);
      }),
    );
  });

  test('M41: scope creep is more than one and a half times the plan, or a file that nobody planned', () => {
    const scope = {
      plannedSteps: 4,
      doneSteps: 6,
      plannedFiles: ['src/a', 'b.ts'],
      changedFiles: ['src/a/x.ts', 'b.ts'],
    };
    expect(findCreep(scope)).toBeNull();
    expect(findCreep({ ...scope, doneSteps: 7 })).toContain('7 steps are done, and 4 were planned');
    expect(findCreep({ ...scope, changedFiles: ['src/ab.ts', 'b.ts'] })).toBe(
      'nobody planned to change src/ab.ts',
    );
    expect(findCreep({ ...scope, plannedFiles: [], changedFiles: ['anything'] })).toBeNull();
    expect(findCreep({ ...scope, plannedSteps: 0, doneSteps: 99 })).toBeNull();
  });
});
