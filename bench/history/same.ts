// Whether two texts of a file are the same program: equal syntax trees, whatever the layout, quotes and comments.
import { parseSync } from 'oxc-parser';

const POSITIONS = new Set(['start', 'end', 'range', 'loc', 'raw']);

/** False also when either cannot be parsed. */
export function sameProgram(path: string, left: string, right: string): boolean {
  if (left === right) return true;
  const trees = [left, right].map((text) => {
    const parsed = parseSync(path, text);
    return parsed.errors.length > 0 ? null : JSON.stringify(parsed.program, plain);
  });
  return trees[0] !== null && trees[0] === trees[1];
}

function plain(key: string, value: unknown): unknown {
  if (POSITIONS.has(key)) return undefined;
  if (typeof value === 'bigint') return String(value);
  const node = value as { type?: string; expression?: unknown } | null;
  // Parentheses have nodes of their own for this parser.
  return node?.type === 'ParenthesizedExpression' ? node.expression : value;
}
