// The search: single changes by cost, then slow ones again, then pairs led by those that came further; plausible ones collected.
import type { Clock } from '#foundation/clock.ts';
import { combine, type Idea } from './enumerate.ts';
import type { Judge, Verdict } from './judge.ts';
import { isBlunt, rankPlausible } from './rank.ts';
import type { RepairEnding, RepairProgress, RepairRequest } from './request.ts';

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
  readonly clock: Clock;
  /** Reading of `clock.monotonicMs` at which the budget ends. */
  readonly deadlineMs: number;
  /** Kept for the confirmation out of the budget. */
  readonly confirmMs: number;
  /** The digest of an idea, or null when the change is to be passed over (seen or excluded). */
  readonly admit: (idea: Idea) => boolean;
  /** Those from the first on that the project's own runner agrees with; null when there was no time to ask it. */
  readonly confirm: (plausible: readonly Idea[]) => Promise<readonly Idea[] | null>;
}

const FIRST_ROUND = 40;
const ROUND = 192;
/** From here on both processors are used. */
const SECOND_SESSION_AFTER = 300;
const TICKS = 8_000;
/** When the unchanged program does not end, most candidates do not either, and each costs all its turns. */
const FEW_TICKS = 1_000;
const MANY_TICKS = 2_000_000;
const MAX_SLOW = 120;
/** Of the cheapest changes, before the slow ones among them are tried again. */
const EARLY = 400;
const PREPARE_SECOND_AFTER = 100;
/** After the first plausible candidate: how much dearer others may be, and how many are tried still. */
const EXTRA = { bits: 2.5, tried: 400 };
/** The same while all of them only take behaviour away. */
const EXTRA_AFTER_BLUNT = { bits: 7, tried: 4_000 };
const MAX_PLAUSIBLE = 12;
const BEAM = 24;
const BEAM_PARTNERS = 2_500;
const CHEAP = 170;
const COMMAND_ROUND = 4;

interface State {
  readonly parts: SearchParts;
  readonly startedMs: number;
  readonly triedByTemplate: Record<string, number>;
  plausible: Idea[];
  partial: { idea: Idea; fixed: readonly string[]; lines: readonly number[] }[];
  slow: Idea[];
  base: Verdict | null;
  tried: number;
  phase: RepairProgress['phase'];
}

type Stop = Exclude<RepairEnding, 'exhausted'> | null;

export async function search(
  ideas: readonly Idea[],
  parts: SearchParts,
  signal?: AbortSignal,
): Promise<SearchResult> {
  const state: State = {
    parts,
    startedMs: parts.clock.monotonicMs(),
    triedByTemplate: {},
    plausible: [],
    partial: [],
    slow: [],
    base: null,
    tried: 0,
    phase: 'searching',
  };
  const [base] = await parts.judge.judge([NO_CHANGE], { ticks: TICKS, sessions: 1 }, signal);
  state.base = base ?? null;
  const ticks = state.base?.verdict === 'slow' ? FEW_TICKS : TICKS;
  // What needed more turns is tried again soon: the fix of a slow function is slow as well.
  let stop: Stop = null;
  for (const part of [ideas.slice(0, EARLY), ideas.slice(EARLY)]) {
    stop ??= await runAll(state, { ideas: part, ticks, again: false }, signal);
    const slow = state.slow.splice(0);
    stop ??= await runAll(state, { ideas: slow, ticks: MANY_TICKS, again: true }, signal);
  }
  if (stop === null && parts.judge.kind === 'warm') {
    state.phase = 'pairing';
    stop = await runAll(state, { ideas: pairs(state, ideas), ticks, again: false }, signal);
  }
  const near = state.partial
    .filter((one) => one.fixed.length > 0)
    .sort((a, b) => b.fixed.length - a.fixed.length || a.idea.cost - b.idea.cost)
    .slice(0, 20);
  const { plausible, tried, triedByTemplate } = state;
  return { ending: stop ?? 'exhausted', plausible, near, tried, triedByTemplate };
}

const NO_CHANGE: Idea = { template: 'none', bits: 0, cost: 0, file: '', kind: '', edits: [], reason: '' };

