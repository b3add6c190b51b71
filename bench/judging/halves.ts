// What half-assertion runs came to: how many fixes are right by all assertions.

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
}

export interface JudgedCandidate {
  readonly template: string;
  readonly reason: string;
  /** Every assertion of the case holds. */
  readonly right: boolean;
  /** Gives what the reference gives on every compared input. */
  readonly same: boolean;
  readonly compared: number;
}

export function summaryOf(results: readonly HalfResult[]): string {
  const visible = results.filter((one) => one.visible);
  const plausible = visible.filter((one) => one.candidates.length > 0);
  const firsts = plausible.flatMap((one) => one.candidates.slice(0, 1));
  const rows: [string, number][] = [
    ['cases', results.length],
    ['bug visible', visible.length],
    ['plausible', plausible.length],
    ['right at rank 1', firsts.filter((one) => one.right).length],
    [
      'right anywhere in the list',
      plausible.filter((one) => one.candidates.some(({ right }) => right)).length,
    ],
    ['rank 1 gives what the reference gives', firsts.filter((one) => one.same).length],
  ];
  return rows.map(([what, count]) => `${what}: ${count}`).join('\n');
}
