// Which lines of a source hold something that runs, and where a run can be ended when it comes there.
import { languageOfFile, parseSource, type SyntaxNode } from '#code/syntax.ts';

/** A place that runs: the start of a statement, or of an arrow function's expression. */
export interface Place {
  /** From 1. */
  readonly line: number;
  /** UTF-16 offsets. */
  readonly start: number;
  readonly end: number;
  /** How code can be put before it; null where the grammar leaves no room. */
  readonly room: 'statement' | 'expression' | 'line' | null;
}

const JS_STATEMENTS = new Set([
  'expression_statement',
  'lexical_declaration',
  'variable_declaration',
  'return_statement',
  'if_statement',
  'for_statement',
  'for_in_statement',
  'while_statement',
  'do_statement',
  'switch_statement',
  'throw_statement',
  'break_statement',
  'continue_statement',
]);
const PY_STATEMENTS = new Set([
  'expression_statement',
  'return_statement',
  'if_statement',
  'for_statement',
  'while_statement',
  'with_statement',
  'match_statement',
  'raise_statement',
  'assert_statement',
  'delete_statement',
  'break_statement',
  'continue_statement',
]);
const JS_ROOMS = new Set(['statement_block', 'program', 'switch_case', 'switch_default']);
const PY_ROOMS = new Set(['block', 'module']);

/** Places that run, in the order of the source; null when the language is not read or the source does not parse. */
export function executablePlaces(path: string, text: string): Place[] | null {
  const language = languageOfFile(path);
  if (language === null) return null;
  const { root, hasError } = parseSource(language, text);
  if (hasError) return null;
  const starts = lineStarts(text);
  const places: Place[] = [];
  const visit = (node: SyntaxNode): void => {
    const room = language === 'python' ? pythonRoom(node, text) : javascriptRoom(node);
    if (room !== undefined) {
      places.push({ line: lineOf(starts, node.start), start: node.start, end: node.end, room });
    }
    for (const child of node.children) visit(child);
  };
  visit(root);
  return places;
}

function javascriptRoom(node: SyntaxNode): Place['room'] | undefined {
  const { parent } = node;
  if (parent?.kind === 'arrow_function' && node.field === 'body' && node.kind !== 'statement_block') {
    return 'expression';
  }
  if (!JS_STATEMENTS.has(node.kind)) return undefined;
  if (node.kind === 'expression_statement' && node.children[0]?.kind === 'string') return undefined;
  if (parent?.kind === 'for_statement' || parent?.kind === 'ambient_declaration') return undefined;
  return parent !== null && JS_ROOMS.has(parent.kind) ? 'statement' : null;
}

function pythonRoom(node: SyntaxNode, text: string): Place['room'] | undefined {
  if (!PY_STATEMENTS.has(node.kind)) return undefined;
  if (node.kind === 'expression_statement' && node.children[0]?.kind === 'string') return undefined;
  const before = text.slice(text.lastIndexOf('\n', node.start - 1) + 1, node.start);
  const alone = node.parent !== null && PY_ROOMS.has(node.parent.kind) && before.trim() === '';
  return alone ? 'line' : null;
}

/** The source with its run ended at the place: nothing that catches errors can hold that up. */
export function endingAt(text: string, place: Place, path: string): string {
  const { start, end, room } = place;
  if (room === 'line') {
    const from = text.lastIndexOf('\n', start - 1) + 1;
    const indent = text.slice(from, start);
    const kill = "__import__('os').kill(__import__('os').getpid(), 9)";
    return `${text.slice(0, from)}${indent}${kill}\n${text.slice(from)}`;
  }
  // In TypeScript the name may be unknown to a checker that runs with the tests.
  const here = /\.[cm]?tsx?$/.test(path) ? '(globalThis as any).process' : 'globalThis.process';
  const kill = `${here}.kill(${here}.pid, 'SIGKILL')`;
  if (room === 'expression')
    return `${text.slice(0, start)}(${kill}, ${text.slice(start, end)})${text.slice(end)}`;
  return `${text.slice(0, start)}${kill};${text.slice(start)}`;
}

/** Offset at which each line begins. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}