/** Judges ideas in rounds until one is found and confirmed, a bound is hit, or none is left (null). */
async function runAll(
  state: State,
  { ideas, ticks, again }: { ideas: readonly Idea[]; ticks: number; again: boolean },
  signal?: AbortSignal,
): Promise<Stop> {
  const { parts } = state;
  const rest = ideas[Symbol.iterator]();
  let firstFound: { cost: number; tried: number } | null = null;
  for (;;) {
    const stop = boundHit(state, signal);
    const extra = state.plausible.every(isBlunt) ? EXTRA_AFTER_BLUNT : EXTRA;
    const enough =
      firstFound !== null &&
      (state.plausible.length >= MAX_PLAUSIBLE || state.tried - firstFound.tried >= extra.tried);
    const round =
      stop === null && !enough
        ? take(state, { rest, again }, firstFound === null ? null : firstFound.cost + extra.bits)
        : [];
    if (round.length === 0) {
      if (state.plausible.length > 0) {
        state.phase = 'confirming';
        report(state);
        const answer = stop === 'cancelled' ? null : await parts.confirm(state.plausible);
        state.plausible = answer === null ? rankPlausible(state.plausible) : [...answer];
        if (answer === null) return boundHit(state, signal) ?? 'wall-limit';
        if (answer.length > 0) return 'found';
        state.phase = 'searching';
      }
      if (stop !== null) return stop;
      if (firstFound === null) return null;
      firstFound = null;
      continue;
    }
    if (state.tried > PREPARE_SECOND_AFTER) parts.judge.prepareSecond(signal);
    const sessions = state.tried > SECOND_SESSION_AFTER ? 2 : 1;
    const verdicts = await parts.judge.judge(round, { ticks, sessions }, signal);
    verdicts.forEach((verdict, index) => {
      const idea = round[index];
      if (idea !== undefined) note(state, { idea, verdict, ticks });
    });
    const found = state.plausible[0];
    if (firstFound === null && found !== undefined) firstFound = { cost: found.cost, tried: state.tried };
    report(state);
  }
}

function boundHit(state: State, signal?: AbortSignal): Stop {
  const { parts } = state;
  // With something to confirm, the end of the budget belongs to the project's own runner.
  const keptMs = state.plausible.length > 0 ? parts.confirmMs : 0;
  if (parts.clock.monotonicMs() >= parts.deadlineMs - keptMs) return 'wall-limit';
  if (signal?.aborted === true) return 'cancelled';
  return state.tried >= parts.request.budget.candidates ? 'candidate-limit' : null;
}

function take(
  state: State,
  { rest, again }: { rest: Iterator<Idea>; again: boolean },
  maxCost: number | null,
): Idea[] {
  const { judge, request, admit } = state.parts;
  const size = judge.kind === 'command' ? COMMAND_ROUND : state.tried === 0 ? FIRST_ROUND : ROUND;
  const room = Math.min(size, request.budget.candidates - state.tried);
  const round: Idea[] = [];
  while (round.length < room) {
    const next = rest.next();
    if (next.done === true) break;
    if (maxCost !== null && next.value.cost > maxCost) break;
    if (again || admit(next.value)) round.push(next.value);
  }
  return round;
}

function note(state: State, result: { idea: Idea; verdict: Verdict; ticks: number }): void {
  const { idea, verdict } = result;
  state.tried += 1;
  const family = idea.template;
  state.triedByTemplate[family] = (state.triedByTemplate[family] ?? 0) + 1;
  if (verdict.verdict === 'pass') state.plausible.push(idea);
  else if (verdict.verdict === 'slow' && result.ticks < MANY_TICKS && state.slow.length < MAX_SLOW)
    state.slow.push(idea);
  else if (verdict.fixed.length > 0 || furtherThan(verdict, state.base)) {
    state.partial.push({ idea, fixed: verdict.fixed, lines: verdict.lines });
  }
}

/** Whether the same test failed at a later place of its file than without the change. */
function furtherThan(verdict: Verdict, base: Verdict | null): boolean {
  if (base === null || verdict.failed !== base.failed) return false;
  return compareLines(verdict.lines, base.lines) > 0;
}

function compareLines(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Two changes at once: what came further with anything, and the cheapest with each other; cheapest pairs first. */
function pairs(state: State, ideas: readonly Idea[]): Idea[] {
  const found: Idea[] = [];
  const add = (a: Idea, b: Idea, cost: number) => {
    const pair = combine(a, b);
    if (pair !== null) found.push({ ...pair, cost });
  };
  const beam = [...state.partial]
    .sort(
      (a, b) =>
        b.fixed.length - a.fixed.length || compareLines(b.lines, a.lines) || a.idea.cost - b.idea.cost,
    )
    .slice(0, BEAM);
  beam.forEach(({ idea }, rank) => {
    for (const other of ideas.slice(0, BEAM_PARTNERS))
      if (other !== idea) add(idea, other, other.cost + rank / 6);
  });
  const cheap = ideas.slice(0, CHEAP);
  cheap.forEach((a, index) => {
    for (const b of cheap.slice(index + 1)) add(a, b, a.cost + b.cost);
  });
  return found.sort((a, b) => a.cost - b.cost);
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
