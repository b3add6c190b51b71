// Which calls assert, and how to make each of them fail for certain while the code under test still runs.
import type { SyntaxNode } from '#code/syntax.ts';

/** Replace `[start, end)` of the text. */
export interface Turn {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface TurnWords {
  readonly word: string;
  readonly number: number;
  /** Whether values need a cast so that a type checker in the runner lets them through. */
  readonly typed: boolean;
  /** What the file calls the parts of an assertion library: `a` for `assert` (see `assertNames`). */
  readonly names: ReadonlyMap<string, string>;
}

const IDENTIFIER = String.raw`[A-Za-z_$][\w$]*`;
const FROM = String.raw`\s*(?:from|=\s*require\s*\(|=\s*await\s+import\s*\()\s*`;
const ASSERT = String.raw`(?:node:)?assert(?:\/strict)?`;
const BOUND_WHOLE = new RegExp(
  String.raw`\b(?:const|let|var|import)\s+(?:\*\s*as\s+)?(${IDENTIFIER})${FROM}['"]${ASSERT}['"]`,
  'g',
);
const BOUND_PARTS = new RegExp(
  String.raw`\b(?:const|let|var|import)\s+(?:${IDENTIFIER}\s*,\s*)?\{([^{}]{1,1000})\}${FROM}['"](?:${ASSERT}|chai)['"]`,
  'g',
);
const PART = new RegExp(String.raw`(${IDENTIFIER})\s*(?:\bas\b|:)\s*(${IDENTIFIER})`, 'g');

/** Other names under which a file imports assertions, with the name that the shapes below know. */
export function assertNames(text: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [, name] of text.matchAll(BOUND_WHOLE)) if (name) names.set(name, 'assert');
  for (const [, parts = ''] of text.matchAll(BOUND_PARTS)) {
    for (const [, part, name] of parts.matchAll(PART))
      if (part && name) names.set(name, /^(strict|default)$/.test(part) ? 'assert' : part);
  }
  return names;
}

const TRUTHY =
  /^(t\.)?(assert(\.strict)?(\.ok|\.isTrue|\.isOk|\.isFalse|\.true|\.false)?|ok|console\.assert)$/;
const EQUAL =
  /^(t\.)?(assert\.)?(strict\.)?(equal|equals|strictEqual|deepEqual|deepStrictEqual|partialDeepStrictEqual|strictDeepEqual|is|same|eql)$/;
const THROWS = /^(t\.)?(assert\.)?(strict\.)?(throws|rejects)$/;
const MATCH = /^(t\.)?assert\.(strict\.)?match$/;
const MATCHERS_WITH_VALUE =
  /^(toBe|toEqual|toStrictEqual|toBeCloseTo|toHaveLength|toContain|toContainEqual|toMatchObject|toBeInstanceOf|equal|equals|eq|eql|eqls|toHaveProperty)$/;
const MATCHERS_TRUTH = /^(toBeTruthy|toBeFalsy|toBeTrue|toBeFalse)$/;
const MATCHERS_ACTUAL =
  /^(toBeNull|toBeUndefined|toBeNaN|toMatch|toThrow\w*|toMatchSnapshot|toMatchInlineSnapshot|toBeGreaterThan\w*|toBeLessThan\w*)$/;

/** The turn of a JavaScript or TypeScript call; null when it is no assertion that we know. */
export function turnCall(node: SyntaxNode, words: TurnWords): Turn[] | null {
  const callee = node.children.find((child) => child.field === 'function');
  const values = argumentsOf(node);
  if (callee === undefined || values === null) return null;
  const name = callee.text.replace(/\s+/g, '').replace(/^[\w$]+/, (first) => words.names.get(first) ?? first);
  const [first, second] = values;
  if (first !== undefined && TRUTHY.test(name)) return [around(first, '!(', ')')];
  if (first !== undefined && second !== undefined && EQUAL.test(name))
    return [swap(second, otherValue(second, words))];
  if (first !== undefined && THROWS.test(name))
    return [swap(first, 'async () => {}')].map((turn) =>
      name.endsWith('throws') ? { ...turn, text: '() => {}' } : turn,
    );
  if (second !== undefined && MATCH.test(name)) return [swap(second, '/(?!)/')];
  return turnMatcher(callee, first, words);
}

