// The assessment in words: what was wrong and why this edit, where the candidates differ, what the tests leave open.
import type { Assessment, Candidate, Distinguishing } from '#contracts/edit.ts';
import { plural } from '#foundation/text.ts';
import type { RepairRequest } from '../request.ts';
import type { SourceFile } from '../sources.ts';
import type { Behaviour } from './behaviour.ts';
import type { FixFeatures } from './features.ts';
import type { Family } from './literals.ts';
import { suggestTest } from './suggest.ts';
import { textOf, type Watched, type WatchedCall } from './watch.ts';
import { shownResult, shownValue } from './written.ts';

export interface ToDescribe {
  /** Best first; everything else counts by place in this list. */
  readonly candidates: readonly Candidate[];
  /** The project's own runner agreed with the first. */
  readonly confirmed: boolean;
  /** Errors that the first adds, by the project's type checker. */
  readonly typeErrors: number;
  readonly features: FixFeatures;
  readonly probability: number;
  readonly threshold: number;
  readonly behaviour: Behaviour;
  readonly watched: Watched;
  readonly request: Pick<RepairRequest, 'failing' | 'passing' | 'plan'>;
  readonly files: readonly SourceFile[];
  readonly family: Family;
  /** Single changes tried at the same line, and how many of them passed. */
  readonly near: { readonly tried: number; readonly passed: number };
}

const MAX_ALTERNATIVES = 4;
const MAX_OPEN = 3;
const MAX_CALL_CHARS = 160;

const UNCONFIRMED = 'There was no time to ask the project’s own test runner about it';

export function describe(to: ToDescribe): Assessment {
  const { behaviour, candidates, probability, threshold } = to;
  const others = [...new Set(behaviour.groups)].filter((group) => group !== behaviour.groups[0]);
  const leaders = others.map((group) => behaviour.groups.indexOf(group)).slice(0, MAX_ALTERNATIVES);
  const undecided = undecidedCalls(to, leaders);
  const alternatives = leaders.flatMap((index) => {
    const one = candidates[index];
    return one === undefined ? [] : [{ digest: one.digest, template: one.template, reason: one.reason }];
  });
  return {
    offered: to.confirmed && to.typeErrors === 0 && probability >= threshold ? 'fix' : 'candidate',
    probability: Math.round(probability * 1_000) / 1_000,
    threshold,
    groups: Math.max(1, behaviour.groupCount),
    inputs: behaviour.inputs,
    alternatives,
    differs: distinguishing(to, undecided[0], leaders),
    explanation: explanationOf(to),
    open: [
      ...(to.confirmed ? [] : [UNCONFIRMED]),
      ...(to.typeErrors === 0
        ? []
        : [`The project’s type checker reports ${plural(to.typeErrors, 'new error')} with it`]),
      ...undecided.slice(0, MAX_OPEN).map((call) => openQuestion(to, call, leaders)),
    ],
    suggestedTest: suggestionOf(to, undecided, leaders),
    features: { ...to.features },
  };
}

/** Inputs on which the first and another differ: those that part most of them and are shortest come first. */
function undecidedCalls({ watched }: ToDescribe, leaders: readonly number[]): WatchedCall[] {
  const parted = (one: WatchedCall) =>
    new Set([0, ...leaders].map((index) => textOf(one.after[index] ?? one.before))).size;
  const ordinary = (one: WatchedCall) => (one.after[0]?.kind === 'value' ? 0 : 1);
  const nextDiffers = (one: WatchedCall) =>
    Number(textOf(one.after[0] ?? one.before) !== textOf(one.after[leaders[0] ?? 0] ?? one.before));
  const isKnown = (one: WatchedCall) =>
    [0, ...leaders].every((index) => (one.after[index]?.kind ?? 'unknown') !== 'unknown');
  return watched.calls
    .filter((one) => !one.pinned && isKnown(one) && parted(one) > 1)
    .map((one) => ({ one, size: JSON.stringify(one.call.args).length }))
    .sort(
      (a, b) =>
        ordinary(a.one) - ordinary(b.one) ||
        nextDiffers(b.one) - nextDiffers(a.one) ||
        parted(b.one) - parted(a.one) ||
        a.size - b.size,
    )
    .map(({ one }) => one);
}

