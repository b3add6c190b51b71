// The table of transitions and everything around it, judged without a database.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Actor, AUTHORITY, type MoveKind, type Objection } from '#contracts/move.ts';
import type { Ticket } from '#contracts/ticket.ts';
import { checksOf, type Phase, phaseOf, type Workflow, workflow } from '#contracts/workflow.ts';
import { judgeMove, type MoveFacts, NEEDED_AUTHORITY } from '#workflows/moves.ts';
import { preset } from './support/phases.ts';

const NOW = new Date('2026-01-01T00:00:00.000Z');
const LATER = '2026-01-01T01:00:00.000Z';
const person: Actor = { kind: 'person', name: 'Ada', authority: AUTHORITY.guardian };
const agent: Actor = { kind: 'agent', name: 'builder-1', authority: AUTHORITY.worker };
const KINDS: readonly MoveKind[] = ['advance', 'regress', 'fast-track', 'pivot', 'force'];

type Standing = Pick<Ticket, 'key' | 'phase' | 'blocked' | 'cancelled' | 'approval'>;
const ticketIn = (phase: string, more: Partial<Standing> = {}): Standing => ({
  key: 'TKT-1',
  phase,
  blocked: null,
  cancelled: null,
  approval: null,
  ...more,
});
const nothing: MoveFacts = {
  now: NOW,
  openDependencies: [],
  contextKinds: new Set(),
  outputs: new Set(),
  visited: new Set(),
  objections: [],
};

function rules(
  of: Workflow,
  from: string,
  to: string,
  more: Partial<{
    kind: MoveKind;
    actor: Actor;
    reason: string;
    facts: Partial<MoveFacts>;
    ticket: Partial<Standing>;
  }> = {},
) {
  const wish = {
    to,
    kind: more.kind ?? 'advance',
    actor: more.actor ?? person,
    reason: more.reason ?? 'because',
  };
  const facts = { ...nothing, ...more.facts };
  const judged = judgeMove({ workflow: of, ticket: ticketIn(from, more.ticket), wish, facts });
  return {
    ...judged,
    rules: judged.objections.map(({ rule }) => rule),
    around: judged.overridden.map(({ rule }) => rule),
  };
}

const classic = preset('classic');
const software = preset('software-development');

describe('the table', () => {
  test('O1: the eight classic phases lead where they lead, and nowhere else', () => {
    const backlog = 'BACKLOG REQUIREMENTS DESIGN IMPLEMENTATION TESTING DEPLOYMENT DONE BLOCKED'.split(' ');
    const table: Record<string, string> = {
      BACKLOG: 'REQUIREMENTS BLOCKED',
      REQUIREMENTS: 'DESIGN BLOCKED',
      DESIGN: 'IMPLEMENTATION BLOCKED',
      IMPLEMENTATION: 'TESTING BLOCKED',
      TESTING: 'DEPLOYMENT IMPLEMENTATION BLOCKED',
      DEPLOYMENT: 'DONE BLOCKED',
      DONE: '',
      BLOCKED: 'BACKLOG REQUIREMENTS DESIGN IMPLEMENTATION TESTING',
    };
    expect(classic.phases.map(({ id }) => id)).toEqual(backlog.map((id) => `PHASE_${id}`));
    const facts = {
      contextKinds: new Set(['decision' as const]),
      visited: new Set(backlog.map((id) => `PHASE_${id}`)),
    };
    for (const [at, from] of backlog.entries()) {
      const reachable = backlog.filter((to, there) => {
        const kind = there < at ? 'regress' : 'advance';
        return rules(classic, `PHASE_${from}`, `PHASE_${to}`, { kind, facts }).allowed;
      });
      expect([from, reachable.sort()]).toEqual([from, (table[from] ?? '').split(' ').filter(Boolean).sort()]);
    }
  });

  test('O4: a refusal says everything that stands against the move, each with what to do', () => {
    const gate: Objection = {
      rule: 'gate',
      reason: 'the gate of plan is shut',
      next: 'cambium phase gate TKT-1',
    };
    const judged = rules(software, 'plan', 'review', { facts: { objections: [gate] } });
    expect(judged.rules).toEqual(['table', 'exit', 'gate']);
    expect(judged.objections[0]?.reason).toContain(
      'does not lead from plan to review; it leads to build, spike, research',
    );
    expect(judged.objections.every(({ next }) => next.length > 10)).toBe(true);
  });

  test('O1: a step back leads to where the ticket has been, so that no gate is walked around by way of BLOCKED', () => {
    const visited = new Set(['PHASE_BACKLOG', 'PHASE_BLOCKED']);
    const back = (to: string) => rules(classic, 'PHASE_BLOCKED', to, { kind: 'regress', facts: { visited } });
    expect(back('PHASE_BACKLOG').allowed).toBe(true);
    expect(back('PHASE_TESTING').rules).toEqual(['direction']);
  });

  test('a kind of move goes in its own direction', () => {
    const visited = new Set(['build', 'test', 'plan']);
    expect(rules(software, 'test', 'build').rules).toEqual(['direction']);
    expect(rules(software, 'build', 'test', { kind: 'regress', facts: { visited } }).rules).toEqual([
      'direction',
    ]);
    expect(rules(software, 'test', 'build', { kind: 'regress', facts: { visited } }).allowed).toBe(true);
  });

  test('O6: blocked and cancelled lie over the phase, and hold every kind of move', () => {
    const blocked = { reason: 'waits for a key', by: 'Ada', since: LATER };
    const cancelled = { reason: 'not wanted', by: 'Ada', at: LATER };
    for (const kind of KINDS) {
      const to = kind === 'regress' || kind === 'pivot' ? 'plan' : 'test';
      const facts = { visited: new Set(['plan']) };
      expect(rules(software, 'build', to, { kind, facts, ticket: { blocked } }).rules).toEqual(['blocked']);
      expect(rules(software, 'build', to, { kind, facts, ticket: { cancelled } }).rules).toEqual([
        'cancelled',
      ]);
    }
  });

  test('a step back asks no gate; going on does', () => {
    const gate: Objection = { rule: 'gate', reason: 'shut', next: 'open it' };
    const facts = { objections: [gate], visited: new Set(['build']) };
    expect(rules(software, 'test', 'review', { facts }).rules).toEqual(['gate']);
    expect(rules(software, 'test', 'build', { kind: 'regress', facts }).allowed).toBe(true);
  });
});

