// What is known of plausible changes as numbers: of each change for the order among them, of the first for its probability.
import type { Idea } from '../enumerate.ts';
import { isBlunt } from '../rank.ts';
import type { RepairRequest } from '../request.ts';
import type { Behaviour } from './behaviour.ts';
import type { Agreement } from './examples.ts';
import { strangeNames } from './naming.ts';
import type { Tally } from './tally.ts';

/** Raise the cost of a change, in bits; the weights are in the confidence table. */
export const RANK_FEATURES = [
  'cost',
  'blunt',
  'constant',
  'removed',
  'strange',
  'drift',
  'still',
  'uniform',
  'alone',
  'contradicts',
  'agrees',
  'naming',
] as const;
export type RankFeatures = Readonly<Record<(typeof RANK_FEATURES)[number], number>>;

/** Of the first change; the logistic model's inputs. */
export const FIX_FEATURES = [
  'lead',
  'groups',
  'failing',
  'passing',
  'refused',
  'cost',
  'blunt',
  'pair',
  'strange',
  'drift',
  'uniform',
  'documented',
  'watched',
] as const;
export type FixFeatures = Readonly<Record<(typeof FIX_FEATURES)[number], number>>;

/** A test's own value as the new value is a way to please it. */
const LITERAL_TEMPLATES = new Set(['return-value', 'variable-to-literal', 'string']);
const CHARS = 50;
const MAX_BITS = 30;
/** The weights come from cases with few tests: beyond these, more of them changes nothing. */
const MAX_TESTS_BITS = 3;
const MAX_REFUSED_BITS = 5;

export interface Known {
  readonly ideas: readonly Idea[];
  readonly behaviour: Behaviour;
  /** By place in the list. */
  readonly agreement: readonly Agreement[];
  /** The unchanged text of a file. */
  readonly textOf: (file: string) => string;
}

export function rankFeatures({ ideas, behaviour, agreement, textOf }: Known): RankFeatures[] {
  const least = Math.min(...ideas.map((one) => one.cost));
  const weights = ideas.map((one) => 2 ** -Math.min(MAX_BITS, one.cost - least));
  const all = weights.reduce((sum, one) => sum + one, 0);
  return ideas.map((idea, index) => {
    const group = behaviour.groups[index] ?? 0;
    const own = weights
      .filter((_, other) => behaviour.groups[other] === group)
      .reduce((sum, one) => sum + one, 0);
    const parts = idea.template.split('+');
    const { agrees = 0, contradicts = 0 } = agreement[index] ?? {};
    return {
      cost: Math.min(MAX_BITS, idea.cost - least),
      blunt: Number(isBlunt(idea)),
      constant: Number(parts.some((part) => LITERAL_TEMPLATES.has(part))),
      removed: sum(idea.edits.map((edit) => Math.max(0, edit.end - edit.start - edit.text.length))) / CHARS,
      strange: behaviour.strange[index] ?? 0,
      drift: behaviour.drift[index] ?? 0,
      // Next to failing calls something should change: a patch for one input only is no repair.
      still: behaviour.inputs === 0 ? 0 : 1 - (behaviour.repairs[index] ?? 0),
      uniform: behaviour.uniform[index] ?? 0,
      alone: 1 - own / all,
      contradicts: Math.min(3, contradicts),
      agrees: Math.min(3, agrees),
      naming: strangeNames(idea.edits, textOf(idea.file)),
    };
  });
}

export interface First extends Known {
  readonly index: number;
  /** Share of the belief that the order gives to the first one's group, in (0, 1]. */
  readonly share: number;
  readonly request: Pick<RepairRequest, 'failing' | 'passing'>;
  readonly tally: Pick<Tally, 'near'>;
}

export function fixFeatures(first: First): FixFeatures {
  const { index, behaviour, ideas, request } = first;
  const idea = ideas[index] as Idea;
  const { tried, passed } = first.tally.near(idea);
  const { agrees = 0, contradicts = 0 } = first.agreement[index] ?? {};
  return {
    lead: logit(first.share),
    groups: Math.log2(behaviour.groupCount),
    failing: Math.min(MAX_TESTS_BITS, Math.log2(1 + request.failing.length)),
    passing: Math.min(MAX_TESTS_BITS, Math.log2(1 + request.passing.length)),
    refused: Math.min(MAX_REFUSED_BITS, Math.log2((tried + 2) / (passed + 1))),
    cost: Math.min(MAX_BITS, idea.cost) / 10,
    blunt: Number(isBlunt(idea)),
    pair: idea.template.split('+').length - 1,
    strange: behaviour.strange[index] ?? 0,
    drift: behaviour.drift[index] ?? 0,
    uniform: behaviour.uniform[index] ?? 0,
    documented: Math.min(2, agrees) - 2 * Math.min(2, contradicts),
    watched: Number(behaviour.inputs > 0),
  };
}

const MOST = 0.995;

function logit(share: number): number {
  const bounded = Math.min(MOST, Math.max(1 - MOST, share));
  return Math.log(bounded / (1 - bounded));
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}
