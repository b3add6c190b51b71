// The state machine as a table, its stop limits, the derived status, and the planner, all pure.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RUN_STATES, stopLimits } from '#contracts/run.ts';
import { allMoves, assertMove, isFinal, mayMove, stopBefore, warnsAt } from '#workflows/machine.ts';
import { runStatusOf, ticketStatusOf } from '#workflows/run-status.ts';

const limits = stopLimits.parse({});
const NOW = new Date('2026-01-01T00:00:00.000Z');

describe('R1: the machine', () => {
  test('has these moves and no others', () => {
    const table = allMoves()
      .filter(({ to }) => to !== 'FAILED' && to !== 'CANCELLED')
      .map(({ from, to }) => `${from} → ${to}`);
    expect(table).toEqual([
      'INIT → PLANNING',
      'PLANNING → CODING',
      'PLANNING → SUCCESS',
      'CODING → CODING',
      'CODING → TESTING',
      'TESTING → REFLECTING',
      'TESTING → VERIFYING',
      'REFLECTING → CODING',
      'VERIFYING → REFLECTING',
      'VERIFYING → HUMAN_REVIEW',
      'VERIFYING → SUCCESS',
      'HUMAN_REVIEW → REFLECTING',
      'HUMAN_REVIEW → SUCCESS',
    ]);
  });

  test('no way leads to SUCCESS with a change but through VERIFYING', () => {
    const before = RUN_STATES.filter((from) => from !== 'PLANNING' && mayMove(from, 'SUCCESS'));
    expect(before).toEqual(['VERIFYING', 'HUMAN_REVIEW']);
    expect(RUN_STATES.filter((from) => mayMove(from, 'HUMAN_REVIEW'))).toEqual(['VERIFYING']);
  });

  test('nothing leaves an end, and everything else can end', () => {
    for (const from of RUN_STATES) {
      const out = RUN_STATES.filter((to) => mayMove(from, to));
      if (isFinal(from)) expect(out).toEqual([]);
      else expect(out).toEqual(expect.arrayContaining(['FAILED', 'CANCELLED']));
    }
    expect(() => assertMove('SUCCESS', 'CODING')).toThrow('cannot move from SUCCESS to CODING');
  });
});

describe('R3: stop limits', () => {
  test('any random walk of attempts stops at the first limit that it meets, and only there', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
        (attempts, noProgress, walk) => {
          const own = { ...limits, attempts, noProgressAttempts: noProgress };
          let withoutProgress = 0;
          for (const [index, progress] of walk.entries()) {
            withoutProgress = progress ? 0 : withoutProgress + 1;
            const stop = stopBefore({ limits: own, attempts: index + 1, withoutProgress, runningMs: 0 });
            const expected =
              index + 1 >= attempts ? 'attempts' : withoutProgress >= noProgress ? 'no-progress' : null;
            expect(stop?.limit ?? null).toBe(expected);
            if (stop) return;
          }
        },
      ),
    );
  });

  test('running time counts before everything else', () => {
    expect(stopBefore({ limits, attempts: 99, withoutProgress: 99, runningMs: limits.wallMs })?.limit).toBe(
      'wall-time',
    );
  });

  test('the warning comes once, at its attempt, and never beyond the limit', () => {
    expect(
      Array.from({ length: 15 }, (_, index) => index + 1).filter((attempt) => warnsAt(attempt, limits)),
    ).toEqual([12]);
    expect(warnsAt(12, { ...limits, attempts: 5 })).toBe(false);
  });
});

describe('the derived status', () => {
  const UNMARKED = { phase: null, phaseSince: null, blocked: null, cancelled: null, approval: null };
  const facts = { state: 'CODING' as const, paused: null, leaseUntil: null, decision: null };
  const later = '2026-01-01T00:01:00.000Z';

  test.each([
    [{ ...facts }, 'queued', 'active'],
    [{ ...facts, leaseUntil: later }, 'running', 'active'],
    [{ ...facts, leaseUntil: '2025-12-31T23:59:59.000Z' }, 'queued', 'active'],
    [{ ...facts, paused: { reason: 'r', next: 'n' }, leaseUntil: later }, 'paused', 'active'],
    [{ ...facts, state: 'HUMAN_REVIEW' as const }, 'waiting-human', 'waiting-human'],
    [
      {
        ...facts,
        state: 'HUMAN_REVIEW' as const,
        decision: { decision: 'approved' as const, by: 'a', note: '' },
      },
      'queued',
      'active',
    ],
    [{ ...facts, state: 'SUCCESS' as const, leaseUntil: later }, 'succeeded', 'done'],
    [{ ...facts, state: 'FAILED' as const }, 'failed', 'failed'],
    [{ ...facts, state: 'CANCELLED' as const }, 'cancelled', 'cancelled'],
  ])('%j is %s, its ticket %s', (run, status, ticket) => {
    expect(runStatusOf(run, NOW)).toBe(status);
    const newest = { status: runStatusOf(run, NOW), createdAt: '2026-01-01T00:00:00.000Z' };
    expect(ticketStatusOf({ ticket: UNMARKED, workflow: null, newest }, NOW)).toBe(ticket);
  });

  test('a ticket without a run is open', () =>
    expect(ticketStatusOf({ ticket: UNMARKED, workflow: null, newest: null }, NOW)).toBe('open'));
});
