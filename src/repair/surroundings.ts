// What the rest of a file offers to a change: helpers that can be called, calls with their arguments, conditions, donors.
import type { SyntaxNode } from '#code/syntax.ts';
import type { Grammar } from './grammar/types.ts';

export interface Helper {
  readonly name: string;
  /** Parameters that it declares; null when it is imported. */
  readonly parameters: number | null;
}

export interface Donor {
  readonly text: string;
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  /** Names that must be in sight where it is used. */
  readonly names: readonly string[];
  /** Words of the text, for telling how alike two are. */
  readonly words: ReadonlySet<string>;
  /** What it stands in: the kind of the node round it and the callee or key there. */
  readonly place: string;
}

/** What is called on a value, from the dot on: `.trim()`. */
export interface Link {
  readonly text: string;
  readonly method: string;
  /** Names that must be in sight where it is used. */
  readonly names: readonly string[];
  readonly count: number;
}

export interface Surroundings {
  readonly helpers: readonly Helper[];
  /** Argument lists by the text of the callee, each list once. */
  readonly calls: ReadonlyMap<string, readonly string[]>;
  /** Conditions of the whole file with the names they use. */
  readonly conditions: readonly Donor[];
  /** Most frequent first. */
  readonly links: readonly Link[];
  /** Larger expressions of the whole file. */
  readonly expressions: readonly Donor[];
  readonly statements: readonly Donor[];
  /** Strings, most frequent first. */
  readonly strings: readonly string[];
  /** Names of constants that hold a regular expression. */
  readonly patterns: readonly string[];
}

const MAX_CHARS = 90;
const MAX_EACH = 600;
const MAX_STRINGS = 60;

/** Made when first asked for; a file of some thousand lines takes a few milliseconds. */
export function createSurroundings(root: SyntaxNode, grammar: Grammar): () => Surroundings {
  let made: Surroundings | null = null;
  return () => {
    made ??= surroundingsOf(root, grammar);
    return made;
  };
}

function surroundingsOf(root: SyntaxNode, grammar: Grammar): Surroundings {
  const helpers = new Map<string, Helper>();
  const calls = new Map<string, Set<string>>();
  const found = {
    conditions: new Map<string, Donor>(),
    expressions: new Map<string, Donor>(),
    statements: new Map<string, Donor>(),
  };
  const links = new Map<string, Link>();
  const strings = new Map<string, number>();
  const patterns: string[] = [];
  const keep = (into: Map<string, Donor>, node: SyntaxNode) => {
    if (node.end - node.start > MAX_CHARS || into.size >= MAX_EACH) return;
    const donor = donorOf(node, grammar);
    if (!into.has(`${donor.text}\0${donor.place}`)) into.set(`${donor.text}\0${donor.place}`, donor);
  };
  const visit = (node: SyntaxNode) => {
    if (/^(?:import_specifier|import_clause|aliased_import|dotted_name)$/.test(node.kind))
      addImport(node, helpers);
    if (grammar.skip.has(node.kind) && !/import/.test(node.kind)) return;
    addFunction(node, grammar, helpers);
    if (grammar.strings.has(node.kind)) strings.set(node.text, (strings.get(node.text) ?? 0) + 1);
    if (grammar.calls.has(node.kind)) {
      addCall(node, calls);
      addLink(node, grammar, links);
    }
    if (node.kind === 'variable_declarator' && field(node, 'value')?.kind === 'regex')
      patterns.push(field(node, 'name')?.text ?? '');
    if (isCondition(node, grammar)) keep(found.conditions, inner(node));
    if (grammar.statements.has(node.kind)) keep(found.statements, node);
    else if (grammar.expressions.has(node.kind) && isLarge(node)) keep(found.expressions, node);
    for (const child of node.children) visit(child);
  };
  visit(root);
  return {
    helpers: [...helpers.values()],
    calls: new Map([...calls].map(([name, lists]) => [name, [...lists]])),
    conditions: [...found.conditions.values()],
    links: [...links.values()].sort((a, b) => b.count - a.count),
    expressions: [...found.expressions.values()],
    statements: [...found.statements.values()],
    strings: [...strings]
      .sort((a, b) => b[1] - a[1])
      .map(([text]) => text)
      .slice(0, MAX_STRINGS),
    patterns,
  };
}

function field(node: SyntaxNode, name: string): SyntaxNode | undefined {
  return node.children.find((child) => child.field === name);
}

function addImport(node: SyntaxNode, helpers: Map<string, Helper>): void {
  const names = node.children.filter((child) => child.kind === 'identifier');
  const name = names.at(-1)?.text;
  if (name !== undefined && !helpers.has(name)) helpers.set(name, { name, parameters: null });
}

