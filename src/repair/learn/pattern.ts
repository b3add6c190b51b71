// Two versions of a place to texts with metavariables: what both share becomes `$A`, what differs stays in words.
import type { SyntaxNode } from '#code/syntax.ts';
import type { Grammar } from '../grammar/types.ts';
import { isGlobalName } from './globals.ts';

export interface PatternTexts {
  readonly before: string;
  readonly after: string;
  /** Tokens of `before` that say something: operators, literals, names of members and functions. */
  readonly strong: number;
  /** All tokens of `after` that say something stand in `before` as well, and there are fewer. */
  readonly removes: boolean;
}

export type PatternAnswer =
  | { readonly ok: true; readonly texts: PatternTexts }
  | { readonly ok: false; readonly reason: string };

const LETTERS = 'ABCDEFGH';
const LITERALS =
  /^(?:number|integer|float|true|false|null|none|undefined|this|super|string_fragment|string_start|string_end|string_content|regex.*|escape_sequence)$/;
const WEAK = /^(?:[()[\]{},;:.]|=|const|let|var|return|await|new|in|of|=>|["'`])$/;
const BLOCK = 'statement_block';
const SUBSCRIPT = /^subscript/;
const MAX_OPENED = 3;

/**
 * The texts for one pair of nodes. Subtrees that stand in both become metavariables, the same one wherever they stand;
 * so do names of variables. Kept in words: operators, numbers, names of members and of called functions.
 */
export function patternOf(before: SyntaxNode, after: readonly SyntaxNode[], grammar: Grammar): PatternAnswer {
  // A name that only `after` uses by itself may stand inside a part that was taken as a whole: then that is opened.
  const opened = new Set<string>();
  for (;;) {
    const writer = new Writer(grammar, fingerprintsOf(after), opened);
    const old = writer.write(before, 'before');
    const now = after.map((node) => writer.write(node, 'after')).join('\n');
    const { missing } = writer;
    if (missing !== null && opened.size < MAX_OPENED && !opened.has(missing)) {
      opened.add(missing);
      continue;
    }
    if (writer.trouble !== null) return { ok: false, reason: writer.trouble };
    if (missing !== null) {
      return { ok: false, reason: `it needs ${missing.slice(0, 40)}, which another place does not have` };
    }
    const { strong } = writer;
    const texts = { before: old, after: now, strong: strong.before.length, removes: removes(strong) };
    return { ok: true, texts };
  }
}

function removes(strong: Readonly<Record<Side, readonly string[]>>): boolean {
  const lost = [...strong.before];
  const isNew = strong.after.some((token) => {
    const at = lost.indexOf(token);
    if (at >= 0) lost.splice(at, 1);
    return at < 0;
  });
  return !isNew && strong.after.length < strong.before.length;
}

function fingerprint(node: SyntaxNode): string {
  return `${node.kind} ${node.text.replace(/\s+/g, ' ')}`;
}

function fingerprintsOf(nodes: readonly SyntaxNode[]): Set<string> {
  const found = new Set<string>();
  const visit = (node: SyntaxNode): void => {
    if (node.named) found.add(fingerprint(node));
    for (const child of node.children) visit(child);
  };
  for (const node of nodes) visit(node);
  return found;
}

function namesOneOf(node: SyntaxNode, names: ReadonlySet<string>): boolean {
  if (names.size === 0) return false;
  return names.has(node.text) || node.children.some((child) => namesOneOf(child, names));
}

type Side = 'before' | 'after';

class Writer {
  trouble: string | null = null;
  /** A variable that `after` names and `before` does not offer. */
  missing: string | null = null;
  readonly strong: Readonly<Record<Side, string[]>> = { before: [], after: [] };
  private readonly grammar: Grammar;
  private readonly shared: ReadonlySet<string>;
  private readonly opened: ReadonlySet<string>;
  private readonly names = new Map<string, string>();
  private readonly kept = new Set<string>();

  constructor(grammar: Grammar, shared: ReadonlySet<string>, opened: ReadonlySet<string>) {
    this.grammar = grammar;
    this.shared = shared;
    this.opened = opened;
  }

  write(root: SyntaxNode, side: Side): string {
    const { text, start } = root;
    const emit = (node: SyntaxNode): string => {
      // A part that the parser made up.
      if (node.named && node.text === '') this.trouble ??= 'the file cannot be read';
      const name = this.nameFor(node, side, node === root);
      if (name !== null) return name;
      if (node.children.length === 0) return this.word(node, side);
      let result = '';
      let at = node.start;
      for (const child of node.children) {
        if (child.kind === 'comment') this.trouble ??= 'a comment stands inside';
        result += text.slice(at - start, child.start - start).replace(/\s+/g, ' ') + emit(child);
        at = child.end;
      }
      return result + text.slice(at - start, node.end - start).replace(/\s+/g, ' ');
    };
    return emit(root);
  }

  /** The metavariable for a node; null when the node stays in words. */
  private nameFor(node: SyntaxNode, side: Side, isRoot: boolean): string | null {
    const print = fingerprint(node);
    const known = this.names.get(print);
    if (side === 'after') return known ?? null;
    if (isRoot || !this.mayVary(node)) return null;
    const isName = node.kind === 'identifier';
    if (known !== undefined) return known;
    if (!isName && (!this.shared.has(print) || namesOneOf(node, this.opened))) return null;
    return this.give(node, print);
  }

  private mayVary(node: SyntaxNode): boolean {
    if (node.kind === BLOCK) return node.children.length > 2;
    if (node.kind === 'shorthand_property_identifier' || LITERALS.test(node.kind)) return false;
    if (!this.grammar.expressions.has(node.kind)) return false;
    if (node.field === 'function' || node.field === 'constructor') return false;
    if (/^(?:attribute|property|key)$/.test(node.field ?? '')) return false;
    if (node.parent?.kind === 'keyword_argument' && node.field === 'name') return false;
    return !(node.kind === 'identifier' && isGlobalName(this.grammar.family, node.text));
  }

  private give(node: SyntaxNode, print: string): string {
    const letter = LETTERS[this.names.size];
    if (letter === undefined) {
      this.trouble ??= 'it has too many parts that vary';
      return '$Z';
    }
    // A block's metavariable stands for all that is between the braces.
    const name = node.kind === BLOCK ? `{ $$$${letter} }` : `$${letter}`;
    this.names.set(print, name);
    return name;
  }

  private word(node: SyntaxNode, side: Side): string {
    const { text } = node;
    // Text of the repository must never be read as a metavariable (`$` for JavaScript, `µ` inside Python patterns).
    if (text !== '${' && /[$\u00B5\u{10000}-\u{10FFFF}\u{E000}]/u.test(text))
      this.trouble ??= 'a name looks like a metavariable';
    if (text.includes('\n')) this.trouble ??= 'a text spans lines';
    const isIndex = text === '[' && SUBSCRIPT.test(node.parent?.kind ?? '');
    if (isIndex || !WEAK.test(text)) this.strong[side].push(text);
    if (side === 'before') this.kept.add(text);
    else if (node.kind === 'identifier' && !this.travels(node)) {
      this.missing ??= text;
    }
    return text;
  }

  private travels(node: SyntaxNode): boolean {
    if (this.kept.has(node.text) || node.field === 'attribute' || node.field === 'property') return true;
    if (node.parent?.kind === 'keyword_argument' && node.field === 'name') return true;
    return isGlobalName(this.grammar.family, node.text);
  }
}
