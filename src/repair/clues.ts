// Clues beside coverage: each weighs a place by one thing that points at it, and says so in words.
import type { SyntaxNode } from '#code/syntax.ts';
import type { TestOutcome } from './harness/protocol.ts';
import { distancesFrom, type Pointer } from './imports.ts';
import { framesIn, functionAt, functionsAround, type Place } from './places.ts';
import type { SourceFile } from './sources.ts';

export const CLUES = ['stack', 'names', 'distance', 'changed', 'flow', 'size', 'module'] as const;
export type ClueName = (typeof CLUES)[number];

/** A factor on the suspicion, and what speaks for the place; null where nothing does. */
export interface Weight {
  readonly factor: number;
  readonly words: string | null;
}
export type Clue = (place: Place) => Weight;

export interface ClueSource {
  readonly failing: readonly TestOutcome[];
  readonly files: readonly SourceFile[];
  readonly pointers: readonly Pointer[];
  readonly changed?: ReadonlyMap<string, ReadonlySet<number>>;
  readonly without?: ReadonlySet<ClueName>;
}

const NOTHING: Weight = { factor: 1, words: null };

export function cluesFor(source: ClueSource): Clue[] {
  const makers: readonly (readonly [ClueName, () => Clue | null])[] = [
    ['stack', () => stackClue(source)],
    ['names', () => namesClue(source)],
    ['distance', () => distanceClue(source)],
    ['changed', () => changedClue(source)],
    ['flow', () => flowClue],
    ['size', () => sizeClue],
  ];
  return makers.flatMap(([name, make]) => (source.without?.has(name) ? [] : (make() ?? [])));
}

/** By depth of the frame among those in source files; code in a function on the stack; all else. */
const ON_STACK = [1, 0.9, 0.8, 0.7];
const IN_STACKED_FUNCTION = 0.6;
const OFF_STACK = 0.45;

/** A failure that was thrown by source code: the lines and functions of its stack. */
function stackClue({ failing, files }: ClueSource): Clue | null {
  const depths = new Map<string, number>();
  const functions = new Set<SyntaxNode>();
  for (const { error } of failing) {
    framesIn(error ?? '', files).forEach(({ file, line }, depth) => {
      const key = `${file.path}:${line}`;
      depths.set(key, Math.min(depths.get(key) ?? depth, depth));
      const holder = functionAt(file, line);
      if (holder !== null) functions.add(holder);
    });
  }
  if (depths.size === 0) return null;
  return ({ file, node, line }) => {
    const depth = depths.get(`${file.path}:${line}`);
    if (depth !== undefined) {
      const words = depth === 0 ? 'where the failure was thrown' : 'on the stack of the failure';
      return { factor: ON_STACK[Math.min(depth, ON_STACK.length - 1)] ?? 1, words };
    }
    return {
      factor: functionsAround(node, file).some((one) => functions.has(one)) ? IN_STACKED_FUNCTION : OFF_STACK,
      words: null,
    };
  };
}

/** By calls from a function that a failing test is named after; then from one that its text uses. */
const NAMED = [1, 0.95, 0.9];
const USED = [0.92, 0.88, 0.85];
const NOT_NAMED = 0.8;

/** Functions that failing tests are named after, or call; and what these call, a little less. */
function namesClue({ failing, pointers, files }: ClueSource): Clue | null {
  const titles = words(failing.map((test) => test.path.join(' ')).join(' '));
  const messages = failing.map((test) => (test.error ?? '').split('\n', 3).join(' '));
  const texts = new Map(pointers.map(({ file, text }) => [file, text]));
  const bodies = failing.map((test) => bodyOf(test, texts.get(test.file) ?? ''));
  const used = words([...messages, ...bodies].join('\n'));
  const functions = files.flatMap(functionsOf);
  const byTitle = callDepths(functions, titles);
  const byUse = callDepths(functions, used);
  return ({ file, node }) => {
    const around = functionsAround(node, file);
    const title = nearestDepth(around, byTitle);
    const use = nearestDepth(around, byUse);
    const name = around.map(nameOf).find((one) => one !== '') ?? '';
    if (title === 0) return { factor: 1, words: `the failing test names ${name}` };
    const factor = Math.max(weightOf(NAMED, title), weightOf(USED, use));
    if (use === 0) return { factor, words: `the failing test uses ${name}` };
    return { factor, words: title === 1 ? 'called by what the failing test names' : null };
  };
}

function weightOf(factors: readonly number[], depth: number | null): number {
  return depth === null ? NOT_NAMED : (factors[depth] ?? NOT_NAMED);
}

function nearestDepth(around: readonly SyntaxNode[], depths: ReadonlyMap<SyntaxNode, number>): number | null {
  const known = around.flatMap((one) => depths.get(one) ?? []);
  return known.length === 0 ? null : Math.min(...known);
}

interface NamedFunction {
  readonly node: SyntaxNode;
  readonly name: string;
  readonly mentions: ReadonlySet<string>;
}

