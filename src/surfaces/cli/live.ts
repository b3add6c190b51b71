// The live view of a run on standard error: a redrawn block for a person, one line a change for everything else.
import type { EventPayload, EventType, JournalEvent } from '#contracts/event.ts';
import type { Clock } from '#foundation/clock.ts';
import { plainText, plural } from '#foundation/text.ts';
import type { Progress } from '#operations/operation.ts';
import { duration, type Paint, type Terminal } from './output.ts';

/** One line of the view: a step of the run, what is known of it, and how it went. */
export interface LiveStep {
  readonly name: string;
  readonly detail: string;
  readonly outcome: 'running' | 'done' | 'setback';
  readonly startedMs: number;
  readonly endedMs: number | null;
}

export interface LiveState {
  readonly run: string;
  readonly attempt: number;
  readonly limit: number;
  readonly steps: readonly LiveStep[];
}

const STEP_NAMES: Readonly<Record<string, string>> = {
  INIT: 'workspace',
  PLANNING: 'plan',
  CODING: 'code',
  TESTING: 'test',
  REFLECTING: 'reflect',
  VERIFYING: 'verify',
  HUMAN_REVIEW: 'review',
};

export function emptyLiveState(): LiveState {
  return { run: '', attempt: 0, limit: 0, steps: [] };
}

/** The view after one more event. `atMs` is the event's time on any one scale. */
export function advanceLiveState(state: LiveState, event: JournalEvent, atMs: number): LiveState {
  if (is(event, 'run.created')) {
    const steps = [
      { name: 'workspace', detail: '', outcome: 'running' as const, startedMs: atMs, endedMs: null },
    ];
    return { run: event.payload.key, attempt: 0, limit: event.payload.limits.attempts, steps };
  }
  if (is(event, 'run.moved')) {
    const setback = event.payload.to === 'REFLECTING' || event.payload.to === 'FAILED';
    const closed = amendLast(state.steps, (step) => ({
      ...step,
      // The plan runs tests twice; its reason says what came of both.
      detail: event.payload.from === 'PLANNING' || step.detail === '' ? event.payload.reason : step.detail,
      outcome: setback ? 'setback' : 'done',
      endedMs: atMs,
    }));
    const name = STEP_NAMES[event.payload.to];
    const next = name
      ? [...closed, { name, detail: '', outcome: 'running' as const, startedMs: atMs, endedMs: null }]
      : closed;
    return { ...state, attempt: event.payload.attempt, steps: next };
  }
  const detail = detailOf(event);
  return detail === null
    ? state
    : { ...state, steps: amendLast(state.steps, (step) => ({ ...step, detail })) };
}

/** The view after progress inside the running step. */
export function progressLiveState(state: LiveState, progress: Progress): LiveState {
  const { tried, planned, plausible, atMostMs } = progress;
  const rate = progress.ratePerSecond >= 1 ? ` (${Math.round(progress.ratePerSecond)}/s)` : '';
  const of = planned === undefined || planned === null ? '' : ` of ${Math.max(planned, tried)}`;
  const left = atMostMs === undefined ? '' : `, at most ${duration(atMostMs)} more`;
  const counts = tried > 0 ? `: ${tried}${of} tried, ${plausible} plausible${rate}${left}` : '';
  const detail = `${progress.activity}${counts}`;
  return { ...state, steps: amendLast(state.steps, (step) => ({ ...step, detail })) };
}

function amendLast(steps: readonly LiveStep[], amend: (step: LiveStep) => LiveStep): readonly LiveStep[] {
  const last = steps.at(-1);
  return last ? [...steps.slice(0, -1), amend(last)] : steps;
}

function is<T extends EventType>(event: JournalEvent, type: T): event is JournalEvent<T> {
  return event.type === type;
}

function detailOf(event: JournalEvent): string | null {
  if (is(event, 'workspace.prepared')) {
    return `base ${event.payload.commit.slice(0, 10)}, isolation ${event.payload.isolation}`;
  }
  if (is(event, 'tests.ran')) return testsDetail(event.payload);
  if (is(event, 'faults.located')) {
    const first = event.payload.suspects[0];
    return first ? `suspect ${first.file}:${first.line}` : null;
  }
  if (is(event, 'candidate.proposed')) {
    return `${event.payload.candidate.reason} (${plural(event.payload.tried, 'candidate')} tried)`;
  }
  if (is(event, 'failure.recorded')) return event.payload.hypothesis;
  if (is(event, 'gate.evaluated')) {
    const { verdict, reasons, certificate } = event.payload;
    return verdict === 'passed'
      ? `certificate ${certificate?.slice(0, 19) ?? ''}`
      : `refused: ${reasons[0] ?? ''}`;
  }
  if (is(event, 'approval.requested')) return 'waits for a decision';
  return null;
}