describe('bypasses', () => {
  const shut: Objection[] = [
    { rule: 'gate', reason: 'shut', next: 'open it' },
    { rule: 'wip', reason: 'full', next: 'wait' },
  ];

  test('O4: fast-track goes around the gate, never around the table or a full column', () => {
    const fast = (to: string, objections: Objection[]) =>
      rules(software, 'plan', to, { kind: 'fast-track', facts: { objections } });
    expect(fast('build', shut.slice(0, 1))).toMatchObject({ allowed: true, around: ['exit', 'gate'] });
    expect(fast('build', shut).rules).toEqual(['wip']);
    expect(fast('review', []).rules).toEqual(['table']);
  });

  test('O4: force goes anywhere and records what stood against it', () => {
    const forced = rules(software, 'plan', 'done', { kind: 'force', facts: { objections: shut } });
    expect(forced).toMatchObject({ allowed: true, around: ['table', 'exit', 'gate', 'wip'] });
  });

  test.each(['fast-track', 'pivot', 'force'] as const)('O4: %s needs authority and a reason', (kind) => {
    const to = kind === 'pivot' ? 'intake' : 'build';
    expect(rules(software, 'plan', to, { kind, actor: agent }).rules).toEqual(['authority']);
    const lower = { ...person, authority: NEEDED_AUTHORITY[kind] - 1 };
    expect(rules(software, 'plan', to, { kind, actor: lower }).rules).toEqual(['authority']);
    expect(rules(software, 'plan', to, { kind, reason: ' ' }).rules).toEqual(['reason']);
    expect(rules(software, 'plan', to, { kind }).allowed).toBe(true);
  });

  test('M15: a pivot leads back to a named phase, from anywhere and past the table', () => {
    expect(rules(software, 'deploy', 'intake', { kind: 'pivot' })).toMatchObject({
      allowed: true,
      around: ['table'],
    });
    expect(rules(software, 'intake', 'deploy', { kind: 'pivot' }).rules).toEqual(['direction']);
  });
});

