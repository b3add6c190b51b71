// Source text to a plain syntax tree: ast-grep's parsers for every language we read, walked once into immutable nodes.
import { createRequire } from 'node:module';
import type * as AstGrep from '@ast-grep/napi';
import type { Lang, SgNode } from '@ast-grep/napi';

export const SYNTAX_LANGUAGES = ['javascript', 'typescript', 'tsx', 'python'] as const;
export type SyntaxLanguage = (typeof SYNTAX_LANGUAGES)[number];

/** A node of the tree; anonymous ones (operators, brackets) are among the children. Offsets are UTF-16. */
export interface SyntaxNode {
  readonly kind: string;
  readonly named: boolean;
  readonly start: number;
  readonly end: number;
  /** Name of the grammar field by which the parent holds this node, where it has one that we use. */
  readonly field: string | null;
  readonly children: readonly SyntaxNode[];
  readonly parent: SyntaxNode | null;
  readonly text: string;
}

export interface SyntaxTree {
  readonly root: SyntaxNode;
  /** True when the parser had to skip or to invent something. */
  readonly hasError: boolean;
}

/** Fields worth keeping, by node kind; asking for every field of every node would double the time of a walk. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  array_pattern: [],
  arrow_function: ['parameter', 'parameters', 'body'],
  assignment: ['left', 'right', 'type'],
  assignment_expression: ['left', 'right'],
  assignment_pattern: ['left', 'right'],
  attribute: ['object', 'attribute'],
  augmented_assignment: ['left', 'operator', 'right'],
  augmented_assignment_expression: ['left', 'operator', 'right'],
  binary_expression: ['left', 'operator', 'right'],
  binary_operator: ['left', 'operator', 'right'],
  boolean_operator: ['left', 'operator', 'right'],
  call: ['function', 'arguments'],
  call_expression: ['function', 'arguments'],
  catch_clause: ['parameter', 'body'],
  class_declaration: ['name', 'body'],
  class: ['name', 'body'],
  class_definition: ['name', 'body'],
  default_parameter: ['name', 'value'],
  dictionary_comprehension: ['body'],
  do_statement: ['body', 'condition'],
  elif_clause: ['condition', 'consequence'],
  else_clause: ['body'],
  field_definition: ['property', 'value'],
  for_in_clause: ['left', 'right'],
  for_in_statement: ['left', 'operator', 'right', 'body'],
  for_statement: ['initializer', 'condition', 'increment', 'left', 'right', 'body', 'alternative'],
  function_declaration: ['name', 'parameters', 'body'],
  function_definition: ['name', 'parameters', 'body'],
  function_expression: ['name', 'parameters', 'body'],
  generator_expression: ['body'],
  generator_function: ['name', 'parameters', 'body'],
  generator_function_declaration: ['name', 'parameters', 'body'],
  if_statement: ['condition', 'consequence', 'alternative'],
  keyword_argument: ['name', 'value'],
  lambda: ['parameters', 'body'],
  list_comprehension: ['body'],
  member_expression: ['object', 'property'],
  method_definition: ['name', 'parameters', 'body'],
  named_expression: ['name', 'value'],
  new_expression: ['constructor', 'arguments'],
  not_operator: ['argument'],
  object_assignment_pattern: ['left', 'right'],
  optional_parameter: ['pattern', 'value'],
  pair: ['key', 'value'],
  public_field_definition: ['name', 'value'],
  required_parameter: ['pattern', 'value'],
  set_comprehension: ['body'],
  subscript: ['value', 'subscript'],
  subscript_expression: ['object', 'index'],
  switch_case: ['value', 'body'],
  ternary_expression: ['condition', 'consequence', 'alternative'],
  try_statement: ['body', 'handler', 'finalizer'],
  typed_default_parameter: ['name', 'value'],
  unary_expression: ['operator', 'argument'],
  unary_operator: ['operator', 'argument'],
  update_expression: ['operator', 'argument'],
  variable_declarator: ['name', 'value'],
  while_statement: ['condition', 'body'],
  with_statement: ['body'],
};

/** Half of all nodes have no children: they share one list. */
const NONE: readonly never[] = Object.freeze([]);

interface Place {
  readonly kind: string;
  readonly parent: PlainNode | null;
  readonly field: string | null;
}

class PlainNode implements SyntaxNode {
  readonly kind: string;
  readonly named: boolean;
  readonly start: number;
  readonly end: number;
  readonly field: string | null;
  readonly parent: SyntaxNode | null;
  children: readonly PlainNode[] = NONE;
  readonly #source: string;

