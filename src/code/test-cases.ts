// What a test file promises, read without running it: its cases, their assertions, markers and early exits.
import type { Language, LanguageFamily } from '#contracts/project.ts';
import { sha256 } from '#foundation/digest.ts';
import { familyOf } from './languages.ts';
import { outlineJavaScript } from './outline/javascript.ts';
import type { Outlined, OutlinedCase } from './outline/outlined.ts';
import { outlinePython } from './outline/python.ts';
import { outlineRuby } from './outline/ruby.ts';
import { lineFinder } from './outline/tree.ts';
import { parseSource, type SyntaxNode, type SyntaxTree } from './syntax.ts';

const MAX_CHARS = 2_000_000;

type Outline = (root: SyntaxNode, lineOf: (offset: number) => number) => Outlined;

const OUTLINES: Readonly<Record<LanguageFamily, Outline>> = {
  javascript: outlineJavaScript,
  python: outlinePython,
  ruby: outlineRuby,
};

export type TestCaseOutline = OutlinedCase;

export interface TestFileOutline extends Outlined {
  /** True when the text has syntax errors; the outline is then of what could be read. */
  readonly hasError: boolean;
}

/** The cases of a test file. Never throws on foreign text. */
export function outlineTests(language: Language, text: string): TestCaseOutline[] {
  return [...outlineTestFile(language, text).cases];
}

/** The cases of a test file, and what surrounds them. Never throws on foreign text. */
export function outlineTestFile(language: Language, text: string): TestFileOutline {
  if (text.length > MAX_CHARS) return unread(text);
  try {
    const { root, hasError } = parse(language, text);
    const lineOf = lineFinder(text);
    return { ...OUTLINES[familyOf(language)](root, lineOf), hasError };
  } catch (error) {
    // Nesting beyond the stack; nothing that people write comes near it.
    if (error instanceof RangeError) return unread(text);
    throw error;
  }
}

/** TypeScript with JSX needs a grammar of its own; the text says which fits. */
function parse(language: Language, text: string): SyntaxTree {
  const tree = parseSource(language, text);
  if (language !== 'typescript' || !tree.hasError) return tree;
  const tsx = parseSource('tsx', text);
  return tsx.hasError ? tree : tsx;
}

function unread(text: string): TestFileOutline {
  return { cases: [], exits: [], restDigest: sha256(text), restAssertions: 0, hasError: true };
}
