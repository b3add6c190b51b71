// Text edits by offset: applying, checking and composing them, and the digest that makes equal changes one candidate.
import type { TextEdit } from '#contracts/edit.ts';
import { sha256 } from '#foundation/digest.ts';
import { AppError } from '#foundation/errors.ts';

export type Edit = Pick<TextEdit, 'start' | 'end' | 'text'>;

/** True when no two edits touch the same characters; two insertions at one place count as touching. */
export function editsAreDisjoint(edits: readonly Edit[]): boolean {
  const sorted = sortEdits(edits);
  return sorted.every((edit, index) => {
    const before = sorted[index - 1];
    if (before === undefined) return true;
    if (edit.start < before.end) return false;
    return !(edit.start === before.start && edit.end === before.end);
  });
}

/**
 * The text with all edits applied at once; offsets are UTF-16 and refer to the text before any of them.
 * Throws INTERNAL for edits that overlap or leave the text: whoever made them is at fault.
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = sortEdits(edits);
  let result = '';
  let at = 0;
  for (const edit of sorted) {
    if (edit.start < at || edit.end < edit.start || edit.end > text.length) {
      throw new AppError('INTERNAL', {
        message: `an edit overlaps another or leaves its file (${edit.start} to ${edit.end})`,
      });
    }
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/**
 * One set of edits that does what `first` and then `second` do; `second` refers to the text after `first`.
 * Edits that meet become one.
 */
export function composeEdits(text: string, first: readonly Edit[], second: readonly Edit[]): Edit[] {
  let pieces = placed(first);
  let now = applyEdits(text, first);
  for (const edit of sortEdits(second).reverse()) {
    const { from, to } = widened(pieces, edit);
    const whole = {
      start: originalOffset(pieces, from),
      end: originalOffset(pieces, to, true),
      text: now.slice(from, edit.start) + edit.text + now.slice(edit.end, to),
    };
    const grown = edit.text.length - (edit.end - edit.start);
    now = now.slice(0, edit.start) + edit.text + now.slice(edit.end);
    pieces = [
      ...pieces.filter((piece) => piece.to < from),
      { ...whole, from, to: to + grown },
      ...pieces
        .filter((piece) => piece.from > to)
        .map((piece) => ({ ...piece, from: piece.from + grown, to: piece.to + grown })),
    ];
  }
  return pieces.map(({ start, end, text: to }) => ({ start, end, text: to }));
}

/** The stretch with every piece that touches it, and those that touch these: of two neighbours neither can be taken alone. */
function widened(pieces: readonly Placed[], edit: Pick<Edit, 'start' | 'end'>): { from: number; to: number } {
  let from = edit.start;
  let to = edit.end;
  for (;;) {
    const met = pieces.filter((piece) => piece.from <= to && piece.to >= from);
    const least = Math.min(from, ...met.map((piece) => piece.from));
    const most = Math.max(to, ...met.map((piece) => piece.to));
    if (least === from && most === to) return { from, to };
    from = least;
    to = most;
  }
}

interface Placed extends Edit {
  /** Where its text stands after all edits. */
  readonly from: number;
  readonly to: number;
}

function placed(edits: readonly Edit[]): Placed[] {
  let shift = 0;
  return sortEdits(edits).map((edit) => {
    const from = edit.start + shift;
    shift += edit.text.length - (edit.end - edit.start);
    return { ...edit, from, to: from + edit.text.length };
  });
}

/** Where an offset of the edited text was before; inside an edit, its start, or its end where that is asked for. */
function originalOffset(pieces: readonly Placed[], offset: number, atEnd = false): number {
  // Of several that end in the same place, as removals beside each other do, the last one's end is meant.
  if (atEnd) {
    const around = pieces.findLast((piece) => piece.from <= offset && offset <= piece.to);
    if (around !== undefined) return around.end;
  }
  let shift = 0;
  for (const piece of pieces) {
    if (offset < piece.from || (offset === piece.from && !atEnd)) break;
    if (offset <= piece.to) return piece.start;
    shift = piece.to - piece.end;
  }
  return offset - shift;
}

/** Where a stretch of the text after `edits` was in the text before. */
export function beforeEdits(
  edits: readonly Edit[],
  stretch: { start: number; end: number },
): { start: number; end: number } {
  const pieces = placed(edits);
  return { start: originalOffset(pieces, stretch.start), end: originalOffset(pieces, stretch.end, true) };
}

/** Edits grouped by file, files in order of name. */
export function byFile(edits: readonly TextEdit[]): ReadonlyMap<string, TextEdit[]> {
  const files = new Map<string, TextEdit[]>();
  for (const edit of [...edits].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0))) {
    const list = files.get(edit.file);
    if (list === undefined) files.set(edit.file, [edit]);
    else list.push(edit);
  }
  return files;
}

/** The digest of a change: over the names and the new texts of the edited files, so that the way does not matter. */
export function changeDigest(edits: readonly TextEdit[], textOf: (file: string) => string): string {
  const parts: string[] = [];
  for (const [file, own] of byFile(edits)) parts.push(file, applyEdits(textOf(file), own));
  return sha256(parts.join('\0'));
}

function sortEdits(edits: readonly Edit[]): Edit[] {
  return [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
}