function shownCall({ watched, family }: ToDescribe, { call }: WatchedCall): string {
  const name = watched.functions[call.fn]?.name ?? 'the function';
  const own = call.args.map((arg) => shownValue(arg, family));
  const text = `${name}(${own.join(', ')})`;
  return text.length > MAX_CALL_CHARS ? `${text.slice(0, MAX_CALL_CHARS - 1)}…` : text;
}

function distinguishing(
  to: ToDescribe,
  call: WatchedCall | undefined,
  leaders: readonly number[],
): Distinguishing | null {
  if (call === undefined) return null;
  const results = [0, ...leaders].flatMap((index) => {
    const observed = call.after[index];
    const candidate = to.candidates[index];
    if (observed === undefined || candidate === undefined) return [];
    return [{ digest: candidate.digest, result: shownResult(observed, to.family) }];
  });
  return { call: shownCall(to, call), results };
}

function openQuestion(to: ToDescribe, call: WatchedCall, leaders: readonly number[]): string {
  const own = call.after[0] ?? call.before;
  const other = leaders
    .map((index) => call.after[index])
    .find((one) => one !== undefined && textOf(one) !== textOf(own));
  const results = `${shownResult(own, to.family)} with this change, ${shownResult(other ?? own, to.family)} with another that passes`;
  return `${shownCall(to, call)}: ${results} (${shownResult(call.before, to.family)} today)`;
}

/** By the first word of a template's name: what kind of mistake it mends. */
const MISTAKES: Readonly<Record<string, string>> = {
  comparison: 'A comparison was the wrong one',
  arithmetic: 'An arithmetic operator was the wrong one',
  logical: 'Conditions were joined in the wrong way',
  constant: 'A number or other constant was off',
  variable: 'A value was taken from the wrong place',
  member: 'The wrong method or property was used',
  condition: 'A condition let through too much or too little',
  guard: 'A case was not guarded against',
  insert: 'A step was missing',
  delete: 'A step was done that should not be',
  drop: 'An expression had a part too many',
  string: 'A text was wrong',
  argument: 'A call had the wrong arguments',
  swap: 'Two parts stood in each other’s place',
  return: 'The wrong value was returned',
  wrap: 'A value was used without a conversion that it needs',
  offset: 'A position was off by a little',
};

function explanationOf({ candidates, request, near, watched }: ToDescribe): string {
  const [best] = candidates;
  const first = best?.template.split(/[-+]/)[0] ?? '';
  const mistake = MISTAKES[first] ?? 'An expression did not do what the tests ask for';
  const several = best?.template.includes('+') === true ? ', and a second place with it' : '';
  const where = watched.functions.find((one) =>
    best?.edits.some(
      (edit) => edit.file === one.file && one.node.start <= edit.start && edit.end <= one.node.end,
    ),
  );
  const place = where === undefined ? '' : ` in ${where.name}`;
  const passing =
    request.passing.length > 0
      ? `, and ${plural(request.passing.length, 'test')} that passed still ${request.passing.length === 1 ? 'does' : 'do'}`
      : '';
  const evidence = `${plural(request.failing.length, 'failing test')} ${request.failing.length === 1 ? 'passes' : 'pass'} with it${passing}.`;
  const tried = near.tried > 1 ? ` Of ${near.tried} changes tried on that line, ${near.passed} passed.` : '';
  return `${mistake}${place}${several}. ${best?.reason ?? ''} ${evidence}${tried}`.trim();
}

function suggestionOf(
  to: ToDescribe,
  undecided: readonly WatchedCall[],
  leaders: readonly number[],
): Assessment['suggestedTest'] {
  for (const call of undecided.slice(0, 10)) {
    const target = to.watched.functions[call.call.fn];
    const own = call.after[0];
    const other = leaders
      .map((index) => call.after[index])
      .find((one) => one !== undefined && own !== undefined && textOf(one) !== textOf(own));
    if (target === undefined || other === undefined) continue;
    const source = to.files.find((file) => file.path === target.file)?.text ?? '';
    const testFile = to.request.failing.find((test) => test.file !== null)?.file ?? null;
    const found = suggestTest({
      call,
      target,
      source,
      runner: to.request.plan.runner,
      testFile,
      family: to.family,
      other,
    });
    if (found !== null) return found;
  }
  return null;
}
