// The search: rounds of candidates from the agenda, slow ones again with more time, and plausible ones collected and confirmed.
import { familyOf } from '#code/languages.ts';
import type { Clock } from '#foundation/clock.ts';
import { type Agenda, createAgenda, furtherThan, type Turn } from './agenda.ts';
import type { Idea, IdeaQueue } from './enumerate.ts';
import type { Judge, Verdict } from './judge.ts';
import { createPatience, type Patience } from './patience.ts';
import { isBlunt, rankPlausible } from './rank.ts';
import type { RepairEnding, RepairProgress, RepairRequest } from './request.ts';
import type { Sequels } from './sequels.ts';

export interface SearchResult {
  readonly ending: RepairEnding;
  readonly plausible: readonly Idea[];
  readonly near: readonly { idea: Idea; fixed: readonly string[] }[];
  readonly tried: number;
  readonly triedByTemplate: Readonly<Record<string, number>>;
}

export interface SearchParts {
  readonly request: RepairRequest;
  readonly judge: Judge;
  /** What the unchanged program does; asked before anything else is. */
  readonly unchanged: Promise<Verdict | null>;
  readonly clock: Clock;
  /** Reading of `clock.monotonicMs` at which the budget ends. */
  readonly deadlineMs: number;
  /** Kept for the confirmation out of the budget. */
  readonly confirmMs: number;
  /** False when the change is to be passed over: seen before, or excluded. */
  readonly admit: (idea: Idea) => boolean;
  /** Second changes to a first one; null where single changes shall do. */
  readonly sequels: Sequels | null;
  /** Those from the first on that the project's own runner agrees with; null when there was no time to ask it. */
  readonly confirm: (plausible: readonly Idea[]) => Promise<readonly Idea[] | null>;
}

/** Small at first: many faults are mended by one of the likeliest changes, and a round is waited for to its end. */
const ROUNDS = [16, 48, 96] as const;
const ROUND = 192;
/** From here on both processors are used. */
const SECOND_SESSION_AFTER = 300;
/** For the unchanged program. */
const BASE_TICKS = 8_000;
/** Given to slow ones soon, and to what is still slow at the end. */
const MORE_TICKS = 150_000;
const MANY_TICKS = 2_000_000;
const MAX_SLOW = 120;
/** After so many tries the slow ones so far are tried again: the fix of a slow function is slow as well. */
const RETRY_SLOW_AT = [400, 3_000];
const SLOW_AT_ONCE = 60;
/** Slow ones that mend a test already get every turn at once; so few a round that bounds are looked at between them. */
const WIDEST_AT_ONCE = 8;
const PREPARE_SECOND_AFTER = 100;
/** After the first plausible candidate: how much dearer others may be, and how many are tried still. */
const EXTRA = { bits: 4, tried: 400 };
/** The same while all of them only take behaviour away. */
const EXTRA_AFTER_BLUNT = { bits: 7, tried: 4_000 };
const MAX_PLAUSIBLE = 12;
const COMMAND_ROUND = 4;
/** With a whole run of the tests for each, only a few are tried beside the first that passes. */
const COMMAND_EXTRA = 8;

interface State {
  readonly parts: SearchParts;
  readonly agenda: Agenda;
  readonly startedMs: number;
  readonly triedByTemplate: Record<string, number>;
  readonly patience: Patience;
  readonly base: Verdict | null;
  plausible: Idea[];
  slow: Turn[];
  /** Slow ones that made a failing test pass before they met the limit. */
  slowNear: Turn[];
  /** Times at which slow ones were tried again. */
  retries: number;
  rounds: number;
  tried: number;
  firstFound: { readonly cost: number; readonly tried: number } | null;
  phase: RepairProgress['phase'];
}

type Stop = Exclude<RepairEnding, 'exhausted'> | null;

interface Round {
  readonly turns: readonly Turn[];
  readonly ticks: number;
}

export async function search(
  singles: IdeaQueue,
  parts: SearchParts,
  signal?: AbortSignal,
): Promise<SearchResult> {
  const startedMs = parts.clock.monotonicMs();
  const base = await parts.unchanged;
  const state: State = {
    parts,
    agenda: createAgenda(singles, parts.judge.kind === 'warm' ? parts.sequels : null),
    startedMs,
    triedByTemplate: {},
    patience: createPatience(familyOf(parts.request.language), base),
    base,
    plausible: [],
    slow: [],
    slowNear: [],
    retries: 0,
    rounds: 0,
    tried: 0,
    firstFound: null,
    phase: 'searching',
  };
  const stop = await runAll(state, signal);
  const { plausible, tried, triedByTemplate } = state;
  return { ending: stop ?? 'exhausted', plausible, near: state.agenda.near(), tried, triedByTemplate };
}

const NO_CHANGE: Idea = { template: 'none', bits: 0, cost: 0, file: '', kind: '', edits: [], reason: '' };

/**
 * Asks what the unchanged program does. A warm process gets ready for candidates by it, while others locate the fault: it
 * is sent as soon as the thread is free.
 */
export function judgeUnchanged(judge: Judge, signal?: AbortSignal): Promise<Verdict | null> {
  const asked = judge.judge([NO_CHANGE], { ticks: BASE_TICKS, sessions: 1 }, signal);
  const unchanged = asked.then(([verdict = null]) => verdict);
  // A failure is met again by the search, which waits for it.
  unchanged.catch(() => undefined);
  return unchanged;
}