function addFunction(node: SyntaxNode, grammar: Grammar, helpers: Map<string, Helper>): void {
  const isDeclared = node.kind === 'variable_declarator';
  const made = isDeclared ? field(node, 'value') : node;
  if (made === undefined || !grammar.functions.has(made.kind) || made.kind === 'method_definition') return;
  const depth = depthOf(node, grammar);
  const name = field(node, 'name')?.text;
  if (name === undefined || depth > 0) return;
  const list = field(made, 'parameters') ?? field(made, 'parameter');
  const parameters =
    list?.kind === 'identifier'
      ? 1
      : (list?.children.filter((child) => child.named && child.kind !== 'comment').length ?? 0);
  helpers.set(name, { name, parameters });
}

/** Functions round a node: helpers of a file stand outside all others. */
function depthOf(node: SyntaxNode, grammar: Grammar): number {
  let depth = 0;
  for (let at = node.parent; at !== null; at = at.parent)
    if (grammar.functions.has(at.kind) || grammar.classes.has(at.kind)) depth += 1;
  return depth;
}

function addCall(node: SyntaxNode, calls: Map<string, Set<string>>): void {
  const callee = field(node, 'function') ?? field(node, 'constructor');
  const list = field(node, 'arguments');
  if (
    callee === undefined ||
    list === undefined ||
    callee.end - callee.start > 40 ||
    list.end - list.start > MAX_CHARS
  )
    return;
  const known = calls.get(callee.text) ?? new Set();
  if (known.size < 12) calls.set(callee.text, known.add(list.text));
}

const MAX_LINK_CHARS = 60;

function addLink(node: SyntaxNode, grammar: Grammar, links: Map<string, Link>): void {
  const callee = field(node, 'function');
  const list = field(node, 'arguments');
  if (callee === undefined || list === undefined || !grammar.members.has(callee.kind)) return;
  const method = callee.children.at(-1)?.text ?? '';
  const text = `.${method}${list.text}`;
  if (text.length > MAX_LINK_CHARS || text.includes('\n') || !list.text.startsWith('(')) return;
  const count = (links.get(text)?.count ?? 0) + 1;
  links.set(text, { text, method, names: freeNames(list, grammar), count });
}

/** A condition, a comparison, or something whose truth is asked: an operand of `&&`, `||`, `!`, `and`, `or`, `not`. */
function isCondition(node: SyntaxNode, grammar: Grammar): boolean {
  if (node.field === 'condition' && node.named) return true;
  const operator = node.children[1];
  if (grammar.binaries.has(node.kind) && operator !== undefined) {
    if (Object.hasOwn(grammar.swaps.comparison, operator.text)) return true;
  }
  const parent = node.parent;
  if (parent === null || !node.named || node.kind === 'identifier' || !grammar.expressions.has(node.kind))
    return false;
  const sign = parent.children[1]?.text ?? '';
  if (/^(?:binary_expression|boolean_operator)$/.test(parent.kind))
    return Object.hasOwn(grammar.swaps.logical, sign);
  return (
    parent.kind === 'not_operator' || (parent.kind === 'unary_expression' && parent.text.startsWith('!'))
  );
}

function inner(node: SyntaxNode): SyntaxNode {
  return node.kind === 'parenthesized_expression'
    ? (node.children.find((child) => child.named) ?? node)
    : node;
}

function isLarge(node: SyntaxNode): boolean {
  return node.children.length > 0 && node.kind !== 'parenthesized_expression';
}

function donorOf(node: SyntaxNode, grammar: Grammar): Donor {
  const parent = node.parent;
  const holder = parent?.kind === 'arguments' || parent?.kind === 'argument_list' ? parent.parent : parent;
  const marks = [
    field(holder ?? node, 'function'),
    field(holder ?? node, 'key'),
    field(holder ?? node, 'name'),
  ];
  const mark =
    holder === null || holder === undefined
      ? ''
      : (marks.find((one) => one !== undefined)?.text.slice(0, 40) ?? '');
  return {
    text: node.text,
    kind: node.kind,
    start: node.start,
    end: node.end,
    names: freeNames(node, grammar),
    words: new Set(node.text.match(/\w+/g) ?? []),
    place: `${holder?.kind ?? ''} ${mark}`,
  };
}

/** Names that a node uses and does not declare itself. */
export function freeNames(node: SyntaxNode, grammar: Grammar): string[] {
  const used = new Set<string>();
  const own = new Set<string>();
  const visit = (at: SyntaxNode) => {
    if (at.kind === 'identifier' || at.kind === 'shorthand_property_identifier') {
      const isName =
        at.field === 'attribute' ||
        at.field === 'key' ||
        at.field === 'property' ||
        (at.field === 'name' && at.parent?.kind === 'keyword_argument');
      const declares =
        at.parent !== null &&
        (at.field === 'name' ||
          /parameters$/.test(at.parent.kind) ||
          (at.field === 'parameter' && grammar.functions.has(at.parent.kind)));
      if (declares && !isName) own.add(at.text);
      else if (!isName) used.add(at.text);
    }
    for (const child of at.children) visit(child);
  };
  visit(node);
  return [...used].filter((name) => !own.has(name));
}
