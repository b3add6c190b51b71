// Suspicion that goes on from what tests ran: to conditions, to the makers of a value, to heads of functions, to module code.

import type { SyntaxNode } from '#code/syntax.ts';
import type { ClueSource } from './clues.ts';
import { framesIn, functionAt, functionsAround, type Scored } from './places.ts';
import { lineAt, type ProbePlace, type SourceFile } from './sources.ts';

const LEAST = 1e-4;

export function bounded(suspicion: number): number {
  return Math.min(1, Math.max(LEAST, Math.round(suspicion * 1e6) / 1e6));
}

const THROWING_HEAD = 0.9;

/** A failure in the head of a function (a default, a pattern) comes before its first statement: no probe tells of it. */
export function addThrowingHeads(scored: Map<SyntaxNode, Scored>, { failing, files }: ClueSource): void {
  const lines = new Set([...scored.values()].map((one) => `${one.file.path}:${one.line}`));
  for (const { error } of failing) {
    const frame = framesIn(error ?? '', files)[0];
    if (frame === undefined || lines.has(`${frame.file.path}:${frame.line}`)) continue;
    const node = functionAt(frame.file, frame.line);
    if (node === null || scored.has(node)) continue;
    const signals = ['where the failure was thrown, before the first statement'];
    scored.set(node, { ...frame, node, suspicion: THROWING_HEAD, signals });
  }
}

const CONDITION_SHARE = 0.9;
const WRITER_SHARE = 0.9;
const WRITER_SHARE_BUSY = 0.6;

/**
 * A suspicious statement may only show what came to it: the condition that let it run, and the statements that made
 * the variables it uses, are suspected for it; the more so, the less it does itself.
 */
export function addFlow(scored: Map<SyntaxNode, Scored>): void {
  const raise = (node: SyntaxNode, suspicion: number, words: string) => {
    const now = scored.get(node);
    if (now === undefined || now.suspicion >= suspicion) return;
    scored.set(node, { ...now, suspicion: bounded(suspicion), signals: [...now.signals, words] });
  };
  const writers = writersOf(scored);
  for (const { node, file, line, suspicion } of [...scored.values()].sort(
    (a, b) => b.suspicion - a.suspicion,
  )) {
    const holder = conditionAround(node, file);
    if (holder !== null) raise(holder, suspicion * CONDITION_SHARE, `decides about line ${line}`);
    const used = ownNames(node, file);
    const share = used.calls === 0 ? WRITER_SHARE : WRITER_SHARE_BUSY;
    for (const name of used.names) {
      const before = (writers.get(name) ?? []).filter(
        (one) => one.file === file && one.node.start < node.start && sameFunction(one.node, node, file),
      );
      const last = before.sort((a, b) => b.node.start - a.node.start)[0];
      if (last !== undefined) raise(last.node, suspicion * share, `makes ${name}, used in line ${line}`);
    }
  }
}

function writersOf(scored: ReadonlyMap<SyntaxNode, Scored>): Map<string, Scored[]> {
  const found = new Map<string, Scored[]>();
  for (const one of scored.values()) {
    if (one.file.grammar.blocks.has(one.node.children.at(-1)?.kind ?? '')) continue;
    for (const name of new Set(declaredIn(one.node))) found.set(name, [...(found.get(name) ?? []), one]);
  }
  return found;
}

function conditionAround(node: SyntaxNode, file: SourceFile): SyntaxNode | null {
  for (let at = node.parent; at !== null; at = at.parent) {
    if (file.grammar.functions.has(at.kind)) return null;
    if (file.grammar.conditionals.has(at.kind) || file.grammar.loops.has(at.kind)) return at;
  }
  return null;
}

function sameFunction(a: SyntaxNode, b: SyntaxNode, file: SourceFile): boolean {
  return functionsAround(a, file)[0] === functionsAround(b, file)[0];
}

/** Names in a statement but for those of statements inside it, and how many calls and operators it has. */
function ownNames(node: SyntaxNode, file: SourceFile): { names: Set<string>; calls: number } {
  const names = new Set<string>();
  let calls = 0;
  const visit = (at: SyntaxNode) => {
    if (/identifier$/.test(at.kind)) names.add(at.text);
    if (file.grammar.calls.has(at.kind) || file.grammar.binaries.has(at.kind)) calls += 1;
    for (const child of at.children) {
      if (!file.grammar.blocks.has(child.kind) && !file.grammar.statements.has(child.kind)) visit(child);
    }
  };
  visit(node);
  return { names, calls };
}

