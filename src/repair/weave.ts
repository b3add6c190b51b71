// Weaves counters into source text: guards that stop endless loops, and probes that tell which statements ran.
import type { SyntaxNode } from '#code/syntax.ts';
import { applyEdits, type Edit } from './edits.ts';
import type { Grammar } from './grammar/types.ts';

const TICK = '__cambiumTick()';
/** In a class, Python gives another name to what begins with two underscores and does not end with them. */
const PYTHON_TICK = '__cambiumTick__()';

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
    const place = grammar.family === 'python' ? pythonGuard(node) : javascriptGuard(node);
    if (place !== null) insertions.push({ start: place.at, end: place.at, text: place.text });
    for (const child of node.children) visit(child);
  };
  visit(root);
  insertions.sort((a, b) => a.start - b.start);
  const distinct = insertions.filter((one, index) => one.start !== insertions[index - 1]?.start);
  return { text: applyEdits(source, distinct), insertions: distinct };
}

interface Place {
  readonly at: number;
  readonly text: string;
}

function javascriptGuard(node: SyntaxNode): Place | null {
  const body = node.children.find((child) => child.field === 'body');
  if (/^(?:while_statement|do_statement)$/.test(node.kind)) {
    const condition = node.children.find((child) => child.field === 'condition');
    const inner = condition?.children.find((child) => child.named);
    return inner === undefined ? null : { at: inner.start, text: `${TICK},` };
  }
  if (node.kind === 'for_statement' || node.kind === 'for_in_statement') {
    if (body?.kind === 'statement_block') return { at: body.start + 1, text: `${TICK};` };
    const condition = node.children.find((child) => child.field === 'condition' && child.named);
    const inner = condition?.kind === 'expression_statement' ? condition.children[0] : condition;
    return inner === undefined || !inner.named || inner.kind === 'empty_statement'
      ? null
      : { at: inner.start, text: `${TICK},` };
  }
  const isFunction = /^(?:function_declaration|function_expression|arrow_function|method_definition)$/.test(
    node.kind,
  );
  if (!isFunction || body?.kind !== 'statement_block') return null;
  const first = body.children.find((child) => child.named && child.kind !== 'comment');
  // A directive must stay the first statement.
  if (first?.kind === 'expression_statement' && first.children[0]?.kind === 'string') return null;
  return { at: body.start + 1, text: `${TICK};` };
}

/** Lines must stay where they are: a guard shares the line of a condition, or of a function's first statement. */
function pythonGuard(node: SyntaxNode): Place | null {
  if (node.kind === 'while_statement') return beforeValue(node, 'condition');
  if (node.kind !== 'function_definition') return null;
  const body = node.children.find((child) => child.field === 'body');
  const statements = (body?.children ?? []).filter((child) => child.named && child.kind !== 'comment');
  const first = statements.find((one) => one.children[0]?.kind !== 'string');
  if (first === undefined) return null;
  if (first.kind === 'if_statement') return beforeValue(first, 'condition');
  if (first.kind === 'for_statement') return beforeValue(first, 'right');
  return /^(?:expression_statement|return_statement|assert_statement|raise_statement)$/.test(first.kind)
    ? { at: first.start, text: `${PYTHON_TICK};` }
    : null;
}

/** The guard gives true, so that `and` leaves the value as it was. */
function beforeValue(node: SyntaxNode, field: string): Place | null {
  const value = node.children.find((child) => child.field === field);
  if (value === undefined || /named_expression|conditional_expression|lambda|list_splat/.test(value.kind))
    return null;
  // A bracket may follow the keyword at once.
  return { at: value.start, text: ` ${PYTHON_TICK} and ` };
}

/** Loops that an edit brings along must end too. */
export function guardedLoops(text: string, family: Grammar['family']): string {
  if (family === 'python') return text.replace(/^(\s*while\b)[ \t]*(?=\S)/gm, `$1 ${PYTHON_TICK} and `);
  return text
    .replace(/\bwhile \((?!\))/g, `while (${TICK},`)
    .replace(/(\bfor \([^{}\n]*\) \{)/g, `$1${TICK};`);
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
