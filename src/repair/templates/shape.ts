// Expressions with something too much or too little round them: operands, calls, slices, offsets, brackets.

import type { SyntaxNode } from '#code/syntax.ts';
import { fitsPattern, kindOf } from '../kinds.ts';
import { namesAt } from './names.ts';
import {
  argumentsOf,
  binariesOf,
  calleeOf,
  childOf,
  fill,
  isReadFrom,
  isTarget,
  operand,
  type Proposal,
  replace,
  type Site,
  short,
  type Template,
  zeroBits,
} from './types.ts';

export const shapeTemplates: readonly Template[] = [
  dropOperand,
  unwrapCall,
  offset,
  regroup,
  slices,
  collections,
];
/** Many, and dearer than the others. */
export const wrapTemplates: readonly Template[] = [wrap, donors];

function* dropOperand(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const whole = node.text;
  const parts: [string, number][] = [];
  for (const pair of binariesOf(node, grammar)) {
    const logical = grammar.swaps.logical[pair.operator] !== undefined;
    const base = logical ? 2.5 : 4;
    parts.push([operand(pair.left), base], [operand(pair.right), base + (logical ? 0 : 1)]);
  }
  if (grammar.ternaries.has(node.kind)) {
    for (const child of node.children.filter((one) => one.named)) parts.push([child.text, 5]);
  }
  if (/^(?:unary_expression|unary_operator|not_operator|await_expression|await)$/.test(node.kind)) {
    const inner = node.children.findLast((child) => child.named);
    if (inner !== undefined) parts.push([inner.text, 2.5]);
  }
  for (const [text, bits] of parts) {
    yield {
      template: 'drop-operand',
      bits,
      edits: [replace(node, text)],
      reason: `replace ${short(whole)} by ${short(text)}`,
    };
  }
}

function* unwrapCall(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const parts: [string, number][] = [];
  if (grammar.calls.has(node.kind)) {
    const callee = calleeOf(node);
    for (const argument of argumentsOf(node).slice(0, 3)) parts.push([argument.text, 4]);
    if (callee !== null && grammar.members.has(callee.kind)) {
      const receiver = callee.children[0];
      if (receiver !== undefined) parts.push([receiver.text, 4]);
    }
    if (callee?.kind === 'identifier') parts.push([callee.text, 7]);
  }
  if (grammar.subscripts.has(node.kind) || grammar.members.has(node.kind)) {
    const object = node.children[0];
    const isCallee = node.field === 'function';
    if (object !== undefined && !isCallee) parts.push([object.text, 5]);
  }
  for (const [text, bits] of parts) {
    yield {
      template: 'unwrap',
      bits,
      edits: [replace(node, text)],
      reason: `replace ${short(node.text)} by ${short(text)}`,
    };
  }
}

function* wrap(site: Site): Iterable<Proposal> {
  const { node, grammar, scope } = site;
  if (node.field === 'function' || isTarget(node) || grammar.strings.has(node.kind)) return;
  if (!grammar.expressions.has(node.kind)) return;
  if (/^(?:true|false|null|none|undefined|parenthesized_expression|arrow_function|lambda)$/.test(node.kind))
    return;
  const penalty = grammar.numbers.has(node.kind) ? 3 : 0;
  const kind = kindOf(node, scope.kinds);
  for (const [pattern, bits] of grammar.wraps) {
    if (!fitsPattern(pattern, kind) || (pattern.startsWith('await') && !isInAsync(node))) continue;
    const bracketed = /^(?:\w|\.)+\(\$/.test(pattern) || pattern.startsWith('[');
    const filled = fill(pattern, bracketed ? bareText(node.text, node.kind) : operand(node));
    const loose = / |^[-!]|=>/.test(pattern.replace(/\(.*\)$/, ''));
    if (loose && isReadFrom(node) && !pattern.startsWith('await')) continue;
    const text = loose && isReadFrom(node) ? `(${filled})` : filled;
    const reason = `replace ${short(node.text)} by ${short(text)}`;
    const zeros = pattern === '$.filter(Boolean)' ? zeroBits(node, scope.kinds) : 0;
    yield { template: 'wrap', bits: 5 + bits + penalty + zeros, edits: [replace(node, text)], reason };
  }
}

function isInAsync(node: SyntaxNode): boolean {
  for (let at = node.parent; at !== null; at = at.parent) {
    if (/function|method_definition/.test(at.kind)) return /^(?:static )?async\b/.test(at.text);
  }
  return true;
}

function bareText(text: string, kind: string): string {
  return kind === 'tuple' || kind === 'generator_expression'
    ? `(${text.replace(/^\(|\)$/g, '')},)`.replace(/,,\)$/, ',)')
    : text;
}

function* offset(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  if (node.field === 'function' || isTarget(node) || isReadFrom(node)) return;
  const measurable =
    grammar.calls.has(node.kind) || grammar.members.has(node.kind) || grammar.subscripts.has(node.kind);
  const isSum =
    grammar.binaries.has(node.kind) && binariesOf(node, grammar).some((one) => /^[-+*/%]/.test(one.operator));
  if (node.kind !== 'identifier' && !measurable && !isSum) return;
  if (/^(?:boolean|list|function|object)$/.test(kindOf(node, site.scope.kinds) ?? '')) return;
  const propose = (text: string, bits: number): Proposal => ({
    template: 'offset',
    bits,
    edits: [replace(node, text)],
    reason: `replace ${short(node.text)} by ${short(text)}`,
  });
  const own = operand(node);
  yield propose(`${own} + 1`, 4);
  yield propose(`${own} - 1`, 4);
  yield propose(`(${own} + 1)`, 7);
  yield propose(`(${own} - 1)`, 7);
  yield propose(`${own} * 2`, 8);
  yield propose(`${own} / 2`, 8);
  if (grammar.family === 'python') yield propose(`${own} // 2`, 8);
  yield propose(`${own} % 2`, 9);
  yield propose(`${own} % 10`, 9);
  for (const name of namesAt(site).slice(0, 6)) {
    if (name === node.text) continue;
    yield propose(`${own} + ${name}`, 6.5);
    yield propose(`${own} - ${name}`, 7);
    yield propose(`${own} * ${name}`, 8);
    yield propose(`${own} % ${name}`, 9);
    yield propose(`${name} + ${own}`, 9);
    yield propose(`${name} - ${own}`, 9);
  }
}

