// One and the same change at every place of a function: an operator, a name, a constant, a member.

import type { SyntaxNode } from '#code/syntax.ts';
import { fitsPattern, kindOf } from '../kinds.ts';
import { visibleAt } from '../scope.ts';
import {
  argumentsOf,
  binariesOf,
  calleeOf,
  fill,
  isReadFrom,
  isTarget,
  operand,
  type Proposal,
  replace,
  type Site,
  short,
} from './types.ts';

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

const MAX_WRAPPED = 4;
/** The dearest pattern that is tried at several places, in bits. */
const MAX_WRAP_BITS = 3;

/** The same thing put round every expression of one shape: `f(a)` and `f(b)` both sorted. */
export function* wrapSeveral(site: Site): Iterable<Proposal> {
  const { scope, grammar } = site;
  const shapes = new Map<string, SyntaxNode[]>();
  const own = new Set(scope.declarations.map((one) => one.name));
  for (const node of scope.expressions) {
    if (node.field === 'function' || isTarget(node) || node.kind === 'parenthesized_expression') continue;
    if (
      !/call|member|attribute|subscript|array|list|identifier/.test(node.kind) ||
      node.end - node.start > 60
    )
      continue;
    const plain = node.text.replace(/[A-Za-z_$][\w$]*/g, (word) => (own.has(word) ? '_' : word));
    const shape = `${node.kind} ${node.kind === 'identifier' ? node.text : plain.replace(/\d+/g, '0')}`;
    shapes.set(shape, [...(shapes.get(shape) ?? []), node]);
  }
  for (const nodes of shapes.values()) {
    const [first] = nodes;
    if (first === undefined || nodes.length < 2 || nodes.length > MAX_WRAPPED || overlap(nodes)) continue;
    const kind = kindOf(first, scope.kinds);
    for (const [pattern, bits] of grammar.wraps) {
      if (bits > MAX_WRAP_BITS || !fitsPattern(pattern, kind) || nodes.some(isReadFrom)) continue;
      const edits = nodes.map((node) => replace(node, fill(pattern, operand(node))));
      const reason = `replace ${short(first.text)} by ${short(fill(pattern, operand(first)))}, and ${nodes.length - 1} like it`;
      yield { template: 'several-wraps', bits: 7 + bits, edits, reason };
    }
  }
}

/** The dearest pattern that makes two things comparable, in bits. */
const MAX_ALIKE_BITS = 3;

/** Both sides of an equality made alike before they are compared: in one order, in one case, of one type. */
export function* bothSides(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const [pair, ...rest] = binariesOf(node, grammar);
  if (pair === undefined || rest.length > 0 || !/^[!=]==?$/.test(pair.operator)) return;
  let [left, right] = [pair.left, pair.right];
  yield* madeAlike(site, left, right);
  // Inside equal calls as well: `text(a) === text(b)`.
  for (let depth = 0; depth < 3 && calleeOf(left)?.text === calleeOf(right)?.text; depth += 1) {
    const [[a, ...more], [b, ...others]] = [argumentsOf(left), argumentsOf(right)];
    if (a === undefined || b === undefined || more.length + others.length > 0) return;
    [left, right] = [a, b];
    yield* madeAlike(site, left, right);
  }
}

function* madeAlike({ grammar, scope }: Site, left: SyntaxNode, right: SyntaxNode): Iterable<Proposal> {
  const sides = [left, right];
  if (sides.some((one) => grammar.numbers.has(one.kind) || grammar.strings.has(one.kind))) return;
  if (left.text === right.text || left.kind !== right.kind) return;
  const kinds = sides.map((one) => kindOf(one, scope.kinds));
  for (const [pattern, bits] of grammar.wraps) {
    if (bits > MAX_ALIKE_BITS || !ALIKE.test(pattern) || kinds.some((kind) => !fitsPattern(pattern, kind)))
      continue;
    yield {
      template: 'several-wraps',
      bits: 4.5 + bits,
      edits: sides.map((one) => replace(one, fill(pattern, operand(one)))),
      reason: `replace ${short(left.text)} by ${short(fill(pattern, operand(left)))}, and 1 like it`,
    };
  }
}

/** Patterns that take a difference away which may not count. */
const ALIKE =
  /^(?:String|Number|Math\.(?:abs|round|floor)|abs|int|str|set|sorted|len|round|tuple|list|frozenset)\(\$\)$|^\$\.(?:length|sort\(\)|(?:to)?[lL]ower(?:Case)?\(\)|trim\(\)|strip\(\))$/;

function overlap(nodes: readonly SyntaxNode[]): boolean {
  return nodes.some((node, index) => index > 0 && node.start < (nodes[index - 1]?.end ?? 0));
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
