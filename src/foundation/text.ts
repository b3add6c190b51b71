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