/** `a + b * c` to `(a + b) * c` and back. */
function* regroup(site: Site): Iterable<Proposal> {
  const { node, grammar } = site;
  const pair = binariesOf(node, grammar)[0];
  if (pair === undefined) return;
  const right = binariesOf(pair.right, grammar)[0];
  const left = binariesOf(pair.left, grammar)[0];
  const propose = (text: string): Proposal => ({
    template: 'regroup',
    bits: 6,
    edits: [replace(node, text)],
    reason: `group as ${short(text)}`,
  });
  if (right !== undefined) {
    yield propose(
      `(${pair.left.text} ${pair.operator} ${right.left.text}) ${right.operator} ${right.right.text}`,
    );
  }
  if (left !== undefined) {
    yield propose(
      `${left.left.text} ${left.operator} (${left.right.text} ${pair.operator} ${pair.right.text})`,
    );
  }
  if (pair.left.kind === 'parenthesized_expression' || pair.right.kind === 'parenthesized_expression') {
    const strip = (text: string) => text.replace(/^\((.*)\)$/s, '$1');
    yield propose(`${strip(pair.left.text)} ${pair.operator} ${strip(pair.right.text)}`);
  }
}

/** Bounds of Python slices: dropped, moved by one, taken from names. */
function* slices(site: Site): Iterable<Proposal> {
  const { node } = site;
  const slice = node.kind === 'subscript' ? childOf(node, 'subscript') : null;
  if (slice === null) return;
  const value = childOf(node, 'value');
  if (value === null) return;
  const propose = (text: string, bits: number): Proposal => ({
    template: 'slice',
    bits,
    edits: [replace(slice, text)],
    reason: `replace [${short(slice.text)}] by [${short(text)}]`,
  });
  if (slice.kind !== 'slice') {
    const plain = slice.text;
    for (const text of [`${plain}:`, `:${plain}`, `:${plain} + 1`, `${plain} + 1:`]) yield propose(text, 7);
    for (const [text, bits] of [
      ['0', 5],
      ['-1', 5],
      ['1', 6],
      [`-${plain}`, 6],
    ] as const)
      yield propose(text, bits);
    return;
  }
  const bounds = slice.text.split(':');
  for (let i = 0; i < bounds.length; i += 1) {
    const bound = (bounds[i] ?? '').trim();
    const options =
      bound === '' ? ['1', '-1', '0', ...namesAt(site).slice(0, 6)] : ['', `${bound} + 1`, `${bound} - 1`];
    for (const option of options) {
      yield propose(
        bounds.map((one, index) => (index === i ? option : one)).join(':'),
        bound === '' ? 6 : 4.5,
      );
    }
  }
  if (bounds.length === 2) {
    yield propose(`${slice.text}:-1`, 7);
    yield propose(`${bounds[1]}:${bounds[0]}`, 7);
  }
}

/** Elements of a literal list: one left out. */
function* collections(site: Site): Iterable<Proposal> {
  const { node } = site;
  if (!/^(?:array|list|tuple|set)$/.test(node.kind)) return;
  const items = node.children.filter((child) => child.named && child.kind !== 'comment');
  if (items.length < 2 || items.length > 20) return;
  const open = node.text[0] ?? '[';
  const close = node.text.at(-1) ?? ']';
  const swapped = [items[1], items[0], ...items.slice(2)].map((one) => one?.text ?? '').join(', ');
  yield {
    template: 'collection',
    bits: 6,
    edits: [replace(node, open + swapped + close)],
    reason: `swap items of ${short(node.text)}`,
  };
  for (const left of items) {
    const text =
      open +
      items
        .filter((one) => one !== left)
        .map((one) => one.text)
        .join(', ') +
      close;
    yield {
      template: 'collection',
      bits: 6,
      edits: [replace(node, text)],
      reason: `leave ${short(left.text)} out`,
    };
  }
}

const MAX_DONORS = 40;

/** Another expression of the same function in place of this one. */
function* donors(site: Site): Iterable<Proposal> {
  const { node, scope, grammar } = site;
  if (node.field === 'function' || isTarget(node) || node.kind === 'parenthesized_expression') return;
  if (!grammar.expressions.has(node.kind)) return;
  const seen = new Set([node.text]);
  for (const donor of scope.expressions) {
    if (donor.kind === 'identifier' || grammar.numbers.has(donor.kind) || grammar.strings.has(donor.kind))
      continue;
    if (donor.field === 'function' || donor.text.length > 60 || seen.has(donor.text)) continue;
    if (donor.start <= node.start && donor.end >= node.end) continue;
    seen.add(donor.text);
    if (seen.size > MAX_DONORS) return;
    const alike = donor.kind === node.kind ? 0 : 2;
    const text = operand(donor);
    yield {
      template: 'donor-expression',
      bits: 7 + alike,
      edits: [replace(node, text)],
      reason: `use ${short(donor.text)} in place of ${short(node.text)}`,
    };
  }
}
