// Places in source files: the functions round a node, the function on a line, and the frames of a stack.
import type { SyntaxNode } from '#code/syntax.ts';
import { lineAt, type SourceFile } from './sources.ts';

export interface Place {
  readonly file: SourceFile;
  readonly node: SyntaxNode;
  readonly line: number;
}

/** A place with its suspicion and, in words, what speaks for it. */
export interface Scored extends Place {
  readonly suspicion: number;
  readonly signals: readonly string[];
}

interface Frame {
  readonly file: SourceFile;
  readonly line: number;
}

/** Frames of a stack in source files, the innermost first. */
export function framesIn(error: string, files: readonly SourceFile[]): Frame[] {
  const frames: { file: SourceFile; line: number; at: number }[] = [];
  const python = error.includes('Traceback (most recent call last)');
  for (const file of files) {
    for (let at = error.indexOf(file.path); at >= 0; at = error.indexOf(file.path, at + 1)) {
      const rest = error.slice(at + file.path.length, at + file.path.length + 60);
      const found = /^(?:\?[\w=&.-]{1,40})?:(\d+)|^", line (\d+)/.exec(rest);
      if (found === null || !/[\s/("]/.test(error[at - 1] ?? '/')) continue;
      frames.push({ file, line: Number(found[1] ?? found[2]), at });
    }
  }
  return frames.sort((a, b) => (python ? b.at - a.at : a.at - b.at));
}

export function functionAt(file: SourceFile, line: number): SyntaxNode | null {
  const start = file.lineStarts[line - 1];
  if (start === undefined) return null;
  const end = file.lineStarts[line] ?? file.text.length;
  let holder: SyntaxNode | null = null;
  const visit = (node: SyntaxNode) => {
    if (node.start >= end || node.end <= start) return;
    if (file.grammar.functions.has(node.kind) && lineAt(file, node.start) <= line) holder = node;
    for (const child of node.children) visit(child);
  };
  visit(file.root);
  return holder;
}

export function functionsAround(node: SyntaxNode, file: SourceFile): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let at: SyntaxNode | null = node; at !== null; at = at.parent)
    if (file.grammar.functions.has(at.kind)) found.push(at);
  return found;
}
