// How wide text is in a terminal: wide letters and pictures take two cells, marks that sit on a letter none.

const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const INVISIBLE = /^[\p{M}\p{Cf}]+$/u;

/** Cells that a line takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const letter of lettersOf(text)) width += widthOf(letter);
  return width;
}

/** The text in exactly `width` cells: cut with an ellipsis, or filled with spaces. */
export function toWidth(text: string, width: number): string {
  const whole = displayWidth(text);
  if (whole <= width) return text + ' '.repeat(width - whole);
  if (width < 1) return '';
  let kept = '';
  let used = 0;
  for (const letter of lettersOf(text)) {
    if (used + widthOf(letter) > width - 1) break;
    kept += letter;
    used += widthOf(letter);
  }
  return `${kept}…${' '.repeat(width - 1 - used)}`;
}

function widthOf(letter: string): number {
  if (INVISIBLE.test(letter)) return 0;
  return WIDE.test(letter) ? 2 : 1;
}

/** What a reader takes for one letter: a base with its marks, a flag, a family. */
function lettersOf(text: string): string[] {
  return Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment);
}