function turnMatcher(callee: SyntaxNode, first: SyntaxNode | undefined, words: TurnWords): Turn[] | null {
  const property = callee.children.find((child) => child.field === 'property')?.text ?? '';
  const chain = callee.children.find((child) => child.field === 'object');
  if (chain === undefined || /\.\s*not\b|\.\s*(any|include|includes|contain|contains)\b/.test(chain.text))
    return null;
  if (MATCHERS_WITH_VALUE.test(property)) {
    if (first === undefined) return null;
    if (property === 'toBeInstanceOf') return [swap(first, `(class ${words.word} {})`)];
    return [swap(first, property === 'toHaveProperty' ? `'${words.word}'` : otherValue(first, words))];
  }
  const actual = expectArgument(chain);
  if (actual === null) return null;
  if (MATCHERS_TRUTH.test(property)) return [around(actual, '!(', ')')];
  if (!MATCHERS_ACTUAL.test(property)) return null;
  if (property.startsWith('toThrow')) {
    return [swap(actual, /\.\s*(rejects|resolves)\b/.test(chain.text) ? 'Promise.resolve()' : '() => {}')];
  }
  return [around(actual, '((', `), '${words.word}'${words.typed ? ' as never' : ''})`)];
}

/** The argument of the `expect(…)` that a chain of members starts with. */
function expectArgument(chain: SyntaxNode): SyntaxNode | null {
  let node: SyntaxNode | undefined = chain;
  while (node !== undefined && node.kind === 'member_expression') {
    node = node.children.find((child) => child.field === 'object');
  }
  if (node?.kind !== 'call_expression') return null;
  const callee = node.children.find((child) => child.field === 'function');
  return callee?.text === 'expect' ? (argumentsOf(node)?.[0] ?? null) : null;
}

const SELF_EQUAL =
  /^self\.assert(Equals?|AlmostEquals?|ListEqual|DictEqual|SetEqual|TupleEqual|CountEqual|SequenceEqual|MultiLineEqual|Is|In)$/;
const NUMERIC_EQUAL =
  /(^|\.)assert_(equal|array_equal|array_almost_equal|almost_equal|allclose|frame_equal|series_equal)$/;
const SELF_TRUTH = /^self\.assert(True|False)$/;
const RAISES = /^(pytest\.raises|raises|self\.assertRaises(Regex)?)$/;

/** The turn of a Python statement or call; null when it is no assertion that we know. */
export function turnPython(node: SyntaxNode, words: TurnWords): Turn[] | null {
  if (node.kind === 'assert_statement') {
    const condition = node.children.find((child) => child.named && child.kind !== 'comment');
    if (condition === undefined) return null;
    return turnComparison(condition, words) ?? [around(condition, 'not (', ')')];
  }
  if (node.kind !== 'call') return null;
  const name = node.children.find((child) => child.field === 'function')?.text ?? '';
  const [first, second] = argumentsOf(node) ?? [];
  if (first === undefined) return null;
  if (SELF_TRUTH.test(name)) return [around(first, 'not (', ')')];
  if (RAISES.test(name)) return [swap(first, `type("${words.word}", (Exception,), {})`)];
  if (second === undefined || !(SELF_EQUAL.test(name) || NUMERIC_EQUAL.test(name))) return null;
  return [swap(second, name.endsWith('In') ? '[]' : otherValue(second, words))];
}

/**
 * `a == b` is turned by another value and not by `not`: a value that claims to equal everything would make the
 * negation fail as an honest one does. The side without a call is what is expected.
 */
function turnComparison(condition: SyntaxNode, words: TurnWords): Turn[] | null {
  if (condition.kind !== 'comparison_operator') return null;
  const [left, operator, right, ...more] = condition.children.filter((child) => child.kind !== 'comment');
  if (left === undefined || right === undefined || operator?.text !== '==' || more.length > 0) return null;
  const expected = right.text.includes('(') && !left.text.includes('(') ? left : right;
  return [swap(expected, otherValue(expected, words))];
}

/** Arguments of a call; null when they cannot be told apart by position. */
function argumentsOf(node: SyntaxNode): SyntaxNode[] | null {
  const list = node.children.find((child) => child.field === 'arguments');
  if (list === undefined) return null;
  const values = list.children.filter((child) => child.named && child.kind !== 'comment');
  return values.some((value) => /^(spread_element|list_splat|dictionary_splat)$/.test(value.kind))
    ? null
    : values;
}

/** A value of the same kind that the code under test does not yield: what is compared stays comparable. */
function otherValue(node: SyntaxNode, words: TurnWords): string {
  const cast = (text: string): string => (words.typed ? `(${text} as never)` : text);
  if (/^-?[\d_.]+(e[+-]?\d+)?$/i.test(node.text)) return cast(String(words.number));
  if (node.kind === 'true') return cast('false');
  if (node.kind === 'false') return cast('true');
  if (node.text === 'True') return 'False';
  if (node.text === 'False') return 'True';
  if (node.kind === 'array' || node.kind === 'list') return cast(`["${words.word}"]`);
  if (node.kind === 'object' || node.kind === 'dictionary') return cast(`({ "${words.word}": 1 })`);
  return cast(`"${words.word}"`);
}

function swap(node: SyntaxNode, text: string): Turn {
  return { start: node.start, end: node.end, text };
}

function around(node: SyntaxNode, before: string, after: string): Turn {
  return { start: node.start, end: node.end, text: `${before}${node.text}${after}` };
}
