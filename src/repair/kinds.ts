// What kind of value a node is likely to give, from literals, operators, well-known members and type annotations.
import type { SyntaxNode } from '#code/syntax.ts';
import type { Grammar } from './grammar/types.ts';

export type Kind = 'number' | 'string' | 'boolean' | 'list' | 'function' | 'object';

/** Kinds of names by their annotation or first value; a name that has two is left out. */
export type Kinds = ReadonlyMap<string, Kind | null>;

const BY_NODE: Readonly<Record<string, Kind>> = {
  number: 'number',
  integer: 'number',
  float: 'number',
  string: 'string',
  template_string: 'string',
  true: 'boolean',
  false: 'boolean',
  not_operator: 'boolean',
  comparison_operator: 'boolean',
  array: 'list',
  list: 'list',
  list_comprehension: 'list',
  object: 'object',
  dictionary: 'object',
  regex: 'object',
  arrow_function: 'function',
  function_expression: 'function',
  lambda: 'function',
};
const BY_TYPE: readonly (readonly [RegExp, Kind])[] = [
  [/^(?:number|int|float)$/, 'number'],
  [/^(?:string|str)$/, 'string'],
  [/^(?:boolean|bool)$/, 'boolean'],
  [/^(?:readonly )?[\w.]+\[\]$|^(?:Readonly)?Array<|^[Ll]ist\b/, 'list'],
];
const BY_METHOD: readonly (readonly [RegExp, Kind])[] = [
  [/^(?:indexOf|lastIndexOf|findIndex|charCodeAt|codePointAt|getTime|count|index)$/, 'number'],
  [/^(?:slice|concat|at)$/, 'string'],
  [
    /^(?:trim|trimStart|trimEnd|toLowerCase|toUpperCase|replace|replaceAll|join|charAt|padStart|padEnd|repeat|toString|toFixed|substring|substr|strip|lower|upper)$/,
    'string',
  ],
  [
    /^(?:includes|startsWith|endsWith|has|some|every|test|isArray|isNaN|isInteger|isFinite|hasOwn)$/,
    'boolean',
  ],
  [/^(?:map|filter|split|keys|values|entries|flat|flatMap|sort|reverse|from)$/, 'list'],
  [/^(?:abs|ceil|floor|round|max|min|pow|sqrt|trunc|parseInt|parseFloat|Number|len|int|ord)$/, 'number'],
  [/^(?:String|str|chr|stringify)$/, 'string'],
  [/^(?:sorted|list)$/, 'list'],
  [/^(?:Boolean|bool|isinstance)$/, 'boolean'],
];

export function kindsOf(root: SyntaxNode, grammar: Grammar): Kinds {
  const kinds = new Map<string, Kind | null>();
  const note = (name: string, kind: Kind | null) => {
    kinds.set(name, kinds.has(name) && kinds.get(name) !== kind ? null : kind);
  };
  const visit = (node: SyntaxNode) => {
    const name = node.children.find(
      (child) => child.field === 'pattern' || child.field === 'name' || child.field === 'left',
    );
    const type = node.children.find((child) => child.kind === 'type_annotation' || child.field === 'type');
    const value = node.children.find((child) => child.field === 'value' || child.field === 'right');
    if (name?.kind === 'identifier' && !grammar.functions.has(node.kind)) {
      const annotated = type === undefined ? null : kindOfType(type.text.replace(/^:\s*/, ''));
      if (type !== undefined) note(name.text, annotated);
      else if (/declarator|^assignment|parameter/.test(node.kind) && value !== undefined)
        note(name.text, kindOf(value, NO_KINDS));
    }
    for (const child of node.children) visit(child);
  };
  visit(root);
  return kinds;
}

const NO_KINDS: Kinds = new Map();

function kindOfType(type: string): Kind | null {
  return BY_TYPE.find(([pattern]) => pattern.test(type))?.[1] ?? null;
}

