// Source text to a plain syntax tree: ast-grep's parsers for every language we read, walked once into immutable nodes.
import { createRequire } from 'node:module';
import type * as AstGrep from '@ast-grep/napi';
import type { Lang, SgNode } from '@ast-grep/napi';
import type { LanguageFamily } from '#contracts/project.ts';
import { type Dialect, SYNTAX_LANGUAGES, SYNTAXES, type SyntaxName } from './dialects.ts';

export type SyntaxLanguage = SyntaxName;

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
      const { dialect } = SYNTAXES[language];
      const state: Walk = { source: text, kinds, dialect, hasError: false };
      const root = walk(state, grammar.parse(parserName(language), text).root() as SgNode, null, null);
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
  return SYNTAX_LANGUAGES.find((language) => SYNTAXES[language].files.test(path)) ?? null;
}

/** Every way in which files of a family are read. */
export function syntaxesOf(family: LanguageFamily): SyntaxLanguage[] {
  return SYNTAX_LANGUAGES.filter((language) => SYNTAXES[language].family === family);
}

/** Registered languages are plain strings for the parser, though its type lists the built-in ones only. */
export function parserName(language: SyntaxLanguage): Lang {
  return SYNTAXES[language].parser as Lang;
}

/**
 * The native module keeps one process-wide registry and panics when a name is registered twice,
 * so the registration is remembered on the module object itself and not in a variable of ours.
 */
export function loadGrammar(): Grammar {
  const require = createRequire(import.meta.url);
  const grammar = require('@ast-grep/napi') as Grammar & { [REGISTERED]?: boolean };
  if (grammar[REGISTERED] !== true) {
    const added: Parameters<Grammar['registerDynamicLanguage']>[0] = {};
    for (const { parser, grammar: load } of Object.values(SYNTAXES))
      if (load !== null) added[parser] = load(require) as (typeof added)[string];
    grammar.registerDynamicLanguage(added);
    grammar[REGISTERED] = true;
  }
  return grammar;
}

const REGISTERED = Symbol.for('cambium.syntax.registered');

interface Walk {
  readonly source: string;
  /** One copy of each name of a kind: the parser makes a new string for every node. */
  readonly kinds: Map<string, string>;
  readonly dialect: Dialect;
  hasError: boolean;
}

function walk(state: Walk, node: SgNode, parent: PlainNode | null, field: string | null): PlainNode {
  const raw = oneCopy(state.kinds, String(node.kind()));
  const kind = node.isNamed() ? (state.dialect.kinds?.[raw] ?? raw) : raw;
  const { bare } = state.dialect;
  const alone = bare !== undefined && parent !== null && bare.inside.has(parent.kind) && bare.kinds.has(kind);
  if (alone && field === null) {
    const statement = new PlainNode(state.source, node, { kind: 'expression_statement', parent, field });
    statement.children = [walk(state, node, statement, null)];
    return statement;
  }
  const plain = new PlainNode(state.source, node, { kind, parent, field });
  // Zero width: a token that the parser invented to go on. (Python's empty blocks and JS's empty program are named.)
  const invented = plain.start === plain.end && !plain.named && kind !== '' && parent !== null;
  if (kind === 'ERROR' || (invented && !isLayout(kind))) state.hasError = true;
  const children = node.children();
  if (children.length === 0) return plain;
  const fields = fieldsByStart(node, state.dialect.fields[raw]);
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

function fieldsByStart(
  node: SgNode,
  names: Dialect['fields'][string] | undefined,
): Map<number, string> | null {
  if (names === undefined) return null;
  const found = new Map<number, string>();
  for (const name of names) {
    const [theirs, ours] = typeof name === 'string' ? [name, name] : name;
    const child = node.field(theirs);
    if (child !== null) found.set(child.id(), ours);
  }
  return found;
}
