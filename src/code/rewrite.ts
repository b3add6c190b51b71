// Running rewrites: an ast-grep pattern with metavariables, found in a source text, and what it would be replaced by.
import type { SgNode } from '@ast-grep/napi';
import { SYNTAXES } from './dialects.ts';
import { loadGrammar, parserName, type SyntaxLanguage } from './syntax.ts';

/** `before` is an ast-grep pattern for one node of `kind`; `after` is a text over the same metavariables. */
export interface RewriteRule {
  readonly kind: string;
  readonly before: string;
  readonly after: string;
}

/** A place where a rule matches; `[start, end)` are UTF-16 offsets. */
export interface RewriteMatch {
  readonly start: number;
  readonly end: number;
  /** What stands there afterwards; line breaks of the rule are indented as the place is. */
  readonly text: string;
  readonly parentKind: string;
}

/** A text and what the rule must make of it: the rule's own regression case. */
export interface RewriteCase {
  readonly before: string;
  readonly after: string;
}

const METAVARIABLE = /\$\$\$[A-Z][A-Z0-9]*|\$[A-Z][A-Z0-9]*/g;
const MAX_RULE_CHARS = 600;
const MAX_BOUND_CHARS = 20_000;

/** Names of the metavariables of a pattern, in order of appearance, each once; `$$$` ones with their marks. */
export function metavariablesOf(pattern: string): string[] {
  return [...new Set(pattern.match(METAVARIABLE) ?? [])];
}

/**
 * Where each rule matches, in source order, at most `maxEach` places a rule. A rule that cannot be read as a pattern of
 * this language matches nowhere: rules may come from outside.
 */
export function findRewrites(
  language: SyntaxLanguage,
  text: string,
  search: { readonly rules: readonly RewriteRule[]; readonly maxEach: number },
): RewriteMatch[][] {
  if (search.rules.length === 0) return [];
  const root = parse(language, text);
  return search.rules.map((rule) => {
    const found: RewriteMatch[] = [];
    for (const node of nodesOf(root, language, rule)) {
      const match = matchAt(language, text, { rule, node });
      if (match !== null) found.push(match);
      if (found.length >= search.maxEach) break;
    }
    return found;
  });
}

/** Whether the rule turns the whole of its case into what the case says, white space and semicolons aside. */
export function reproduces(language: SyntaxLanguage, rule: RewriteRule, proof: RewriteCase): boolean {
  const text = inContext(language, rule.kind, proof.before);
  const start = text.indexOf(proof.before);
  const [found = []] = findRewrites(language, text, { rules: [rule], maxEach: 200 });
  return found.some(
    (match) =>
      match.start === start &&
      sameTokens(text.slice(match.start, match.end), proof.before) &&
      sameTokens(match.text, proof.after),
  );
}

/** Equal but for white space and semicolons. */
export function sameTokens(a: string, b: string): boolean {
  return a.replace(/[\s;]+/g, '') === b.replace(/[\s;]+/g, '');
}

function parse(language: SyntaxLanguage, text: string): SgNode {
  return loadGrammar().parse(parserName(language), text).root() as SgNode;
}

/** An expression in brackets cannot be taken for a statement (`{a: 1}`); a statement stands by itself. */
function inContext(language: SyntaxLanguage, kind: string, text: string): string {
  const bare = SYNTAXES[language].dialect.braces !== true || /_(?:statement|declaration)$/.test(kind);
  return bare ? text : `(${text})`;
}

function nodesOf(root: SgNode, language: SyntaxLanguage, rule: RewriteRule): SgNode[] {
  if (rule.before.length > MAX_RULE_CHARS || rule.after.length > MAX_RULE_CHARS) return [];
  const context = inContext(language, rule.kind, rule.before);
  const kind = parserKind(language, rule.kind);
  try {
    return root.findAll({ rule: { kind, pattern: { context, selector: kind } } });
  } catch {
    return [];
  }
}

