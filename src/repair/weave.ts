// Weaves counters into source text: guards that stop endless loops, and probes that tell which statements ran.
import type { SyntaxNode } from '#code/syntax.ts';
import { applyEdits, type Edit } from './edits.ts';
import type { Grammar } from './grammar/types.ts';

export interface Woven {
  readonly text: string;
  /** Insertions as edits of the original text, in order of place. */
  readonly insertions: readonly Edit[];
}

/**
 * Source with a tick in every loop and function. Each guard is one insertion that is whole by itself,
 * so that an edit may delete code with a guard in it, or keep a guard beside new code.
 */
export function weaveGuards(source: string, root: SyntaxNode, grammar: Grammar): Woven {
  const insertions: Edit[] = [];
  const visit = (node: SyntaxNode) => {
    const place = grammar.guards.placeOf(node);
    if (place !== null) insertions.push({ start: place.at, end: place.at, text: place.text });
    for (const child of node.children) visit(child);
  };
  visit(root);
  insertions.sort((a, b) => a.start - b.start);
  const distinct = insertions.filter((one, index) => one.start !== insertions[index - 1]?.start);
  return { text: applyEdits(source, distinct), insertions: distinct };
}

/** The same edits with offsets into the woven text. What is inserted at the edges of an edit stays. */
export function intoWoven(edits: readonly Edit[], insertions: readonly Edit[]): Edit[] {
  return edits.map((edit) => {
    let before = 0;
    let upToEnd = 0;
    for (const insertion of insertions) {
      if (insertion.start > edit.end) break;
      if (insertion.start <= edit.start) before += insertion.text.length;
      if (insertion.start < edit.end || insertion.start <= edit.start) upToEnd += insertion.text.length;
    }
    return { start: edit.start + before, end: edit.end + upToEnd, text: edit.text };
  });
}

export interface Probed {
  readonly text: string;
  /** By probe number: the node that ran. */
  readonly nodes: readonly SyntaxNode[];
}

/** Source that calls `__cambiumProbe(n)` before every statement and in every branch of an expression (JavaScript). */
export function weaveProbes(source: string, root: SyntaxNode, grammar: Grammar, firstNumber: number): Probed {
  const nodes: SyntaxNode[] = [];
  const edits: Edit[] = [];
  const probe = (node: SyntaxNode) => {
    nodes.push(node);
    return `__cambiumProbe(${firstNumber + nodes.length - 1})`;
  };
  const visit = (node: SyntaxNode) => {
    if (grammar.skip.has(node.kind)) return;
    const parent = node.parent;
    const inList = parent !== null && grammar.blocks.has(parent.kind) && node.field !== 'value';
    const isDirective = node.kind === 'expression_statement' && node.children[0]?.kind === 'string';
    if (grammar.statements.has(node.kind) && inList && !isDirective) {
      edits.push({ start: node.start, end: node.start, text: `${probe(node)};` });
    } else if (grammar.statements.has(node.kind) && isBareBody(node)) {
      edits.push({ start: node.start, end: node.start, text: `{${probe(node)};` });
      edits.push({ start: node.end, end: node.end, text: '}' });
    } else if (isBranch(node, grammar)) {
      edits.push({ start: node.start, end: node.start, text: `(${probe(node)},` });
      edits.push({ start: node.end, end: node.end, text: ')' });
    }
    for (const child of node.children) visit(child);
  };
  visit(root);
  return { text: insertAll(source, edits), nodes };
}

/** A body without braces; a declaration cannot stand there, so braces change nothing. */
function isBareBody(node: SyntaxNode): boolean {
  const parent = node.parent;
  if (parent === null) return false;
  if (parent.kind === 'else_clause') return node.kind !== 'if_statement';
  return (
    /^(?:if_statement|while_statement|for_statement|for_in_statement)$/.test(parent.kind) &&
    /body|consequence/.test(node.field ?? '')
  );
}

function isBranch(node: SyntaxNode, grammar: Grammar): boolean {
  const parent = node.parent;
  if (parent === null || !node.named) return false;
  if (grammar.ternaries.has(parent.kind)) return node.field === 'consequence' || node.field === 'alternative';
  return (
    parent.kind === 'arrow_function' &&
    node.field === 'body' &&
    grammar.expressions.has(node.kind) &&
    node.kind !== 'object'
  );
}

/** Insertions only; at one place, what closes comes before what opens, in the order given otherwise. */
function insertAll(source: string, edits: readonly Edit[]): string {
  const rank = (edit: Edit) => (edit.text === ')' || edit.text === '}' ? 0 : 1);
  const ordered = edits
    .map((edit, index) => ({ edit, index }))
    .sort((a, b) => a.edit.start - b.edit.start || rank(a.edit) - rank(b.edit) || a.index - b.index);
  let result = '';
  let at = 0;
  for (const { edit } of ordered) {
    result += source.slice(at, edit.start) + edit.text;
    at = edit.start;
  }
  return result + source.slice(at);
}