function testsDetail(payload: EventPayload<'tests.ran'>): string {
  const { passed, failed, skipped } = payload.counts;
  const first = payload.failing[0];
  const skips = skipped > 0 ? `, ${skipped} skipped` : '';
  return `${passed} passed, ${failed} failed${skips}${first ? `, first ${first}` : ''}`;
}

const MARKS = { running: '●', done: '✓', setback: '✗' } as const;
const TONES = { running: 'warn', done: 'good', setback: 'bad' } as const;

interface LiveRoom {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
}

/**
 * The block as lines no wider than `columns` and fewer than `rows`, for a line that has left the screen cannot be
 * drawn again; the newest steps stay. Foreign text in it carries no control characters.
 */
export function renderLive(state: LiveState, nowMs: number, view: LiveRoom): string[] {
  const attempt =
    state.attempt > 0 ? `   attempt ${state.attempt}${state.limit > 0 ? `/${state.limit}` : ''}` : '';
  const head = view.paint('strong', `${state.run}${attempt}`);
  // The head, the line that says what is left out, and the one that the cursor stands on.
  const steps = state.steps.slice(-Math.max(1, view.rows - 3));
  const left = state.steps.length - steps.length;
  const body = steps.map((step) => {
    const time = duration((step.endedMs ?? nowMs) - step.startedMs);
    const room = Math.max(10, view.columns - 16 - time.length);
    const text = plainText(step.detail).replace(/\s+/g, ' ');
    const cut = text.length > room ? `${text.slice(0, room - 1)}…` : text.padEnd(room);
    return ` ${view.paint(TONES[step.outcome], MARKS[step.outcome])} ${step.name.padEnd(10)} ${cut} ${view.paint('faint', time)}`;
  });
  return [head, ...(left > 0 ? [view.paint('faint', ` … ${plural(left, 'earlier step')}`)] : []), ...body];
}

/** One change as one line of `key=value` fields, for logs and pipes. */
export function changeLine(event: JournalEvent, runKey: string): string | null {
  const time = event.at.slice(11, 19);
  if (is(event, 'run.moved')) {
    const step = (STEP_NAMES[event.payload.to] ?? event.payload.to).toLowerCase();
    return `${time} run=${runKey} step=${step} attempt=${event.payload.attempt} reason=${quote(event.payload.reason)}`;
  }
  const detail = is(event, 'run.paused')
    ? `paused: ${event.payload.reason}; ${event.payload.next}`
    : detailOf(event);
  return detail === null ? null : `${time} run=${runKey} event=${event.type} detail=${quote(detail)}`;
}

function quote(text: string): string {
  return JSON.stringify(plainText(text));
}

export interface LiveView {
  readonly onRun: (key: string) => void;
  readonly onEvent: (event: JournalEvent) => void;
  readonly onProgress: (progress: Progress) => void;
  /** Redraws for the passing of time; nothing happens without a terminal. */
  readonly tick: () => void;
  /** Says something else on standard error; what is drawn later stands below it. */
  readonly say: (text: string) => void;
  /** Draws the last state and leaves the cursor below it. */
  readonly finish: () => void;
}

const REDRAW_MS = 80;

/** A view for the terminal at hand: redrawn at most every 80 ms, or line by line. */
export function createLiveView(terminal: Terminal, paint: Paint, clock: Clock): LiveView {
  let state = emptyLiveState();
  let drawnLines = 0;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  const draw = (force: boolean): void => {
    const nowMs = clock.monotonicMs();
    if (!terminal.stderrIsTty || state.steps.length === 0 || (!force && nowMs - drawnAtMs < REDRAW_MS))
      return;
    const { columns, rows } = terminal;
    const lines = renderLive(state, clock.now().getTime(), { columns, rows, paint });
    const up = drawnLines > 0 ? `\u001b[${drawnLines}A\u001b[0J` : '';
    terminal.stderr(`${up}${lines.join('\n')}\n`);
    drawnLines = lines.length;
    drawnAtMs = nowMs;
  };
  return {
    onRun: (key) => {
      state = { ...state, run: key };
    },
    onEvent: (event) => {
      state = advanceLiveState(state, event, Date.parse(event.at));
      if (terminal.stderrIsTty) draw(true);
      else {
        const line = changeLine(event, state.run);
        if (line !== null) terminal.stderr(`${line}\n`);
      }
    },
    onProgress: (progress) => {
      state = progressLiveState(state, progress);
      draw(false);
    },
    tick: () => draw(false),
    say: (text) => {
      terminal.stderr(text);
      drawnLines = 0;
    },
    finish: () => draw(true),
  };
}
