// Small questions to a syntax tree that both outlines ask: lines, walks, and code without its layout.
import { sha256 } from '#foundation/digest.ts';
import type { SyntaxNode } from '../syntax.ts';

const LAYOUT = new Set([';', "'", '"', 'newline', 'indent', 'dedent', 'automatic_semicolon']);
const CLOSING = new Set([')', ']', '}']);

/** Line numbers, from 1, by offset. */
export function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Visits a tree from the top; a visitor that returns false keeps its node's children out. */
export function visit(node: SyntaxNode, visitor: (node: SyntaxNode) => boolean): void {
  if (!visitor(node)) return;
  for (const child of node.children) visit(child, visitor);
}

export function fieldOf(node: SyntaxNode, field: string): SyntaxNode | undefined {
  return node.children.find((child) => child.field === field);
}

/** Replaces the part of a tree that an outline describes elsewhere: null leaves it out, nodes stand in for it. */
export type Rewrite = (node: SyntaxNode) => readonly SyntaxNode[] | undefined;

/**
 * The structure of a tree and its tokens, without comments, layout, kinds of quotes and trailing commas. The
 * structure has to be part of it: in Python the tokens alone do not say which block a statement is in.
 */
function shapeOf(nodes: readonly SyntaxNode[], rewrite?: Rewrite): string {
  const parts: string[] = [];
  for (const node of nodes) appendShape(node, parts, rewrite);
  return parts.join(' ');
}

export function shapeDigest(nodes: readonly SyntaxNode[], rewrite?: Rewrite): string {
  return sha256(shapeOf(nodes, rewrite));
}

function appendShape(node: SyntaxNode, parts: string[], rewrite: Rewrite | undefined): void {
  const instead = rewrite?.(node);
  if (instead) {
    for (const other of instead) appendShape(other, parts, rewrite);
    return;
  }
  if (node.kind === 'comment' || LAYOUT.has(node.kind) || isTrailingComma(node)) return;
  if (node.children.length === 0) {
    if (node.text !== '') parts.push(node.text);
    return;
  }
  const before = parts.length;
  parts.push(`(${node.kind}`);
  for (const child of node.children) appendShape(child, parts, rewrite);
  if (parts.length === before + 1 && node.kind === 'expression_statement') parts.pop();
  else parts.push(')');
}

function isTrailingComma(node: SyntaxNode): boolean {
  if (node.kind !== ',' || !node.parent) return false;
  const siblings = node.parent.children;
  const next = siblings[siblings.indexOf(node) + 1];
  return next !== undefined && CLOSING.has(next.kind);
}

/** True when something between `node` and `top` decides whether it is reached. */
export function isConditional(node: SyntaxNode, top: SyntaxNode): boolean {
  for (let at = node.parent; at !== null && at !== top; at = at.parent) {
    if (
      /^(if_statement|elif_clause|else_clause|ternary_expression|conditional_expression|switch_case|try_statement|except_clause|catch_clause|while_statement|boolean_operator)$/.test(
        at.kind,
      )
    )
      return true;
    if (at.kind === 'binary_expression' && /&&|\|\|/.test(fieldOf(at, 'operator')?.text ?? '')) return true;
  }
  return false;
}
