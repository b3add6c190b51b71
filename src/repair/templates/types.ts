// A template proposes small edits for one node; the parts that all templates share.
import type { SyntaxNode } from '#code/syntax.ts';
import type { Edit } from '../edits.ts';
import type { Grammar, Swap } from '../grammar/types.ts';
import { type Kinds, kindOf } from '../kinds.ts';
import type { Scope } from '../scope.ts';

export interface Proposal {
  readonly template: string;
  /** −log2 of how likely this kind of change is, before suspicion. */
  readonly bits: number;
  readonly edits: readonly Edit[];
  /** What is done, without the place: `replace < by <=`. */
  readonly reason: string;
  /** Said of a new result that takes the place of one that nothing was computed for. */
  readonly nothingLost?: boolean;
}

export interface Site {
  readonly node: SyntaxNode;
  readonly scope: Scope;
  readonly grammar: Grammar;
  /** String literals of the failing tests. */
  readonly testStrings: readonly string[];
  /** Kept from one template to the next: what several of them ask for. */
  readonly known: Known;
}

export interface Known {
  names: readonly string[] | null;
  conditions: readonly (readonly [text: string, bits: number])[] | null;
  inSight: ((names: readonly string[]) => boolean) | null;
}

export type Template = (site: Site) => Iterable<Proposal>;

export function replace(node: Pick<SyntaxNode, 'start' | 'end'>, text: string): Edit {
  return { start: node.start, end: node.end, text };
}

/** The table's entry for a text of the program, which may be called as something that every object has. */
export function entryOf(table: Readonly<Record<string, readonly Swap[]>>, key: string): readonly Swap[] {
  return Object.hasOwn(table, key) ? (table[key] ?? []) : [];
}

export function insert(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

export function short(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 40 ? `${line.slice(0, 37)}…` : line;
}

const ATOM =
  /^(?:identifier|number|integer|float|string|true|false|null|none|undefined|this|call_expression|call|member_expression|attribute|subscript|subscript_expression|parenthesized_expression|array|list|tuple|dictionary|list_comprehension|template_string|set)$/;

/** The node's text, in brackets where it would otherwise come apart inside a larger expression. */
export function operand(node: SyntaxNode): string {
  return ATOM.test(node.kind) ? node.text : `(${node.text})`;
}

/** Fills `$` (and `@`) of a pattern. */
export function fill(pattern: string, subject: string, other = ''): string {
  return pattern.replace(/[$@]/g, (mark) => (mark === '$' ? subject : other));
}

export interface Binary {
  readonly left: SyntaxNode;
  readonly right: SyntaxNode;
  readonly operator: string;
  /** The operator's own place, without the white space round it. */
  readonly start: number;
  readonly end: number;
}

/** Pairs of neighbouring operands; one, but for chained comparisons. */
export function binariesOf(node: SyntaxNode, grammar: Grammar): Binary[] {
  if (!grammar.binaries.has(node.kind)) return [];
  const operands = node.children.filter((child) => child.named && child.kind !== 'comment');
  const pairs: Binary[] = [];
  for (let i = 0; i + 1 < operands.length; i += 1) {
    const left = operands[i];
    const right = operands[i + 1];
    if (left === undefined || right === undefined) continue;
    const gap = node.text.slice(left.end - node.start, right.start - node.start);
    const operator = gap.trim().replace(/\s+/g, ' ');
    const start = left.end + gap.search(/\S/);
    pairs.push({ left, right, operator, start, end: start + gap.trim().length });
  }
  return pairs;
}

/** Whether the node is read from: `node.x`, `node[0]`. */
export function isReadFrom(node: SyntaxNode): boolean {
  return node.field === 'object' || (node.field === 'value' && node.parent?.kind === 'subscript');
}

/** Whether the node is assigned to, and not the left operand of an operator. */
export function isTarget(node: SyntaxNode): boolean {
  return node.field === 'left' && /assignment|for_|named_expression/.test(node.parent?.kind ?? '');
}

export function childOf(node: SyntaxNode, field: string): SyntaxNode | null {
  return node.children.find((child) => child.field === field) ?? null;
}

export function calleeOf(node: SyntaxNode): SyntaxNode | null {
  return childOf(node, 'function') ?? childOf(node, 'constructor');
}

export function argumentsOf(node: SyntaxNode): SyntaxNode[] {
  const list = childOf(node, 'arguments');
  return list === null ? [] : list.children.filter((child) => child.named && child.kind !== 'comment');
}

/** For leaving out what is falsy where a list of numbers is: zero goes as well. */
const ZERO_BITS = 3;

/** Bits for `filter(Boolean)` on what comes out of `map` with a function that computes a number; 0 for all else. */
export function zeroBits(node: SyntaxNode, kinds: Kinds): number {
  const callee = calleeOf(node);
  const [made] = argumentsOf(node);
  if (callee === null || made === undefined || !callee.text.endsWith('.map')) return 0;
  const body = childOf(made, 'body');
  return body !== null && kindOf(body, kinds) === 'number' ? ZERO_BITS : 0;
}

/** The condition of an `if`, loop or conditional expression. */
export function conditionOf(node: SyntaxNode, grammar: Grammar): SyntaxNode | null {
  if (!grammar.conditionals.has(node.kind)) return null;
  const own = childOf(node, 'condition');
  if (own !== null)
    return own.kind === 'parenthesized_expression' ? (own.children.find((c) => c.named) ?? own) : own;
  const named = node.children.filter((child) => child.named);
  if (node.kind === 'conditional_expression') return named[1] ?? null;
  return node.kind === 'if_clause' ? (named[0] ?? null) : null;
}

/** White space before the first character of the node's line; null when the node does not begin its line. */
export function indentOf(node: SyntaxNode, source: string): string | null {
  const lineStart = source.lastIndexOf('\n', node.start - 1) + 1;
  const before = source.slice(lineStart, node.start);
  return /^[ \t]*$/.test(before) ? before : null;
}

/** The list of statements that holds this one. */
export function siblingsOf(statement: SyntaxNode, grammar: Grammar): readonly SyntaxNode[] {
  const parent = statement.parent;
  if (parent === null || !grammar.blocks.has(parent.kind)) return [];
  return parent.children.filter((child) => child.named && child.kind !== 'comment');
}

export function reindent(text: string, from: string, to: string): string {
  return text
    .split('\n')
    .map((line, index) => (index === 0 || !line.startsWith(from) ? line : to + line.slice(from.length)))
    .join('\n');
}
