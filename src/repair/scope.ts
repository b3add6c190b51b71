// What a function offers to its own repair: its expressions and statements, the names visible at a place, its conditions.
import type { SyntaxNode } from '#code/syntax.ts';
import type { Grammar } from './grammar/types.ts';
import { type Kinds, kindsOf } from './kinds.ts';
import { createSurroundings, type Surroundings } from './surroundings.ts';

export interface Declaration {
  readonly name: string;
  readonly start: number;
  /** The node inside which the name is visible. */
  readonly within: SyntaxNode;
}

/** An outermost function, a method, or the code of a module outside all functions. */
export interface Scope {
  readonly file: string;
  readonly source: string;
  readonly node: SyntaxNode;
  readonly name: string;
  readonly expressions: readonly SyntaxNode[];
  readonly statements: readonly SyntaxNode[];
  readonly declarations: readonly Declaration[];
  readonly parameters: readonly string[];
  /** Texts of conditions and comparisons, each once. */
  readonly conditions: readonly string[];
  readonly strings: readonly string[];
  /** Property names used in the file, most frequent first. */
  readonly properties: readonly string[];
  /** Names of the module's functions and imports. */
  readonly moduleNames: readonly string[];
  /** Kinds of values of the names, as far as annotations and first values tell. */
  readonly kinds: Kinds;
  /** What the rest of the file offers; gathered when first asked for. */
  readonly around: () => Surroundings;
  /** Kept from one place of the scope to the next: what is the same for all of them. */
  readonly pools: Pools;
}

export interface Pools {
  /** Calls that can be put round an expression: the text before and after it, the names they need, their bits. */
  helperForms: readonly HelperForm[] | null;
  /** Comparisons of the scope with another operator, and their bits. */
  variants: readonly (readonly [text: string, bits: number])[] | null;
}

export interface HelperForm {
  readonly callee: string;
  readonly after: string;
  readonly names: readonly string[];
  readonly bits: number;
}

const MAX_POOL = 40;

/** All scopes of a file, in source order; the module's own code last. */
export function scopesOf(file: string, root: SyntaxNode, grammar: Grammar): Scope[] {
  const roots: SyntaxNode[] = [];
  collectRoots(root, grammar, roots);
  const shared = {
    file,
    // The tree begins at the first token; places count from the beginning of the file.
    source: '\n'.repeat(root.start) + root.text,
    properties: frequent(propertiesOf(root, grammar)),
    moduleNames: unique(
      declarationsOf(root, grammar, false)
        .filter((one) => one.within === root)
        .map((one) => one.name),
    ),
    around: createSurroundings(root, grammar),
  };
  const found = roots.map((node) => scopeOf(node, grammar, { ...shared, own: false }));
  const top = scopeOf(root, grammar, { ...shared, own: true });
  return top.statements.length + top.expressions.length > 0 ? [...found, top] : found;
}

interface Shared {
  readonly file: string;
  readonly source: string;
  readonly properties: readonly string[];
  readonly moduleNames: readonly string[];
  readonly around: () => Surroundings;
  /** Only the code outside functions. */
  readonly own: boolean;
}

function scopeOf(node: SyntaxNode, grammar: Grammar, shared: Shared): Scope {
  const { own, ...common } = shared;
  const expressions: SyntaxNode[] = [];
  const statements: SyntaxNode[] = [];
  const visit = (at: SyntaxNode) => {
    if (grammar.skip.has(at.kind) || isDocstring(at)) return;
    if (own && grammar.functions.has(at.kind)) return;
    if (grammar.statements.has(at.kind)) statements.push(at);
    if (isExpression(at, grammar)) expressions.push(at);
    for (const child of at.children) visit(child);
  };
  visit(node);
  const isCondition = (one: SyntaxNode) =>
    (one.field === 'condition' && one.named) || grammar.swaps.comparison[operatorText(one)] !== undefined;
  return {
    ...common,
    node,
    name: nameOf(node),
    expressions,
    statements,
    declarations: declarationsOf(node, grammar, true),
    parameters: parametersOf(node),
    kinds: kindsOf(node, grammar),
    pools: { helperForms: null, variants: null },
    conditions: unique(expressions.filter(isCondition).map((one) => bare(one.text))).slice(0, MAX_POOL),
    strings: unique(expressions.filter((one) => grammar.strings.has(one.kind)).map((one) => one.text)).slice(
      0,
      MAX_POOL,
    ),
  };
}

/** Drops one pair of brackets round the whole text. */
export function bare(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i += 1) {
    if (text[i] === '(') depth += 1;
    if (text[i] === ')') depth -= 1;
    if (depth === 0) return text;
  }
  return text.slice(1, -1);
}

/** Names that can be used at `place`, nearest declaration first. */
export function visibleAt(scope: Scope, place: SyntaxNode): string[] {
  const usable = scope.declarations.filter(
    (one) =>
      // The element of a comprehension stands before the loop that names what it is made of.
      (one.start < place.start || /comprehension|generator_expression/.test(one.within.kind)) &&
      one.within.start <= place.start &&
      one.within.end >= place.end,
  );
  return unique([...usable].sort((a, b) => b.start - a.start).map((one) => one.name));
}