describe('conditions', () => {
  test('O65: a ticket that waits for approval, or got none in time, goes nowhere', () => {
    const pending = { state: 'pending' as const, deadline: LATER, by: null, note: '', at: null };
    const facts = { contextKinds: new Set(['note' as const]) };
    const asked = (approval: Standing['approval'], now = NOW) =>
      rules(software, 'research', 'plan', { ticket: { approval }, facts: { ...facts, now } });
    expect(asked(null).allowed).toBe(true);
    expect(asked(pending).objections[0]?.reason).toBe('TKT-1 waits for approval');
    expect(asked(pending, new Date(LATER)).objections[0]?.reason).toContain(
      'not approved in time, which means no',
    );
    expect(asked({ ...pending, state: 'rejected' }).rules).toEqual(['approval']);
    expect(asked({ ...pending, state: 'approved' }, new Date('2027-01-01')).allowed).toBe(true);
  });

  test('O65: a phase can ask that what the ticket depends on is done', () => {
    const facts = { openDependencies: ['TKT-7', 'TKT-9'] };
    const judged = rules(software, 'intake', 'plan', { facts });
    expect(judged.objections).toMatchObject([
      { rule: 'exit', reason: 'to leave intake, TKT-7, TKT-9 must be done first' },
    ]);
  });

  test('O2: entry and exit conditions look at context and outputs', () => {
    const two = workflow.parse({
      name: 'two',
      initial_phase: 'a',
      phases: [
        {
          id: 'a',
          order: 0,
          board_column: 'x',
          allowed_transitions: ['b'],
          exit: [{ has_output: 'report' }],
        },
        { id: 'b', order: 1, board_column: 'y', is_terminal: true, entry: [{ has_context: 'risk' }] },
      ],
      board_columns: [{ id: 'x' }, { id: 'y', terminal: true }],
    });
    expect(rules(two, 'a', 'b').rules).toEqual(['exit', 'entry']);
    expect(rules(two, 'a', 'b', { facts: { outputs: new Set(['report']) } }).rules).toEqual(['entry']);
    const both = { outputs: new Set(['report']), contextKinds: new Set(['risk' as const]) };
    expect(rules(two, 'a', 'b', { facts: both }).allowed).toBe(true);
  });
});

test('M17, M18: people are asked where the phase says so, always or for tickets of high risk', () => {
  const approvals = (phase: string, next: string | null, risk: 'low' | 'high') =>
    checksOf(phaseOf(software, phase) as Phase, {
      risk,
      next: next === null ? null : (phaseOf(software, next) as Phase),
    })
      .filter(({ type }) => type === 'approval')
      .map(({ name }) => name);
  expect(approvals('plan', 'build', 'low')).toEqual([]);
  expect(approvals('plan', 'build', 'high')).toEqual(['person after plan']);
  expect(approvals('review', 'reflect', 'low')).toEqual(['person after review']);
  expect(approvals('review', 'deploy', 'low')).toEqual(['person after review', 'person before deploy']);
});

test('O2: required outputs and done definitions are checks that the host runs', () => {
  const checks = checksOf(phaseOf(classic, 'PHASE_REQUIREMENTS') as Phase, { risk: 'low', next: null });
  expect(checks).toMatchObject([
    {
      type: 'file',
      path: 'docs/requirements/**/*.md',
      min_chars: 500,
      headings: ['scope', 'acceptance_criteria'],
    },
  ]);
  const built = checksOf(phaseOf(classic, 'PHASE_IMPLEMENTATION') as Phase, { risk: 'low', next: null });
  expect(built.map(({ type }) => type)).toEqual(['coverage', 'tests']);
});

test('O4: no sequence of requests reaches a phase that the table forbids without a record of the bypass', () => {
  const request = fc.record({
    to: fc.constantFrom(...classic.phases.map(({ id }) => id), 'PHASE_NOWHERE'),
    kind: fc.constantFrom(...KINDS),
    actor: fc.integer({ min: 1, max: 5 }).map((authority) => ({ ...person, authority })),
    reason: fc.constantFrom('', 'because'),
    shut: fc.boolean(),
    kinds: fc.subarray(['decision', 'note'] as const),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 40 }), (requests) => {
      let phase = 'PHASE_BACKLOG';
      const visited = new Set([phase]);
      for (const { shut, kinds, ...wish } of requests) {
        const objections: Objection[] = shut ? [{ rule: 'gate', reason: 'shut', next: 'open it' }] : [];
        const facts = { ...nothing, objections, contextKinds: new Set(kinds), visited: new Set(visited) };
        const judged = judgeMove({ workflow: classic, ticket: ticketIn(phase), wish, facts });
        if (!judged.allowed) {
          expect(judged.objections.length).toBeGreaterThan(0);
          continue;
        }
        const from = phaseOf(classic, phase) as Phase;
        const around = judged.overridden.map(({ rule }) => rule);
        if (!from.allowed_transitions.includes(wish.to)) expect(around).toContain('table');
        const onwards = wish.kind !== 'regress' && wish.kind !== 'pivot';
        if (shut && onwards) expect(around).toContain('gate');
        if (around.length > 0) {
          expect(wish.actor.authority).toBeGreaterThanOrEqual(AUTHORITY.monitor);
          expect(wish.reason).not.toBe('');
        }
        expect(phaseOf(classic, wish.to)).toBeDefined();
        phase = wish.to;
        visited.add(phase);
      }
    }),
    { numRuns: 500 },
  );
});
