// Where a program counts its turns, so that an endless one ends soon: one place for each loop and function, by language.
import type { SyntaxNode } from '#code/syntax.ts';

const TICK = '__cambiumTick()';
/** In a class, Python gives another name to what begins with two underscores and does not end with them. */
const PYTHON_TICK = '__cambiumTick__()';

/** A text to insert. */
export interface GuardPlace {
  readonly at: number;
  readonly text: string;
}

export interface LoopGuards {
  /** The guard of a node; null when it needs none or has no place for one. */
  placeOf(node: SyntaxNode): GuardPlace | null;
  /** New text with its loops guarded: those that an edit brings along must end too. */
  guarded(text: string): string;
}

export const javascriptGuards: LoopGuards = {
  placeOf: javascriptGuard,
  guarded: (text) =>
    // Most edits bring none, and looking closer takes longer than all else that is done with them.
    text.includes('while (') || text.includes('for (')
      ? text.replace(/\bwhile \((?!\))/g, `while (${TICK},`).replace(/(\bfor \([^{}\n]*\) \{)/g, `$1${TICK};`)
      : text,
};

export const pythonGuards: LoopGuards = {
  placeOf: pythonGuard,
  guarded: (text) => text.replace(/^(\s*while\b)[ \t]*(?=\S)/gm, `$1 ${PYTHON_TICK} and `),
};

/** For languages whose warm process ends what takes too long by the processor's clock. */
export const noGuards: LoopGuards = { placeOf: () => null, guarded: (text) => text };

function javascriptGuard(node: SyntaxNode): GuardPlace | null {
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
function pythonGuard(node: SyntaxNode): GuardPlace | null {
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
function beforeValue(node: SyntaxNode, field: string): GuardPlace | null {
  const value = node.children.find((child) => child.field === field);
  if (value === undefined || /named_expression|conditional_expression|lambda|list_splat/.test(value.kind))
    return null;
  // A bracket may follow the keyword at once.
  return { at: value.start, text: ` ${PYTHON_TICK} and ` };
}
