// The source files that may be changed, read and analysed once: text, tree, scopes, guards and probes.
import { createSyntaxReader, languageOfFile, type SyntaxNode, type SyntaxReader } from '#code/syntax.ts';
import { javascriptGrammar } from './grammar/javascript.ts';
import { pythonGrammar } from './grammar/python.ts';
import type { Grammar } from './grammar/types.ts';
import type { RepairWorkspace } from './request.ts';
import { type Scope, scopesOf } from './scope.ts';
import { type Woven, weaveGuards, weaveProbes } from './weave.ts';

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly root: SyntaxNode;
  readonly grammar: Grammar;
  readonly scopes: readonly Scope[];
  readonly guarded: Woven;
  readonly lineStarts: readonly number[];
}

export interface Sources {
  readonly files: readonly SourceFile[];
  readonly notes: readonly string[];
}

const MAX_FILES = 400;
const MAX_TOTAL_CHARS = 3_000_000;
const MAX_FILE_CHARS = 600_000;

/** Reads what can be edited safely; what is left out is said in the notes. */
export async function readSources(
  paths: readonly string[],
  family: Grammar['family'],
  workspace: RepairWorkspace,
): Promise<Sources> {
  const reader = createSyntaxReader();
  const files: SourceFile[] = [];
  const notes: string[] = [];
  let chars = 0;
  for (const path of [...paths].sort()) {
    const language = languageOfFile(path);
    if (language === null || (language === 'python') !== (family === 'python')) continue;
    if (files.length >= MAX_FILES || chars > MAX_TOTAL_CHARS) {
      notes.push(`only the first ${files.length} source files were searched`);
      break;
    }
    const text = await workspace.read(path).catch(() => null);
    if (text === null) continue;
    if (text.includes('\uFFFD') || text.includes('\0') || text.length > MAX_FILE_CHARS) {
      notes.push(
        `${path} is left as it is: it is not UTF-8 text, or longer than ${MAX_FILE_CHARS} characters`,
      );
      continue;
    }
    chars += text.length;
    files.push(analyse(path, text, { reader, family }));
  }
  return { files, notes };
}

function analyse(
  path: string,
  text: string,
  how: { reader: SyntaxReader; family: Grammar['family'] },
): SourceFile {
  const grammar = how.family === 'python' ? pythonGrammar : javascriptGrammar;
  const language = languageOfFile(path) ?? (how.family === 'python' ? 'python' : 'javascript');
  const { root } = how.reader.parse(language, text);
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return {
    path,
    text,
    root,
    grammar,
    scopes: scopesOf(path, root, grammar),
    guarded: weaveGuards(text, root, grammar),
    lineStarts,
  };
}

export interface ProbePlace {
  readonly file: string;
  readonly node: SyntaxNode;
}

export interface Probes {
  /** Texts with probes woven in, by path (JavaScript); empty where the harness traces lines by itself. */
  readonly sources: Readonly<Record<string, string>>;
  readonly placesOf: (probe: number) => readonly ProbePlace[];
}

/** Python's harness counts lines: probe = number of the file × this + line. */
export const LINES_PER_FILE = 1_000_000;

export function probesOf(files: readonly SourceFile[], family: Grammar['family']): Probes {
  return family === 'python' ? lineProbes(files) : wovenProbes(files);
}

function wovenProbes(files: readonly SourceFile[]): Probes {
  const places: ProbePlace[] = [];
  const sources: Record<string, string> = {};
  for (const file of files) {
    const { text, nodes } = weaveProbes(file.text, file.root, file.grammar, places.length);
    sources[file.path] = text;
    for (const node of nodes) places.push({ file: file.path, node });
  }
  return { sources, placesOf: (probe) => places.slice(probe, probe + 1) };
}

function lineProbes(files: readonly SourceFile[]): Probes {
  const byLine = new Map<number, ProbePlace[]>();
  files.forEach((file, index) => {
    const visit = (node: SyntaxNode) => {
      if (file.grammar.statements.has(node.kind) || node.kind === 'elif_clause') {
        const key = index * LINES_PER_FILE + lineAt(file, node.start);
        byLine.set(key, [...(byLine.get(key) ?? []), { file: file.path, node }]);
      }
      for (const child of node.children) visit(child);
    };
    visit(file.root);
  });
  return { sources: {}, placesOf: (probe) => byLine.get(probe) ?? [] };
}

/** Line of an offset, from 1. */
export function lineAt(file: SourceFile, offset: number): number {
  let low = 0;
  let high = file.lineStarts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((file.lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}