/** The parser's own name of a kind of node. */
function parserKind(language: SyntaxLanguage, kind: string): string {
  const renamed = Object.entries(SYNTAXES[language].dialect.kinds ?? {});
  return renamed.find(([, ours]) => ours === kind)?.[0] ?? kind;
}

interface Bound {
  readonly text: string;
  /** One node: it must still be one where it is put. */
  readonly single: boolean;
}

function matchAt(
  language: SyntaxLanguage,
  text: string,
  { rule, node }: { rule: RewriteRule; node: SgNode },
): RewriteMatch | null {
  const { start, end } = node.range();
  const bound = boundBy(rule, text, node);
  if (bound === null) return null;
  const own = text.slice(start.index, end.index);
  // The matcher may pass over tokens that the pattern does not name; then the replacement would lose them.
  if (!sameTokens(filled(rule.before, bound).text, own)) return null;
  let replacement = bracketed(language, rule, bound);
  if (own.endsWith(';') && replacement !== '' && !/[;}]$/.test(replacement)) replacement += ';';
  const lineStart = text.lastIndexOf('\n', start.index - 1) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart, start.index))?.[0] ?? '';
  if (rule.after.includes('\n') && lineStart + indent.length !== start.index) return null;
  return {
    start: start.index,
    end: end.index,
    text: replacement.replaceAll(LINE_MARK, `\n${indent}`),
    parentKind: String(node.parent()?.kind() ?? ''),
  };
}

function boundBy(rule: RewriteRule, text: string, node: SgNode): Map<string, Bound> | null {
  const bound = new Map<string, Bound>();
  let chars = 0;
  for (const name of metavariablesOf(rule.before)) {
    const several = name.startsWith('$$$');
    const nodes = several ? node.getMultipleMatches(name.slice(3)) : [node.getMatch(name.slice(1))];
    const first = nodes[0];
    const last = nodes.at(-1);
    if (!several && !first) return null;
    const value = first && last ? text.slice(first.range().start.index, last.range().end.index) : '';
    chars += value.length;
    bound.set(name, { text: value, single: !several });
  }
  return chars > MAX_BOUND_CHARS ? null : bound;
}

/** A line break of the rule itself, as opposed to one in a bound text. */
const LINE_MARK = '\u{E000}';

/** The template with every metavariable replaced at once, and where each single one came to stand. */
function filled(template: string, bound: ReadonlyMap<string, Bound>) {
  const places: { start: number; end: number }[] = [];
  let text = '';
  let at = 0;
  for (const { 0: name, index } of template.matchAll(METAVARIABLE)) {
    text += template.slice(at, index).replaceAll('\n', LINE_MARK);
    const value = bound.get(name);
    if (value?.single) places.push({ start: text.length, end: text.length + value.text.length });
    text += value?.text ?? name;
    at = index + name.length;
  }
  return { text: text + template.slice(at).replaceAll('\n', LINE_MARK), places };
}

/** The replacement, with brackets round what would otherwise be torn apart by a stronger operator beside it. */
function bracketed(language: SyntaxLanguage, rule: RewriteRule, bound: ReadonlyMap<string, Bound>): string {
  const { text, places } = filled(rule.after, bound);
  if (places.length === 0) return text;
  const context = inContext(language, rule.kind, text.replaceAll(LINE_MARK, '\n'));
  const shift = context.length - text.length === 2 ? 1 : 0;
  const whole = new Set<string>();
  const visit = (node: SgNode): void => {
    const { start, end } = node.range();
    if (node.isNamed()) whole.add(`${start.index - shift}:${end.index - shift}`);
    for (const child of node.children()) visit(child);
  };
  visit(parse(language, context));
  let result = '';
  let at = 0;
  for (const { start, end } of places) {
    const kept = whole.has(`${start}:${end}`) || start === end;
    result += text.slice(at, start) + (kept ? text.slice(start, end) : `(${text.slice(start, end)})`);
    at = end;
  }
  return result + text.slice(at);
}
