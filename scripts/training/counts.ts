// Counting which templates explain cases: hits beside what the hand costs expected, added up over cases and repositories.
import type { FamilyPrior } from '#repair/learn/priors.ts';

export interface Count {
  readonly hits: number;
  readonly expected: number;
}
type Table = Record<string, Count>;

export interface Counts extends FamilyPrior {
  cases: number;
  templates: Table;
  kinds: Table;
}

interface Weighed {
  readonly template: string;
  readonly kind: string;
  readonly cost: number;
}

/** A group that was never expected and never hit says nothing. */
const LEAST_EXPECTED = 0.01;

export function newCounts(): Counts {
  return { cases: 0, templates: {}, kinds: {} };
}

/** One case: a hit for the template that made the change, and its share of the hand's probability for each. */
export function countCase(into: Counts, ideas: readonly Weighed[], rank: number): void {
  into.cases += 1;
  const least = ideas[0]?.cost ?? 0;
  const weights = ideas.map((idea) => 2 ** (least - idea.cost));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  ideas.forEach(({ template, kind }, index) => {
    const one = { hits: index === rank ? 1 : 0, expected: (weights[index] ?? 0) / all };
    add(into.templates, template, one);
    add(into.kinds, `${template}@${kind}`, one);
  });
}

function add(into: Table, key: string, { hits, expected }: Count): void {
  const before = Object.hasOwn(into, key) ? into[key] : undefined;
  into[key] = { hits: (before?.hits ?? 0) + hits, expected: (before?.expected ?? 0) + expected };
}

export function summed(all: readonly Counts[]): Counts {
  const total = newCounts();
  for (const one of all) {
    total.cases += one.cases;
    for (const [key, value] of Object.entries(one.templates)) add(total.templates, key, value);
    for (const [key, value] of Object.entries(one.kinds)) add(total.kinds, key, value);
  }
  return { cases: total.cases, templates: rounded(total.templates), kinds: rounded(total.kinds) };
}

function rounded(table: Table): Table {
  const kept = Object.entries(table).filter(([, one]) => one.hits > 0 || one.expected >= LEAST_EXPECTED);
  kept.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    kept.map(([key, { hits, expected }]) => [key, { hits, expected: Number(expected.toFixed(3)) }]),
  );
}