  constructor(source: string, node: SgNode, place: Place) {
    const range = node.range();
    this.#source = source;
    this.kind = place.kind;
    this.named = node.isNamed();
    this.start = range.start.index;
    this.end = range.end.index;
    this.field = place.field;
    this.parent = place.parent;
  }

  get text(): string {
    return this.#source.slice(this.start, this.end);
  }
}

type Grammar = typeof AstGrep;

/** Reads source text. Loading the parsers takes about 12 ms and happens at the first `parse`. */
export interface SyntaxReader {
  parse(language: SyntaxLanguage, text: string): SyntaxTree;
}

/** A reader with its own lazily loaded parsers; one for each process is enough. */
export function createSyntaxReader(): SyntaxReader {
  let grammar: Grammar | null = null;
  const kinds = new Map<string, string>();
  return {
    parse: (language, text) => {
      grammar ??= loadGrammar();
      const state: Walk = { source: text, kinds, hasError: false };
      const root = walk(state, grammar.parse(napiName(language), text).root() as SgNode, null, null);
      return { root, hasError: state.hasError };
    },
  };
}

/** One-off parse; see `createSyntaxReader` for many. */
export function parseSource(language: SyntaxLanguage, text: string): SyntaxTree {
  return createSyntaxReader().parse(language, text);
}

/** The language of a source file by its name; null when we do not read it. */
export function languageOfFile(path: string): SyntaxLanguage | null {
  if (/\.d\.[cm]?ts$/.test(path)) return null;
  if (/\.(?:js|mjs|cjs|jsx)$/.test(path)) return 'javascript';
  if (/\.(?:ts|mts|cts)$/.test(path)) return 'typescript';
  if (/\.tsx$/.test(path)) return 'tsx';
  return /\.py$/.test(path) ? 'python' : null;
}

function napiName(language: SyntaxLanguage): Lang {
  const names = { javascript: 'JavaScript', typescript: 'TypeScript', tsx: 'Tsx', python: 'python' } as const;
  // Registered languages are plain strings for the parser, though its type lists the built-in ones only.
  return names[language] as Lang;
}

/**
 * The native module keeps one process-wide registry and panics when a name is registered twice,
 * so the registration is remembered on the module object itself and not in a variable of ours.
 */
export function loadGrammar(): Grammar {
  const require = createRequire(import.meta.url);
  const grammar = require('@ast-grep/napi') as Grammar & { [REGISTERED]?: boolean };
  if (grammar[REGISTERED] !== true) {
    grammar.registerDynamicLanguage({ python: require('@ast-grep/lang-python') });
    grammar[REGISTERED] = true;
  }
  return grammar;
}

const REGISTERED = Symbol.for('cambium.syntax.registered');

interface Walk {
  readonly source: string;
  /** One copy of each name of a kind: the parser makes a new string for every node. */
  readonly kinds: Map<string, string>;
  hasError: boolean;
}

function walk(state: Walk, node: SgNode, parent: PlainNode | null, field: string | null): PlainNode {
  const kind = oneCopy(state.kinds, String(node.kind()));
  const plain = new PlainNode(state.source, node, { kind, parent, field });
  // Zero width: a token that the parser invented to go on. (Python's empty blocks and JS's empty program are named.)
  const invented = plain.start === plain.end && !plain.named && kind !== '' && parent !== null;
  if (kind === 'ERROR' || (invented && !isLayout(kind))) state.hasError = true;
  const children = node.children();
  if (children.length === 0) return plain;
  const fields = fieldsByStart(node, kind);
  plain.children = children.map((child) =>
    walk(state, child, plain, fields === null ? null : (fields.get(child.id()) ?? null)),
  );
  return plain;
}

function oneCopy(known: Map<string, string>, text: string): string {
  const found = known.get(text);
  if (found !== undefined) return found;
  known.set(text, text);
  return text;
}

/** Tokens without width that are no mistakes: automatic semicolons and Python's line structure. */
function isLayout(kind: string): boolean {
  return kind === ';' || kind.startsWith('_') || kind === 'newline' || kind === 'indent' || kind === 'dedent';
}

function fieldsByStart(node: SgNode, kind: string): Map<number, string> | null {
  const names = FIELDS[kind];
  if (names === undefined) return null;
  const found = new Map<number, string>();
  for (const name of names) {
    const child = node.field(name);
    if (child !== null) found.set(child.id(), name);
  }
  return found;
}
