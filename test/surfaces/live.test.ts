// The live view: what a person and a log see of a run's events.
import { describe, expect, test } from 'vitest';
import type { EventPayload, EventType, JournalEvent } from '../../src/contracts/event.ts';
import { createManualClock } from '../../src/foundation/clock.ts';
import {
  advanceLiveState,
  changeLine,
  createLiveView,
  emptyLiveState,
  progressLiveState,
  renderLive,
} from '../../src/surfaces/cli/live.ts';
import { createPaint, type Terminal } from '../../src/surfaces/cli/output.ts';

const plain = createPaint(false);
const limits = { attempts: 15, warnAtAttempt: 12, wallMs: 1000, noProgressAttempts: 4 };

function event<T extends EventType>(type: T, payload: EventPayload<T>, second = 0): JournalEvent {
  const at = `2026-01-01T10:00:0${second}.000Z`;
  return { seq: 1, at, schema: 1, type, subject: { runId: 'run_1' }, payload } as JournalEvent;
}

const created = event('run.created', { key: 'RUN-7', base: 'abc', limits, isolation: 'bwrap' });
const moved = (
  from: 'INIT' | 'PLANNING' | 'CODING' | 'TESTING',
  to: 'PLANNING' | 'CODING' | 'TESTING' | 'REFLECTING',
  second: number,
) => event('run.moved', { from, to, attempt: to === 'PLANNING' ? 0 : 1, reason: 'because' }, second);
const red = event('tests.ran', {
  phase: 'plan',
  counts: { passed: 3, failed: 2, skipped: 1 },
  failing: ['a › \u001b[31mred\u001b[0m'],
  durationMs: 5,
});

function replay(events: readonly JournalEvent[]): ReturnType<typeof emptyLiveState> {
  return events.reduce((state, each) => advanceLiveState(state, each, Date.parse(each.at)), emptyLiveState());
}

describe('the block for a person', () => {
  test('names each step with its result, its time and how it went', () => {
    const state = replay([created, moved('INIT', 'PLANNING', 1), red, moved('PLANNING', 'CODING', 3)]);
    const lines = renderLive(state, Date.parse('2026-01-01T10:00:04.000Z'), {
      columns: 80,
      rows: 24,
      paint: plain,
    });
    expect(lines[0]).toBe('RUN-7   attempt 1/15');
    expect(lines[1]).toMatch(/^ ✓ workspace {2}because +1\.0 s$/);
    expect(lines[2]).toMatch(/^ ✓ plan {7}because +2\.0 s$/);
    expect(lines[3]).toMatch(/^ ● code +1\.0 s$/);
  });

  test('a run that is watched from the middle is named all the same', () => {
    const written: string[] = [];
    const stderr = (text: string) => void written.push(text);
    const terminal = {
      stdout: stderr,
      stderr,
      stdoutIsTty: false,
      stderrIsTty: false,
      columns: 80,
      rows: 24,
    };
    const view = createLiveView(terminal, plain, createManualClock());
    view.onRun('RUN-9');
    view.onEvent(moved('CODING', 'TESTING', 1));
    expect(written.join('')).toContain('run=RUN-9 step=test');
  });

  test('a step that leads to reflection is marked as a setback', () => {
    const state = replay([created, moved('CODING', 'TESTING', 1), moved('TESTING', 'REFLECTING', 2)]);
    expect(state.steps.map((step) => step.outcome)).toEqual(['done', 'setback', 'running']);
  });

  test('no line is wider than the terminal, and control characters of test output never reach it', () => {
    const long = progressLiveState(replay([created, red]), {
      activity: `trying \u0007${'x'.repeat(5000)}`,
      tried: 12,
      plausible: 1,
      ratePerSecond: 40,
    });
    for (const line of renderLive(long, Date.parse(created.at), { columns: 60, rows: 24, paint: plain })) {
      expect(line.length).toBeLessThanOrEqual(60);
      expect(line).not.toMatch(/[\u0000-\u001f]/);
    }
  });
});

test('a block never outgrows the screen: the newest steps stay, and what is left out is counted', () => {
  const steps = Array.from({ length: 40 }, (_unused, at) =>
    event('run.moved', { from: 'TESTING', to: 'REFLECTING', attempt: at + 1, reason: `round ${at}` }),
  );
  const room = { columns: 80, rows: 12, paint: plain };
  const lines = renderLive(replay([created, ...steps]), Date.parse(created.at), room);
  expect(lines).toHaveLength(11);
  expect(lines[1]).toContain('32 earlier steps');
  expect(lines.at(-2)).toContain('round 39');
});

describe('the lines for a log', () => {
  test('one change is one line of fields', () => {
    expect(changeLine(red, 'RUN-7')).toBe(
      '10:00:00 run=RUN-7 event=tests.ran detail="3 passed, 2 failed, 1 skipped, first a › red"',
    );
    expect(changeLine(moved('PLANNING', 'CODING', 2), 'RUN-7')).toBe(
      '10:00:02 run=RUN-7 step=code attempt=1 reason="because"',
    );
  });

  test('without a terminal there is no cursor movement, and progress inside a step is not printed', () => {
    const written: string[] = [];
    const terminal: Terminal = {
      stdout: () => undefined,
      stderr: (text) => void written.push(text),
      stdoutIsTty: false,
      stderrIsTty: false,
      columns: 80,
      rows: 24,
    };
    const view = createLiveView(terminal, plain, createManualClock());
    for (const each of [created, moved('INIT', 'PLANNING', 1), red]) view.onEvent(each);
    view.onProgress({ activity: 'trying', tried: 1, plausible: 0, ratePerSecond: 0 });
    view.finish();
    expect(written.join('')).not.toContain('\u001b');
    expect(written).toHaveLength(2);
  });

  test('on a terminal the block is redrawn in place', () => {
    const written: string[] = [];
    const terminal: Terminal = {
      stdout: () => undefined,
      stderr: (text) => void written.push(text),
      stdoutIsTty: true,
      stderrIsTty: true,
      columns: 80,
      rows: 24,
    };
    const view = createLiveView(terminal, plain, createManualClock());
    view.onEvent(created);
    view.onEvent(moved('INIT', 'PLANNING', 1));
    expect(written[0]).not.toContain('\u001b[');
    expect(written[1]?.startsWith('\u001b[2A\u001b[0J')).toBe(true);
    view.say('SIGINT: pausing\n');
    view.finish();
    expect(written[2]).toBe('SIGINT: pausing\n');
    expect(written[3]).not.toContain('\u001b[');
  });
});