/** Null when nothing is known. */
export function kindOf(node: SyntaxNode, kinds: Kinds): Kind | null {
  if (Object.hasOwn(BY_NODE, node.kind)) return BY_NODE[node.kind] ?? null;
  if (node.kind === 'identifier') return kinds.get(node.text) ?? null;
  if (node.kind === 'parenthesized_expression') {
    const inner = node.children.find((child) => child.named);
    return inner === undefined ? null : kindOf(inner, kinds);
  }
  if (node.kind === 'member_expression') return /\.(?:length|size)$/.test(node.text) ? 'number' : null;
  if (node.kind === 'unary_expression')
    return node.text.startsWith('!') ? 'boolean' : /^[-+~]/.test(node.text) ? 'number' : null;
  if (node.kind === 'binary_expression' || node.kind === 'binary_operator') return kindOfBinary(node, kinds);
  if (node.kind === 'call_expression' || node.kind === 'call') {
    const callee = node.children[0];
    const name = callee?.kind === 'identifier' ? callee.text : callee?.children.at(-1)?.text;
    const kind = BY_METHOD.find(([pattern]) => pattern.test(name ?? ''))?.[1] ?? null;
    // Lists and strings share these methods.
    return /^(?:slice|concat|at|reverse|index|count)$/.test(name ?? '') ? null : kind;
  }
  return null;
}

function kindOfBinary(node: SyntaxNode, kinds: Kinds): Kind | null {
  const [left, operator, right] = node.children;
  const sign = operator?.text ?? '';
  if (/^(?:[<>]=?|[!=]==?|in|instanceof)$/.test(sign)) return 'boolean';
  if (/^(?:[-*/%]|\*\*|<<|>>>?)$/.test(sign) && node.kind === 'binary_expression') return 'number';
  if (sign !== '+' || left === undefined || right === undefined) return null;
  const both = [kindOf(left, kinds), kindOf(right, kinds)];
  if (both.includes('string')) return 'string';
  return both.every((kind) => kind === 'number') ? 'number' : null;
}

const OF_STRINGS =
  /^(?:trim\w*|to(?:Lower|Upper)Case|replace(?:All)?|split|(?:starts|ends)With|char(?:At|CodeAt)|pad(?:Start|End)|repeat|substr(?:ing)?|match(?:All)?|normalize|strip|lower|upper|startswith|endswith)$/;
const OF_LISTS =
  /^(?:filter|map|flat|flatMap|join|reduce|forEach|some|every|find|findIndex|push|pop|shift|sort|reverse|append)$/;

/** What a value must be to have the method; null when several kinds have it, or it is not known. */
export function receiverKindOf(method: string): Kind | null {
  if (OF_STRINGS.test(method)) return 'string';
  return OF_LISTS.test(method) ? 'list' : method === 'toFixed' ? 'number' : null;
}

const NEEDS: readonly (readonly [RegExp, readonly Kind[]])[] = [
  [/^Math\.|^-\$|^\$ \*\*|\| 0|^\$ (?:\?\?|\|\|) 0$|^Math|^\$ \+ 0|^abs|^round|^int\(/, ['number']],
  [
    /^\$\.(?:to(?:Lower|Upper)Case|trim|split|lower|upper|strip)|^(?:en|de)code|^JSON\.parse|^parseInt|^Number\(/,
    ['string'],
  ],
  [/^\$\.(?:join|sort|reverse|flat|filter)|^Promise\.all|^sorted\(/, ['list']],
  [/^\$\.length|^\[\.\.\.|^\$\.(?:slice|at)|^\$\[|^Array\.from|^len\(/, ['list', 'string']],
  [/^Object\.|^\{ \.\.\./, ['object', 'list']],
  [/^await /, ['object', 'function']],
];

/** Whether a pattern can make sense for a value of the kind; unknown kinds take all. */
export function fitsPattern(pattern: string, kind: Kind | null): boolean {
  if (kind === null) return true;
  const needs = NEEDS.find(([form]) => form.test(pattern))?.[1];
  return needs === undefined || needs.includes(kind);
}
