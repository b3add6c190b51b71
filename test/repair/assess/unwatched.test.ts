// Where nothing runs warm there is only cost and shape to go by, and nobody calls a change a fix that the runner has not seen.
import { expect, test } from 'vitest';
import { createManualClock } from '#foundation/clock.ts';
import { createAssessor } from '#repair/assess/assess.ts';
import { readConfidence } from '#repair/assess/confidence.ts';
import type { Idea } from '#repair/enumerate.ts';
import type { RepairRequest } from '#repair/request.ts';

const ideas = ['delete', 'comparison-operator', 'wrap'].map(
  (template, index): Idea => ({
    template,
    kind: '',
    bits: index,
    cost: index,
    file: 'a.js',
    edits: [{ start: index, end: index + 1, text: 'x' }],
    reason: template,
  }),
);

function assessor() {
  const table = readConfidence().javascript;
  const request = {
    failing: [{}],
    passing: [],
    plan: { runner: 'node' },
    seed: 1,
  } as unknown as RepairRequest;
  return createAssessor({
    request,
    family: 'javascript',
    files: [],
    observer: null,
    types: { check: async () => new Map() },
    tally: { near: () => ({ tried: 5, passed: 3 }) },
    confidence: { ...table, fix: { ...table.fix, intercept: 20 } },
    clock: createManualClock(),
    deadlineMs: 10_000,
  });
}

const toCandidate = (idea: Idea) => ({
  digest: idea.template,
  template: idea.template,
  reason: idea.reason,
  edits: idea.edits.map((edit) => ({ ...edit, file: idea.file })),
});

test('the order goes by cost, with what only takes away at the end; no behaviours are claimed', async () => {
  const own = assessor();
  const ordered = await own.order(ideas);
  expect(ordered.map((one) => one.template)).toEqual(['comparison-operator', 'wrap', 'delete']);
  const known = own.assess(ordered, { toCandidate, confirmed: true });
  expect(known).toMatchObject({
    offered: 'fix',
    groups: 1,
    inputs: 0,
    alternatives: [],
    differs: null,
    open: [],
  });
  expect(own.assess([], { toCandidate, confirmed: true })).toBeNull();
});

test('a change that the project’s own runner was not asked about stays a candidate, and says why', async () => {
  const own = assessor();
  const known = own.assess(await own.order(ideas), { toCandidate, confirmed: false });
  expect(known?.probability).toBeGreaterThan(0.9);
  expect(known?.offered).toBe('candidate');
  expect(known?.open).toEqual(['There was no time to ask the project’s own test runner about it']);
});