/** Judges in rounds until one is found and confirmed, a bound is hit, or none is left (null). */
async function runAll(state: State, signal?: AbortSignal): Promise<Stop> {
  const { parts } = state;
  for (;;) {
    const stop = boundHit(state, signal);
    const round = stop === null ? nextRound(state) : { turns: [], ticks: 0 };
    if (round.turns.length === 0) {
      if (state.plausible.length > 0) {
        const answer = await askForConfirmation(state, stop, signal);
        if (answer !== null) return answer;
      }
      if (stop !== null) return stop;
      if (state.firstFound === null) return null;
      state.firstFound = null;
      continue;
    }
    if (state.tried > PREPARE_SECOND_AFTER) parts.judge.prepareSecond(signal);
    const sessions = state.tried > SECOND_SESSION_AFTER ? 2 : 1;
    const effort = { ticks: round.ticks, sessions, patient: round.ticks === MANY_TICKS };
    const verdicts = await parts.judge.judge(
      round.turns.map((turn) => turn.idea),
      effort,
      signal,
    );
    verdicts.forEach((verdict, index) => {
      const turn = round.turns[index];
      if (turn !== undefined) note(state, turn, { verdict, ticks: round.ticks });
    });
    state.rounds += 1;
    report(state);
  }
}

/** The end of the search when the project's own runner agrees with one, or could not be asked; null to go on. */
async function askForConfirmation(state: State, stop: Stop, signal?: AbortSignal): Promise<Stop> {
  state.phase = 'confirming';
  report(state);
  const answer = stop === 'cancelled' ? null : await state.parts.confirm(state.plausible);
  state.plausible = answer === null ? rankPlausible(state.plausible) : [...answer];
  if (answer === null) return boundHit(state, signal) ?? 'wall-limit';
  state.phase = 'searching';
  return answer.length > 0 ? 'found' : null;
}

function nextRound(state: State): Round {
  const extra = state.plausible.every(isBlunt) ? EXTRA_AFTER_BLUNT : EXTRA;
  const { firstFound, parts } = state;
  const most = parts.judge.kind === 'command' ? COMMAND_EXTRA : extra.tried;
  const enough =
    firstFound !== null &&
    (state.plausible.length >= MAX_PLAUSIBLE || state.tried - firstFound.tried >= most);
  if (enough) return { turns: [], ticks: 0 };
  const due = RETRY_SLOW_AT[state.retries];
  if (due !== undefined && state.tried >= due && firstFound === null) {
    if (state.slowNear.length > 0) return widest(state.slowNear);
    state.retries += 1;
    if (state.slow.length > 0) return { turns: state.slow.splice(0, SLOW_AT_ONCE), ticks: MORE_TICKS };
  }
  const size = parts.judge.kind === 'command' ? COMMAND_ROUND : (ROUNDS[state.rounds] ?? ROUND);
  const room = Math.min(size, parts.request.budget.candidates - state.tried);
  const maxCost = firstFound === null ? Number.POSITIVE_INFINITY : firstFound.cost + extra.bits;
  const turns: Turn[] = [];
  while (turns.length < room) {
    const turn = state.agenda.next(maxCost);
    if (turn === null) break;
    if (parts.admit(turn.idea)) turns.push(turn);
  }
  const left = state.slowNear.length > 0 ? state.slowNear : state.slow;
  if (turns.length === 0 && firstFound === null && left.length > 0) return widest(left);
  state.phase = turns.filter((turn) => turn.isPair).length * 2 > turns.length ? 'pairing' : 'searching';
  return { turns, ticks: state.patience.ticks() };
}

function widest(slow: Turn[]): Round {
  return { turns: slow.splice(0, WIDEST_AT_ONCE), ticks: MANY_TICKS };
}

function boundHit(state: State, signal?: AbortSignal): Stop {
  const { parts } = state;
  // With something to confirm, the end of the budget belongs to the project's own runner.
  const keptMs = state.plausible.length > 0 ? parts.confirmMs : 0;
  if (parts.clock.monotonicMs() >= parts.deadlineMs - keptMs) return 'wall-limit';
  if (signal?.aborted === true) return 'cancelled';
  return state.tried >= parts.request.budget.candidates ? 'candidate-limit' : null;
}

function note(state: State, turn: Turn, { verdict, ticks }: { verdict: Verdict; ticks: number }): void {
  state.tried += 1;
  state.patience.note(verdict);
  const family = turn.idea.template;
  state.triedByTemplate[family] = (state.triedByTemplate[family] ?? 0) + 1;
  if (verdict.verdict === 'pass') {
    state.plausible.push(turn.idea);
    state.firstFound ??= { cost: turn.cost, tried: state.tried };
  } else if (verdict.verdict === 'slow' && ticks < MANY_TICKS && state.slow.length < MAX_SLOW) {
    (verdict.fixed.length > 0 ? state.slowNear : state.slow).push(turn);
  } else if (verdict.fixed.length > 0 || furtherThan(verdict, state.base)) {
    state.agenda.noteProgress(turn, verdict);
  }
}

function report(state: State): void {
  const { request, clock } = state.parts;
  const seconds = Math.max(0.001, (clock.monotonicMs() - state.startedMs) / 1000);
  request.onProgress?.({
    phase: state.phase,
    tried: state.tried,
    plausible: state.plausible.length,
    ratePerSecond: Math.round(state.tried / seconds),
  });
}