/** Of the code that runs while files are loaded and that nothing suspicious refers to. */
const LOAD_SUSPICION = 0.04;
/** The same, at most, as a part of the highest suspicion: where many passing tests run everything, all of it is low. */
const LOAD_SHARE = 0.2;
/** Of what suspicious code refers to, as a part of that code's suspicion. */
const REFERRED_SHARE = 0.8;
/** Of the head of a function: parameters and defaults, as a part of its most suspicious statement. */
const HEAD_SHARE = 0.7;

interface Loaded {
  readonly files: readonly SourceFile[];
  readonly placesOf: (probe: number) => readonly ProbePlace[];
  readonly loadProbes: readonly number[];
}

/**
 * Code outside functions runs once, while files are loaded, and no test tells it from other such code. Its suspicion is
 * that of the functions that refer to what it makes; the head of a function is suspected for its body.
 */
export function addModuleCode(
  scored: Map<SyntaxNode, Scored>,
  { files, loadProbes, placesOf }: Loaded,
): void {
  const named = new Map<string, { suspicion: number; by: string }>();
  const heads = new Map<SyntaxNode, number>();
  for (const { file, node, suspicion, line } of [...scored.values()]) {
    for (const name of namesIn(node)) {
      if ((named.get(name)?.suspicion ?? 0) < suspicion)
        named.set(name, { suspicion, by: `${file.path}:${line}` });
    }
    for (let at = node.parent; at !== null; at = at.parent) {
      if (file.grammar.functions.has(at.kind)) heads.set(at, Math.max(heads.get(at) ?? 0, suspicion));
    }
  }
  const byPath = new Map(files.map((file) => [file.path, file]));
  const ran = new Set([...scored.values()].map((one) => one.file.path));
  const highest = Math.max(0, ...[...scored.values()].map((one) => one.suspicion));
  const idle = bounded(Math.min(LOAD_SUSPICION, highest * LOAD_SHARE));
  for (const probe of loadProbes) {
    for (const { file: path, node } of placesOf(probe)) {
      const file = byPath.get(path);
      if (file === undefined || scored.has(node)) continue;
      const line = lineAt(file, node.start);
      const inside = Math.max(0, ...[...heads].filter(([head]) => holds(node, head)).map(([, best]) => best));
      const uses = declaredIn(node).flatMap((name) => named.get(name) ?? []);
      const used = uses.sort((a, b) => b.suspicion - a.suspicion)[0];
      if (inside > 0) {
        const signals = ['head of a suspicious function'];
        scored.set(node, { file, node, line, suspicion: bounded(inside * HEAD_SHARE), signals });
      } else if (used !== undefined) {
        const signals = [`made while loading, and used at ${used.by}`];
        scored.set(node, { file, node, line, suspicion: bounded(used.suspicion * REFERRED_SHARE), signals });
      } else if (ran.has(path)) {
        scored.set(node, { file, node, line, suspicion: idle, signals: ['runs while loading'] });
      }
    }
  }
}

function holds(outer: SyntaxNode, inner: SyntaxNode): boolean {
  return outer.start <= inner.start && outer.end >= inner.end;
}

/** Identifiers in a node, those of nested statements as well. */
function namesIn(node: SyntaxNode): Set<string> {
  const names = new Set<string>();
  const visit = (at: SyntaxNode) => {
    if (/identifier$/.test(at.kind)) names.add(at.text);
    for (const child of at.children) visit(child);
  };
  visit(node);
  return names;
}

/** Names that a statement outside functions gives to something. */
function declaredIn(node: SyntaxNode): string[] {
  const names: string[] = [];
  const visit = (at: SyntaxNode, depth: number) => {
    if (depth > 6) return;
    const names_ = at.children.filter((child) => child.field === 'name' || child.field === 'left');
    for (const one of names_) for (const name of namesIn(one)) names.push(name);
    if (names_.length === 0) for (const child of at.children) visit(child, depth + 1);
  };
  visit(node, 0);
  return names;
}
