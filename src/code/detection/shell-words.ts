// Splits the command lines of manifests into words and `&&` chains, and says when only a shell could run them.

/** A command of a chain; `globs` is true when an unquoted wildcard is among its words. */
export interface Segment {
  readonly words: readonly string[];
  readonly globs: boolean;
}

const MAX_SCRIPT_CHARS = 10_000;

/**
 * The commands of an `a && b` chain. Null when the line uses anything else of the shell (pipes, `||`, `;`,
 * redirections, variables, substitutions, subshells) or quotes that do not close.
 */
export function splitChain(line: string): Segment[] | null {
  if (line.length > MAX_SCRIPT_CHARS) return null;
  const reader: Reader = { line, at: 0, words: [], word: null, globs: false, segments: [] };
  while (reader.at < line.length) {
    if (!step(reader)) return null;
  }
  endWord(reader);
  if (!endSegment(reader)) return null;
  return reader.segments;
}

interface Reader {
  readonly line: string;
  at: number;
  words: string[];
  word: string | null;
  globs: boolean;
  readonly segments: Segment[];
}

function step(reader: Reader): boolean {
  const char = reader.line[reader.at] ?? '';
  if (char === ' ' || char === '\t') {
    endWord(reader);
    reader.at += 1;
    return true;
  }
  if (char === '&' && reader.line[reader.at + 1] === '&') {
    endWord(reader);
    reader.at += 2;
    return endSegment(reader);
  }
  if ('|;&<>()`$\n\r'.includes(char)) return false;
  if (char === "'" || char === '"') return quoted(reader, char);
  if (char === '#' && reader.word === null) return false;
  if (char === '\\') {
    const next = reader.line[reader.at + 1];
    if (next === undefined) return false;
    reader.word = (reader.word ?? '') + next;
    reader.at += 2;
    return true;
  }
  if (char === '*' || char === '?' || char === '{') reader.globs = true;
  reader.word = (reader.word ?? '') + char;
  reader.at += 1;
  return true;
}

function quoted(reader: Reader, quote: string): boolean {
  reader.word ??= '';
  reader.at += 1;
  for (; reader.at < reader.line.length; reader.at += 1) {
    const char = reader.line[reader.at] ?? '';
    if (char === quote) {
      reader.at += 1;
      return true;
    }
    if (quote === '"' && (char === '$' || char === '`')) return false;
    const escaped = reader.line[reader.at + 1];
    if (quote === '"' && char === '\\' && (escaped === '"' || escaped === '\\')) {
      reader.word += escaped;
      reader.at += 1;
    } else {
      reader.word += char;
    }
  }
  return false;
}

function endWord(reader: Reader): void {
  if (reader.word !== null) reader.words.push(reader.word);
  reader.word = null;
}

function endSegment(reader: Reader): boolean {
  if (reader.words.length === 0) return false;
  reader.segments.push({ words: reader.words, globs: reader.globs });
  reader.words = [];
  reader.globs = false;
  return true;
}

/** Words as one line that a POSIX shell reads back as the same words. */
export function joinWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
