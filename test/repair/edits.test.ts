// The laws of text edits.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TextEdit } from '#contracts/edit.ts';
import { applyEdits, changeDigest, editsAreDisjoint } from '#repair/edits.ts';

const planned = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).chain((text) =>
  fc.record({
    text: fc.constant(text),
    cuts: fc
      .uniqueArray(fc.nat(text.length), { minLength: 2, maxLength: 8 })
      .map((cuts) => cuts.sort((a, b) => a - b)),
    words: fc.array(fc.string({ maxLength: 5 }), { minLength: 8, maxLength: 8 }),
  }),
);

function editsFrom(cuts: readonly number[], words: readonly string[]) {
  const edits: { start: number; end: number; text: string }[] = [];
  for (let i = 0; i + 1 < cuts.length; i += 2) {
    edits.push({ start: cuts[i] ?? 0, end: cuts[i + 1] ?? 0, text: words[i] ?? '' });
  }
  return edits;
}

test('edits applied at once give the same as one after the other from the end', () => {
  fc.assert(
    fc.property(planned, ({ text, cuts, words }) => {
      const edits = editsFrom(cuts, words);
      const oneByOne = [...edits].reverse().reduce((now, edit) => applyEdits(now, [edit]), text);
      expect(applyEdits(text, edits)).toBe(oneByOne);
      expect(applyEdits(text, [...edits].reverse())).toBe(oneByOne);
    }),
  );
});

test('an edit can be taken back by the edit that puts the old text in place', () => {
  fc.assert(
    fc.property(planned, ({ text, cuts, words }) => {
      const [edit] = editsFrom(cuts, words);
      if (edit === undefined) return;
      const changed = applyEdits(text, [edit]);
      const back = {
        start: edit.start,
        end: edit.start + edit.text.length,
        text: text.slice(edit.start, edit.end),
      };
      expect(applyEdits(changed, [back])).toBe(text);
    }),
  );
});

test('edits that overlap or leave the file are refused', () => {
  expect(() =>
    applyEdits('abcdef', [
      { start: 0, end: 3, text: 'x' },
      { start: 2, end: 4, text: 'y' },
    ]),
  ).toThrow(/overlaps/);
  expect(() => applyEdits('abc', [{ start: 2, end: 9, text: '' }])).toThrow(/leaves/);
  expect(
    editsAreDisjoint([
      { start: 0, end: 3, text: '' },
      { start: 2, end: 4, text: '' },
    ]),
  ).toBe(false);
  expect(
    editsAreDisjoint([
      { start: 1, end: 1, text: 'a' },
      { start: 1, end: 1, text: 'b' },
    ]),
  ).toBe(false);
  expect(
    editsAreDisjoint([
      { start: 0, end: 2, text: '' },
      { start: 2, end: 4, text: '' },
    ]),
  ).toBe(true);
});

test('equal changes have one digest, however they are written', () => {
  const textOf = () => 'a < b';
  const narrow: TextEdit[] = [{ file: 'x.js', start: 2, end: 3, text: '<=' }];
  const wide: TextEdit[] = [{ file: 'x.js', start: 0, end: 5, text: 'a <= b' }];
  expect(changeDigest(narrow, textOf)).toBe(changeDigest(wide, textOf));
  expect(changeDigest(narrow, textOf)).not.toBe(
    changeDigest([{ file: 'y.js', start: 2, end: 3, text: '<=' }], textOf),
  );
});
