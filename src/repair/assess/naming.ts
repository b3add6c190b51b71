// How well the names that a change brings in fit to what they replace and stand beside: people name alike what belongs together.
import type { Edit } from '../edits.ts';

const WORD = /(?<!['"\w$.])[A-Za-z_$][\w$]*/g;
const RESERVED =
  /^(?:if|else|elif|for|of|in|is|not|and|or|while|do|return|break|continue|new|await|async|yield|let|const|var|def|lambda|true|false|null|undefined|None|True|False|self|this|typeof|instanceof|throw|raise|try|catch|except|pass|len|Math|Number|String|Boolean|Array|Object|Set|Map|JSON)$/;
/** Characters on each side of an edit in which its neighbours are looked for. */
const NEAR_CHARS = 60;

/** Called by name: functions of the language and of the file are named after what they do. */
const CALLED = /(?<!['"\w$.])[A-Za-z_$][\w$]*(?=\s*\()/g;

/**
 * 0 where every inserted name resembles a neighbour's, or none is inserted; up to 1 where they have nothing in common with them.
 * The neighbours are the replaced names and those of the same line; what is called does not count.
 */
export function strangeNames(edits: readonly Edit[], text: string): number {
  let worst = 0;
  // What a change moves was there before.
  const before = edits.flatMap(({ start, end }) => namesIn(text.slice(start, end)));
  for (const { start, end, text: inserted } of edits) {
    const called: readonly string[] = inserted.match(CALLED) ?? [];
    const added = namesIn(inserted).filter((name) => !before.includes(name) && !called.includes(name));
    if (added.length === 0) continue;
    const near = [...before, ...namesIn(lineRound(text, start, end))];
    const likeness = added.map((name) => Math.max(0, ...near.map((other) => likenessOf(name, other))));
    worst = Math.max(worst, 1 - likeness.reduce((sum, one) => sum + one, 0) / added.length);
  }
  return worst;
}

function namesIn(text: string): string[] {
  return [...new Set(text.match(WORD) ?? [])].filter((name) => !RESERVED.test(name));
}

/** The rest of the edit's lines. */
function lineRound(text: string, start: number, end: number): string {
  const from = Math.max(text.lastIndexOf('\n', start - 1) + 1, start - NEAR_CHARS);
  const stop = text.indexOf('\n', end);
  const to = Math.min(stop < 0 ? text.length : stop, end + NEAR_CHARS);
  return `${text.slice(from, start)} ${text.slice(end, to)}`;
}

/** Share of the words that two names have in common, in [0, 1]: `maxDepth` and `depth` share two of three; `i` and `j` none. */
export function likenessOf(a: string, b: string): number {
  if (a === b) return 1;
  const [one, other] = [wordsOf(a), wordsOf(b)];
  const shared = one.filter((word) => other.includes(word)).length;
  if (shared > 0) return (2 * shared) / (one.length + other.length);
  // Numbered and shortened names: `value1` and `value2`, `str` and `string`.
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.replace(/\d+$/, '') === long.replace(/\d+$/, '')) return 0.8;
  return short.length > 2 && long.toLowerCase().startsWith(short.toLowerCase()) ? 0.6 : 0;
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .split(/[\s_$]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}
