// Making foreign text safe and bounded: control characters out, length capped, and which bound was hit said aloud.
import { stripVTControlCharacters } from 'node:util';

/** Text without terminal escape sequences and control characters; tab and newline stay. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

export interface Clipped {
  readonly text: string;
  readonly omittedChars: number;
}

/** Keeps the head and the tail of a long text, and says in the middle how much is missing. */
export function clip(text: string, maxChars: number): Clipped {
  if (text.length <= maxChars) return { text, omittedChars: 0 };
  const headChars = Math.floor(maxChars / 2);
  const tailChars = maxChars - headChars;
  const omittedChars = text.length - headChars - tailChars;
  const head = text.slice(0, headChars);
  const tail = text.slice(text.length - tailChars);
  return { text: `${head}\n… ${omittedChars} characters left out …\n${tail}`, omittedChars };
}

/** `1 test`, `2 tests`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** Levenshtein distance, for suggestions among a few dozen short names. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_unused, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, swap));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** The one of `known` that was probably meant by `word`; null when none is near. */
export function nearest(word: string, known: Iterable<string>): string | null {
  const [near] = [...known]
    .map((name) => ({ name, edits: editDistance(name.toLowerCase(), word.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1));
  return near && near.edits <= Math.max(1, Math.min(4, Math.floor(near.name.length / 2))) ? near.name : null;
}
