// The source files that may be changed: text, tree, scopes, guards and probes, each made when it is needed.
import { posix } from 'node:path';
import { familyOfFile } from '#code/languages.ts';
import { createSyntaxReader, languageOfFile, type SyntaxNode, type SyntaxReader } from '#code/syntax.ts';
import type { Grammar } from './grammar/types.ts';
import type { Pointer } from './imports.ts';
import { REPAIR_LANGUAGES } from './languages.ts';
import { type ReadFile, readRelevant } from './relevance.ts';
import type { RepairWorkspace } from './request.ts';
import { type Scope, scopesOf } from './scope.ts';
import { type Woven, weaveGuards, weaveProbes } from './weave.ts';

/** Trees and scopes are made when they are first asked for, and again after `release`: text is small, trees are not. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Imports between a failing test and the file, 0 for what it imports itself; null when none was found to lead there. */
  readonly distance: number | null;
  readonly root: SyntaxNode;
  readonly grammar: Grammar;
  readonly scopes: readonly Scope[];
  readonly guarded: Woven;
  readonly lineStarts: readonly number[];
  /** Lets go of tree and scopes. Nodes that were handed out stay valid, but are not those of the next tree. */
  release(): void;
}

export interface Sources {
  readonly files: readonly SourceFile[];
  readonly notes: readonly string[];
}

/** Files that are given to the warm process and parsed at all: some 12,000 lines, of which up to 6,000 that no import leads to. */
const LIMITS = { files: 400, chars: 500_000, unreachedChars: 250_000 } as const;
const MAX_FILE_CHARS = 600_000;
const MAX_NOTED = 5;
/** Up to here all trees are kept from the start. */
const KEPT_CHARS = 200_000;

/** Reads what can be edited safely and may matter to the failing tests; what is left out is said in the notes. */
export async function readSources(
  paths: readonly string[],
  family: Grammar['family'],
  from: { readonly workspace: RepairWorkspace; readonly pointers: readonly Pointer[] },
): Promise<Sources> {
  const notes: string[] = [];
  const unreadable: string[] = [];
  const wanted = [...new Set(paths)].filter((path) => {
    return languageOfFile(path) !== null && familyOfFile(path) === family && staysInside(path);
  });
  const read = async (path: string) => {
    const text = await from.workspace.read(path).catch(() => null);
    if (text === null) return null;
    if (!text.includes('\uFFFD') && !text.includes('\0') && text.length <= MAX_FILE_CHARS) return text;
    unreadable.push(path);
    return null;
  };
  const relevant = await readRelevant(wanted.sort(), from.pointers, { limits: LIMITS, read });
  const left = relevant.leftOut - unreadable.length;
  for (const path of unreadable.slice(0, MAX_NOTED)) {
    notes.push(`${path} is left as it is: it is not UTF-8 text, or longer than ${MAX_FILE_CHARS} characters`);
  }
  if (unreadable.length > MAX_NOTED) notes.push(`so are ${unreadable.length - MAX_NOTED} more files`);
  if (left > 0) {
    notes.push(`only the ${relevant.files.length} source files nearest to the failing tests were looked at`);
  }
  const reader = createSyntaxReader();
  const files = relevant.files
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => lazySource(file, family, reader));
  return { files, notes };
}

/** A path that leads out of the tree is not read, whoever named it. */
function staysInside(path: string): boolean {
  const normal = posix.normalize(path);
  return !posix.isAbsolute(normal) && normal !== '..' && !normal.startsWith('../');
}

