// What is tried next: the cheapest of single changes, of second changes to those that came further, and of cheap pairs.
import { combine, type Idea, type IdeaQueue } from './enumerate.ts';
import type { Verdict } from './judge.ts';
import type { Sequels } from './sequels.ts';

/** A change with the cost by which its turn comes; a second change is not charged for the first, which has proved itself. */
export interface Turn {
  readonly idea: Idea;
  readonly cost: number;
  readonly isPair: boolean;
}

export interface Agenda {
  /** Null when nothing is left, or nothing below the cost. */
  next(maxCost: number): Turn | null;
  /** Remembers a change that came further than the unchanged program; a second change may complete it. */
  noteProgress(turn: Turn, verdict: Verdict): void;
  /** Those that made failing tests pass, best first. */
  near(): { idea: Idea; fixed: readonly string[] }[];
}

/** Bits for the assumption that two changes are needed, where the first has shown that it helps. */
const SEQUEL_BITS = 3;
const BITS_PER_RANK = 0.25;
const BEAM = 24;
/** Of those that fail in the same way, so many are followed up. */
const MAX_ALIKE = 4;
const MAX_PARTIAL = 3_000;
const MAX_NEAR = 20;
/** The same bits where nothing but the low cost of both speaks for them. */
const PAIR_BITS = 7;
const CHEAP = 200;

interface Partial {
  readonly idea: Idea;
  readonly fixed: readonly string[];
  readonly lines: readonly number[];
  readonly signature: string;
  queue: IdeaQueue | null | undefined;
}

export function createAgenda(singles: IdeaQueue, sequels: Sequels | null): Agenda {
  const partial: Partial[] = [];
  let beam: Partial[] = [];
  let stale = false;
  let pairs: { a: Idea; b: Idea; cost: number }[] | null = null;
  let nextPair = 0;

  const cheapest = () => {
    if (stale) beam = beamOf(partial);
    stale = false;
    let best: { partial: Partial | null; cost: number } = { partial: null, cost: singles.peek() };
    beam.forEach((one, rank) => {
      if (one.queue === undefined) one.queue = sequels?.after(one.idea) ?? null;
      const cost = (one.queue?.peek() ?? Number.POSITIVE_INFINITY) + SEQUEL_BITS + rank * BITS_PER_RANK;
      if (cost < best.cost) best = { partial: one, cost };
    });
    return best;
  };
  const pairTurn = (limit: number): Turn | null => {
    // A pair costs more than any of its halves, so it is due only when those were given out.
    if (pairs === null && (singles.given.length >= CHEAP || singles.peek() === Number.POSITIVE_INFINITY)) {
      pairs = sequels === null ? [] : cheapPairs(singles.given.slice(0, CHEAP));
    }
    for (;;) {
      const pair = pairs?.[nextPair];
      if (pair === undefined || pair.cost > limit) return null;
      nextPair += 1;
      const idea = combine(pair.a, pair.b);
      if (idea !== null) return { idea, cost: pair.cost, isPair: true };
    }
  };
  return {
    next: (maxCost) => {
      const best = cheapest();
      const pair = pairTurn(Math.min(best.cost, maxCost));
      if (pair !== null) return pair;
      if (best.cost > maxCost) return null;
      const idea = (best.partial === null ? singles : best.partial.queue)?.next() ?? null;
      return idea === null ? null : { idea, cost: best.cost, isPair: best.partial !== null };
    },
    noteProgress: ({ idea, isPair }, { fixed, lines, failed }) => {
      if (isPair || partial.length >= MAX_PARTIAL) return;
      const signature = `${fixed.join('\0')}\n${failed ?? ''}\n${lines.join()}`;
      partial.push({ idea, fixed, lines, signature, queue: undefined });
      stale = true;
    },
    near: () =>
      partial
        .filter((one) => one.fixed.length > 0)
        .sort((a, b) => b.fixed.length - a.fixed.length || a.idea.cost - b.idea.cost)
        .slice(0, MAX_NEAR)
        .map(({ idea, fixed }) => ({ idea, fixed })),
  };
}

function beamOf(partial: readonly Partial[]): Partial[] {
  const alike = new Map<string, number>();
  return [...partial]
    .sort(
      (a, b) =>
        b.fixed.length - a.fixed.length || compareLines(b.lines, a.lines) || a.idea.cost - b.idea.cost,
    )
    .filter(({ signature }) => {
      const count = (alike.get(signature) ?? 0) + 1;
      alike.set(signature, count);
      return count <= MAX_ALIKE;
    })
    .slice(0, BEAM);
}

function cheapPairs(ideas: readonly Idea[]): { a: Idea; b: Idea; cost: number }[] {
  const found: { a: Idea; b: Idea; cost: number }[] = [];
  ideas.forEach((a, index) => {
    for (const b of ideas.slice(index + 1)) found.push({ a, b, cost: a.cost + b.cost + PAIR_BITS });
  });
  return found.sort((one, other) => one.cost - other.cost);
}

/** Whether the same test failed at a later place of its file than without the change. */
export function furtherThan(verdict: Verdict, base: Verdict | null): boolean {
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