function functionsOf(file: SourceFile): NamedFunction[] {
  const found: NamedFunction[] = [];
  const visit = (node: SyntaxNode) => {
    if (file.grammar.functions.has(node.kind)) {
      const name = nameOf(node);
      if (name.length > 2) found.push({ node, name, mentions: words(node.text) });
    }
    for (const child of node.children) visit(child);
  };
  visit(file.root);
  return found;
}

/** Calls between a function whose name was said and each function, by names: 0 for the former. */
function callDepths(functions: readonly NamedFunction[], said: ReadonlySet<string>): Map<SyntaxNode, number> {
  const depths = new Map<SyntaxNode, number>();
  let frontier = functions.filter(({ name }) => said.has(name));
  for (let depth = 0; depth < NAMED.length && frontier.length > 0; depth += 1) {
    for (const { node } of frontier) depths.set(node, depth);
    const called = new Set(frontier.flatMap(({ mentions }) => [...mentions]));
    frontier = functions.filter(({ node, name }) => called.has(name) && !depths.has(node));
  }
  return depths;
}

const BODY_CHARS = 2_000;

/** The text of a test in its file, as far as it is found by its title: up to the next one. */
function bodyOf({ path }: TestOutcome, text: string): string {
  for (const title of [...path].reverse()) {
    const at = title.length < 2 ? -1 : text.indexOf(title);
    if (at < 0) continue;
    const rest = text.slice(at + title.length, at + BODY_CHARS);
    const next = rest.search(/^[ \t]*(?:it|test|describe|specify|def test\w*|class Test\w*)\b/m);
    return next < 0 ? rest : rest.slice(0, next);
  }
  return '';
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.match(/[\p{L}_$][\p{L}\p{N}_$]{2,}/gu) ?? []);
}

function nameOf(node: SyntaxNode): string {
  const named = (one: SyntaxNode | null) =>
    one?.children.find((child) => /^(?:name|left|key|property)$/.test(child.field ?? ''))?.text ?? '';
  return (named(node) || named(node.parent)).replace(/^.*\./, '');
}

const PER_IMPORT = 0.85;
const SAME_NAME = 1.15;

/** Files that failing tests import come before what these import; a file that a test is named after comes first. */
function distanceClue({ pointers, files }: ClueSource): Clue | null {
  const distances = distancesFrom(pointers, files);
  const stems = new Set(pointers.map(({ file }) => stem(file)));
  return ({ file }) => {
    const distance = distances.get(file.path);
    const same = stems.has(stem(file.path));
    const factor =
      (distance === undefined ? PER_IMPORT ** 3 : PER_IMPORT ** Math.min(3, distance)) *
      (same ? SAME_NAME : 1);
    if (same) return { factor, words: 'the failing test is named after this file' };
    return { factor, words: distance === 0 ? 'imported by the failing test' : null };
  };
}

function stem(path: string): string {
  const base = path.slice(path.lastIndexOf('/') + 1);
  return base
    .replace(/\.[^/]*$/, '')
    .replace(/^test_|[._-]?(?:test|spec)s?$/i, '')
    .replace(/^_/, '')
    .toLowerCase();
}

const CHANGED = 1.3;

/** Lines that recent commits wrote. */
function changedClue({ changed }: ClueSource): Clue | null {
  if (changed === undefined || changed.size === 0) return null;
  return ({ file, line }) =>
    changed.get(file.path)?.has(line) === true ? { factor: CHANGED, words: 'changed lately' } : NOTHING;
}

const FEEDS_RETURN = 1.05;

/** What a wrong value is seen by: what a function gives back, and what makes the parts of it. */
const flowClue: Clue = ({ file, node }) => {
  const holder = functionsAround(node, file)[0];
  if (holder === undefined) return NOTHING;
  const targets = node.children
    .flatMap((child) => [child, ...child.children])
    .filter((child) => child.field === 'left' || child.field === 'name');
  if (targets.length === 0) return NOTHING;
  const returned = words(
    returnsOf(holder, file)
      .map((one) => one.text)
      .join(' '),
  );
  return targets.some((target) => [...words(target.text)].some((name) => returned.has(name)))
    ? { factor: FEEDS_RETURN, words: null }
    : NOTHING;
};

function returnsOf(node: SyntaxNode, file: SourceFile): SyntaxNode[] {
  return node.children.flatMap((child) =>
    file.grammar.functions.has(child.kind)
      ? []
      : [...(file.grammar.returns.has(child.kind) ? [child] : []), ...returnsOf(child, file)],
  );
}

const PER_DOUBLING = 1.12;
const MOST_DOUBLINGS = 5;

/** The more a statement computes by itself, the more there is to be wrong. */
const sizeClue: Clue = ({ file, node }) => {
  let count = 0;
  const visit = (at: SyntaxNode) => {
    for (const child of at.children) {
      if (file.grammar.blocks.has(child.kind) || file.grammar.skip.has(child.kind)) continue;
      if (file.grammar.statements.has(child.kind) && child.field !== 'condition') continue;
      if (file.grammar.expressions.has(child.kind) && child.children.length > 0) count += 1;
      visit(child);
    }
  };
  visit(node);
  return {
    factor: PER_DOUBLING ** (Math.min(MOST_DOUBLINGS, Math.log2(1 + count)) - MOST_DOUBLINGS),
    words: null,
  };
};