function lazySource(file: ReadFile, family: Grammar['family'], reader: SyntaxReader): SourceFile {
  const { grammar, syntax } = REPAIR_LANGUAGES[family];
  const language = languageOfFile(file.path) ?? syntax;
  const made: { root?: SyntaxNode; scopes?: readonly Scope[]; guarded?: Woven; lineStarts?: number[] } = {};
  const root = () => {
    made.root ??= reader.parse(language, file.text).root;
    return made.root;
  };
  return {
    ...file,
    grammar,
    get root() {
      return root();
    },
    get scopes() {
      made.scopes ??= scopesOf(file.path, root(), grammar);
      return made.scopes;
    },
    get guarded() {
      made.guarded ??= weaveGuards(file.text, root(), grammar);
      return made.guarded;
    },
    get lineStarts() {
      made.lineStarts ??= lineStartsOf(file.text);
      return made.lineStarts;
    },
    release: () => {
      delete made.root;
      delete made.scopes;
    },
  };
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

export interface ProbePlace {
  readonly file: string;
  readonly node: SyntaxNode;
}

export interface Probes {
  /** Texts with probes woven in, by path; empty where the harness traces lines by itself. */
  readonly sources: Readonly<Record<string, string>>;
  /** The nodes of a probe, in its file's present tree. */
  readonly placesOf: (probe: number) => readonly ProbePlace[];
}

/** A harness that counts lines: probe = number of the file × this + line. */
export const LINES_PER_FILE = 1_000_000;

/**
 * Weaves guards and probes into every file, one at a time: between two files the parser's own memory is given back.
 * Where there is much, trees are let go of at once and made again for the few files that tests turn out to use.
 */
export async function probesOf(
  files: readonly SourceFile[],
  family: Grammar['family'],
  pause: () => Promise<void>,
): Promise<Probes> {
  const keep = files.reduce((sum, file) => sum + file.text.length, 0) <= KEPT_CHARS;
  const spans: Span[] = [];
  const sources: Record<string, string> = {};
  const lines = REPAIR_LANGUAGES[family].coverage === 'lines';
  for (const file of files) {
    if (lines) void file.guarded;
    else sources[file.path] = wovenProbes(file, spans);
    if (keep) continue;
    file.release();
    await pause();
  }
  return { sources, placesOf: lines ? linePlaces(files) : spanPlaces(spans) };
}

/** Where a probe stands, without the node. */
interface Span {
  readonly file: SourceFile;
  readonly start: number;
  readonly end: number;
  readonly kind: string;
}

function wovenProbes(file: SourceFile, spans: Span[]): string {
  void file.guarded;
  const { text, nodes } = weaveProbes(file.text, file.root, file.grammar, spans.length);
  for (const { start, end, kind } of nodes) spans.push({ file, start, end, kind });
  return text;
}

function spanPlaces(spans: readonly Span[]): Probes['placesOf'] {
  return (probe) => {
    const span = spans[probe];
    const node = span === undefined ? null : nodeAt(span.file.root, span);
    return span === undefined || node === null ? [] : [{ file: span.file.path, node }];
  };
}

/** The node of that kind with exactly that extent. */
function nodeAt(root: SyntaxNode, span: Pick<Span, 'start' | 'end' | 'kind'>): SyntaxNode | null {
  for (let at: SyntaxNode | undefined = root; at !== undefined; ) {
    if (at.start === span.start && at.end === span.end && at.kind === span.kind) return at;
    at = at.children.find((child) => child.start <= span.start && child.end >= span.end);
  }
  return null;
}

function linePlaces(files: readonly SourceFile[]): Probes['placesOf'] {
  const byFile = new Map<number, ReadonlyMap<number, ProbePlace[]>>();
  return (probe) => {
    const index = Math.floor(probe / LINES_PER_FILE);
    const file = files[index];
    if (file === undefined) return [];
    const lines = byFile.get(index) ?? statementsByLine(file);
    byFile.set(index, lines);
    return lines.get(probe % LINES_PER_FILE) ?? [];
  };
}

function statementsByLine(file: SourceFile): Map<number, ProbePlace[]> {
  const byLine = new Map<number, ProbePlace[]>();
  const visit = (node: SyntaxNode) => {
    if (file.grammar.statements.has(node.kind) || node.kind === 'elif_clause') {
      const line = lineAt(file, node.start);
      byLine.set(line, [...(byLine.get(line) ?? []), { file: file.path, node }]);
    }
    for (const child of node.children) visit(child);
  };
  visit(file.root);
  return byLine;
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
