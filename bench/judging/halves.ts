// What half-assertion runs came to: how many fixes are right by all assertions.

import type { Assessment } from '#contracts/edit.ts';
import { table } from '../measuring/figures.ts';

export interface HalfResult {
  readonly name: string;
  readonly seed: number;
  /** Numbers of the assertions that the engine saw, and how many there are. */
  readonly kept: string;
  /** A test fails with those assertions: without one there is nothing to repair. */
  readonly visible: boolean;
  readonly failing: number;
  readonly passing: number;
  readonly ms: number;
  readonly ending: string;
  readonly tried: number;
  readonly candidates: readonly JudgedCandidate[];
  readonly assessment: Assessment | null;
}

export interface JudgedCandidate {
  readonly template: string;
  readonly reason: string;
  /** Every assertion of the case holds. */
  readonly right: boolean;
  /** Gives what the reference gives on every compared input. */
  readonly same: boolean;
  readonly compared: number;
  /** The numbers behind its place in the list. */
  readonly features: Readonly<Record<string, number>>;
}

interface Stated {
  readonly probability: number;
  readonly right: boolean;
}

/** Counts, Brier score and a reliability table of the stated probability. */
export function summaryOf(results: readonly HalfResult[]): string {
  const visible = results.filter((one) => one.visible);
  const plausible = visible.filter((one) => one.candidates.length > 0);
  const firsts = plausible.flatMap((one) => one.candidates.slice(0, 1));
  const offered = plausible.filter((one) => one.assessment?.offered === 'fix');
  const rightOffered = offered.filter((one) => one.candidates[0]?.right === true).length;
  const stated = plausible.flatMap((one): Stated[] => {
    const right = one.candidates[0]?.right === true;
    return one.assessment === null ? [] : [{ probability: one.assessment.probability, right }];
  });
  const rows: [string, string | number][] = [
    ['cases', results.length],
    ['bug visible', visible.length],
    ['plausible', plausible.length],
    ['right at rank 1', firsts.filter((one) => one.right).length],
    [
      'right anywhere in the list',
      plausible.filter((one) => one.candidates.some(({ right }) => right)).length,
    ],
    ['rank 1 gives what the reference gives', firsts.filter((one) => one.same).length],
    ['offered as a fix', offered.length],
    ['of these right', `${rightOffered} (${percent(rightOffered / offered.length)})`],
    ['Brier score', brier(stated).toFixed(3)],
    ['the same of the overall share', brierOfShare(stated).toFixed(3)],
  ];
  const counts = table(
    ['', ''],
    rows.map(([what, count]) => [what, String(count)]),
  );
  return `${counts}\n\n${reliability(stated)}`;
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : '–';
}

/** Mean squared distance between what was stated and what was so; less is better. */
function brier(stated: readonly Stated[]): number {
  return mean(stated.map(({ probability, right }) => (probability - Number(right)) ** 2));
}

/** What one number for all would score: the measure for whether the probabilities say anything. */
function brierOfShare(stated: readonly Stated[]): number {
  const share = mean(stated.map(({ right }) => Number(right)));
  return brier(stated.map(({ right }) => ({ probability: share, right })));
}

const EDGES = [0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.001];

function reliability(stated: readonly Stated[]): string {
  const rows = EDGES.slice(1).flatMap((to, index) => {
    const from = EDGES[index] ?? 0;
    const own = stated.filter(({ probability }) => probability >= from && probability < to);
    if (own.length === 0) return [];
    const said = mean(own.map(({ probability }) => probability));
    const right = own.filter((one) => one.right).length;
    const band = `${percent(from)} to ${percent(Math.min(1, to))}`;
    return [[band, String(own.length), percent(said), `${right} (${percent(right / own.length)})`]];
  });
  return table(['stated', 'cases', 'mean stated', 'right'], rows);
}

function mean(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0) / values.length;
}
