// From the items of a context to what a step is handed: constraints whole, the rest by relevance and kind (O12, O13).
import type { ContextItem, ContextPackage, Contradiction } from '#contracts/context.ts';
import type { ContextKind } from '#contracts/workflow.ts';
import { relevanceOf } from './relevance.ts';

/** How much a kind counts beside relevance; constraints are beyond comparison. */
const WEIGHT: Readonly<Record<ContextKind, number>> = {
  constraint: Number.POSITIVE_INFINITY,
  decision: 1,
  risk: 0.8,
  artefact: 0.6,
  note: 0.4,
};
/** What an item of a kind is worth that has nothing in common with the step. Notes and artefacts are worth nothing. */
const UNRELATED: Readonly<Record<ContextKind, number>> = {
  constraint: 1,
  decision: 0.25,
  risk: 0.25,
  artefact: 0,
  note: 0,
};

export interface PackWish {
  /** The text of the step that gets it; empty for the whole ticket. */
  readonly step: string;
  readonly budgetTokens: number;
}

/** Packs what still holds of `items`. */
export function packContext(items: readonly ContextItem[], { step, budgetTokens }: PackWish): ContextPackage {
  const valid = items.filter(({ withdrawn }) => withdrawn === null);
  const contradictions = contradictionsIn(valid);
  const constraints = valid.filter(({ kind }) => kind === 'constraint');
  const chosen = new Set(constraints);
  const render = () => textOf(valid, chosen, contradictions);
  const roomLeft = tokensIn(render()) <= budgetTokens;
  for (const item of roomLeft ? [...constraints, ...byWorth(valid, step)] : []) {
    const added = withOpponents([item], valid, contradictions).filter((each) => !chosen.has(each));
    for (const each of added) chosen.add(each);
    if (tokensIn(render()) > budgetTokens) for (const each of added) chosen.delete(each);
  }
  const text = render();
  const tokens = tokensIn(text);
  const shown = inOrder(valid, chosen);
  return {
    text,
    items: shown.map(({ id }) => id),
    omitted: valid.length - shown.length,
    tokens,
    budgetTokens,
    fits: tokens <= budgetTokens,
    contradictions,
  };
}

/** Items that come into question, the best first. */
function byWorth(items: readonly ContextItem[], step: string): ContextItem[] {
  const relevance = relevanceOf(
    step,
    items.map(({ subject, text }) => `${subject} ${text}`),
  );
  return items
    .map((item, at) => {
      const related = step.trim() === '' ? 1 : (relevance[at] ?? 0);
      return { item, worth: WEIGHT[item.kind] * (related > 0 ? 0.25 + related : UNRELATED[item.kind]) };
    })
    .filter(({ item, worth }) => item.kind !== 'constraint' && worth > 0)
    .sort((a, b) => b.worth - a.worth || (a.item.at < b.item.at ? 1 : -1))
    .map(({ item }) => item);
}

/** An item never comes without those that contradict it: half a quarrel would look like a fact. */
function withOpponents(
  wanted: readonly ContextItem[],
  all: readonly ContextItem[],
  contradictions: readonly Contradiction[],
): ContextItem[] {
  const ids = new Set(wanted.map(({ id }) => id));
  const sides = contradictions
    .filter(({ items }) => items.some((id) => ids.has(id)))
    .flatMap(({ items }) => items);
  return all.filter(({ id }) => ids.has(id) || sides.includes(id));
}

const ORDER: readonly ContextKind[] = ['constraint', 'decision', 'risk', 'artefact', 'note'];

function inOrder(all: readonly ContextItem[], chosen: ReadonlySet<ContextItem>): ContextItem[] {
  return ORDER.flatMap((kind) => all.filter((item) => item.kind === kind && chosen.has(item)));
}

function textOf(
  all: readonly ContextItem[],
  chosen: ReadonlySet<ContextItem>,
  contradictions: readonly Contradiction[],
): string {
  const shown = inOrder(all, chosen);
  const ids = new Set(shown.map(({ id }) => id));
  const open = contradictions.filter(({ items }) => items.every((id) => ids.has(id)));
  const lines = [
    ...shown.map(
      ({ kind, subject, text, source }) =>
        `- ${kind}${subject === '' ? '' : ` (${subject})`}: ${text} [${source.kind} ${source.ref}]`,
    ),
    ...open.map(
      ({ subject, items }) => `- contradiction (${subject}): ${items.length} items above disagree; ask`,
    ),
  ];
  return lines.join('\n');
}

/**
 * Decisions and constraints that say different things of the same subject. Risks, notes and artefacts may add up;
 * two values of one decision may not.
 */
export function contradictionsIn(items: readonly ContextItem[]): Contradiction[] {
  const bySubject = new Map<string, ContextItem[]>();
  for (const item of items) {
    const subject = plainly(item.subject);
    if (subject === '' || item.withdrawn !== null) continue;
    if (item.kind !== 'decision' && item.kind !== 'constraint') continue;
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), item]);
  }
  return [...bySubject]
    .filter(([, said]) => new Set(said.map(({ text }) => plainly(text))).size > 1)
    .map(([subject, said]) => ({ subject, items: said.map(({ id }) => id) }));
}

/** Case, white space and punctuation at the ends do not make two values of one. */
function plainly(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .replace(/^[\s.,;:!"'`]+|[\s.,;:!"'`]+$/g, '');
}

/** An estimate on the safe side: a token for four plain letters, and one for every letter beyond them. */
export function tokensIn(text: string): number {
  const beyond = text.replace(/[\u0000-\u007f]/g, '').length;
  return Math.ceil((text.length - beyond) / 4) + beyond;
}
