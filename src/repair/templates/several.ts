// One and the same change at every place of a function: an operator, a name, a constant, a member.

import type { SyntaxNode } from '#code/syntax.ts';
import { visibleAt } from '../scope.ts';
import { binariesOf, type Proposal, replace, type Site, short } from './types.ts';

interface Group {
  readonly what: string;
  readonly places: { start: number; end: number }[];
  readonly options: readonly (readonly [string, number])[];
}

/** Proposals that change two to eight like places at once; made once for a scope, whose `node` is the site's. */
export function* severalPlaces(site: Site): Iterable<Proposal> {
  const groups = new Map<string, Group>();
  const add = (key: string, place: { start: number; end: number }, options: Group['options']) => {
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { what: key, places: [{ start: place.start, end: place.end }], options });
    else group.places.push({ start: place.start, end: place.end });
  };
  for (const node of site.scope.expressions) {
    for (const pair of binariesOf(node, site.grammar)) add(pair.operator, pair, swapsOf(site, pair.operator));
    if (site.grammar.members.has(node.kind)) addMember(site, node, add);
    const simple =
      node.kind === 'identifier' ||
      site.grammar.numbers.has(node.kind) ||
      site.grammar.strings.has(node.kind);
    if (simple && node.field !== 'function') add(node.text, node, literalOptions(site, node));
  }
  for (const group of groups.values()) {
    if (group.places.length < 2 || group.places.length > 8) continue;
    for (const [text, bits] of group.options) {
      if (text === group.what) continue;
      const edits = group.places.map((place) => replace(place, text));
      const reason = `replace ${short(group.what)} by ${short(text)} at ${edits.length} places`;
      yield { template: 'several-places', bits: 5.5 + bits, edits, reason };
    }
  }
}

function swapsOf(site: Site, operator: string): Group['options'] {
  const { comparison, arithmetic, logical } = site.grammar.swaps;
  return comparison[operator] ?? arithmetic[operator] ?? logical[operator] ?? [];
}

function addMember(
  site: Site,
  node: SyntaxNode,
  add: (key: string, place: { start: number; end: number }, options: Group['options']) => void,
): void {
  const property = node.children.at(-1);
  if (property === undefined) return;
  const family = site.grammar.siblings.filter((group) => group.includes(property.text)).flat();
  add(
    `.${property.text}`,
    { start: property.start - 1, end: property.end },
    family.map((name) => [`.${name}`, 1] as const),
  );
}

function literalOptions(site: Site, node: SyntaxNode): Group['options'] {
  if (node.kind === 'identifier')
    return visibleAt(site.scope, node)
      .slice(0, 6)
      .map((name) => [name, 2] as const);
  if (site.grammar.strings.has(node.kind))
    return site.scope.strings.slice(0, 8).map((text) => [text, 2] as const);
  const value = Number(node.text);
  if (!Number.isFinite(value)) return [];
  return [value + 1, value - 1, 0, 1, 2].map((to) => [String(to), 1] as const);
}