export function isExpression(node: SyntaxNode, grammar: Grammar): boolean {
  if (!grammar.expressions.has(node.kind)) return false;
  const parent = node.parent;
  if (parent === null) return false;
  if (grammar.functions.has(parent.kind)) return node.field === 'body';
  if (grammar.classes.has(parent.kind)) return false;
  if (/parameters|pattern|dotted_name|labeled|with_item|except/.test(parent.kind)) return false;
  if (node.field === 'name' || node.field === 'attribute' || node.field === 'key') return false;
  if (node.field === 'property' || node.field === 'parameter') return false;
  // Targets of assignments and of loops are places, not values.
  if (node.field === 'left' && isTargetHolder(parent))
    return node.kind !== 'identifier' && node.kind !== 'tuple';
  return true;
}

function isTargetHolder(parent: SyntaxNode): boolean {
  return /assignment|for_statement|for_in/.test(parent.kind);
}

function isDocstring(node: SyntaxNode): boolean {
  const only = node.children[0];
  return node.kind === 'expression_statement' && node.children.length === 1 && only?.kind === 'string';
}

export function operatorText(node: SyntaxNode): string {
  const [left, operator, right] = node.children;
  return left?.named && right?.named && operator && !operator.named ? operator.text : '';
}

function collectRoots(node: SyntaxNode, grammar: Grammar, into: SyntaxNode[]): void {
  for (const child of node.children) {
    if (grammar.functions.has(child.kind)) into.push(child);
    else collectRoots(child, grammar, into);
  }
}

function declarationsOf(root: SyntaxNode, grammar: Grammar, deep: boolean): Declaration[] {
  const found: Declaration[] = [];
  const add = (pattern: SyntaxNode, within: SyntaxNode) => {
    if (pattern.kind === 'identifier' || pattern.kind === 'shorthand_property_identifier_pattern') {
      found.push({ name: pattern.text, start: pattern.start, within });
    } else if (
      !/^(?:attribute|subscript|member_expression|subscript_expression|type.*)$/.test(pattern.kind)
    ) {
      for (const child of pattern.children)
        if (child.field !== 'value' && child.field !== 'right') add(child, within);
    }
  };
  const visit = (node: SyntaxNode, block: SyntaxNode) => {
    const isFunction = grammar.functions.has(node.kind);
    if (isFunction || grammar.classes.has(node.kind) || grammar.closures.has(node.kind)) {
      for (const child of node.children) {
        if (child.field === 'name' && node !== root) add(child, block);
        if (child.field === 'parameters' || child.field === 'parameter') add(child, node);
      }
    }
    if (!deep && isFunction) return;
    const declares =
      /^(?:variable_declarator|assignment|named_expression|for_in_clause|import_specifier)$/.test(node.kind);
    const loop = node.kind === 'for_in_statement' || (node.kind === 'for_statement' && !grammar.blockScoped);
    for (const child of node.children) {
      if ((declares || loop) && (child.field === 'left' || child.field === 'name')) {
        add(child, loop && grammar.blockScoped ? node : block);
      }
      if (/^(?:import_clause|import_from_statement|import_statement)$/.test(node.kind)) add(child, block);
      visit(child, blockFor(child, node, { block, grammar }));
    }
  };
  visit(root, root);
  return found;
}

function blockFor(
  child: SyntaxNode,
  node: SyntaxNode,
  at: { block: SyntaxNode; grammar: Grammar },
): SyntaxNode {
  if (at.grammar.functions.has(node.kind)) return node;
  if (/comprehension|generator_expression/.test(node.kind)) return node;
  if (at.grammar.closures.has(node.kind)) return node;
  if (!at.grammar.blockScoped) return at.block;
  // `let` and `const` end with their block; the head of a loop belongs to the loop.
  if (child.kind === 'statement_block' || node.kind === 'for_statement') {
    return child.kind === 'statement_block' ? child : node;
  }
  return at.block;
}

function parametersOf(node: SyntaxNode): string[] {
  const names: string[] = [];
  const visit = (at: SyntaxNode) => {
    if (at.kind === 'identifier') names.push(at.text);
    for (const child of at.children) {
      if (!/value|right|type/.test(child.field ?? '') && !/type/.test(child.kind)) visit(child);
    }
  };
  for (const child of node.children)
    if (child.field === 'parameters' || child.field === 'parameter') visit(child);
  return names.filter((name) => name !== 'self' && name !== 'cls');
}

function propertiesOf(root: SyntaxNode, grammar: Grammar): string[] {
  const names: string[] = [];
  const visit = (node: SyntaxNode) => {
    if (grammar.members.has(node.kind)) {
      const property = node.children.at(-1);
      if (property !== undefined) names.push(property.text);
    }
    for (const child of node.children) visit(child);
  };
  visit(root);
  return names;
}

function nameOf(node: SyntaxNode): string {
  const own = node.children.find((child) => child.field === 'name');
  if (own !== undefined) return own.text;
  const holder = node.parent?.children.find((child) => child.field === 'name' || child.field === 'left');
  return holder?.text.slice(0, 60) ?? (node.parent === null ? 'the module' : 'a function');
}

export function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}

function frequent(items: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([item]) => item);
}
