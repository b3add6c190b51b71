// The parts of the history benchmark that decide figures: places in a ranking, equal programs, harvested inputs, readings.
import { describe, expect, test } from 'vitest';
import { harvest } from '../../bench/history/harvest.ts';
import { changedLines, placeOf } from '../../bench/history/place.ts';
import { relatedTests } from '../../bench/history/related.ts';
import { sameProgram } from '../../bench/history/same.ts';
import { evaluate, type SheetEntry } from '../../bench/history/sheet.ts';

describe('the place of the fault', () => {
  test('is told by deleted and replaced lines, for an insertion by the lines on both sides', () => {
    expect(changedLines('a\nb\nc\nd', 'a\nB\nc\nd')).toEqual([2]);
    expect(changedLines('a\nb\nc\nd', 'a\nb\nx\ny\nc\nd')).toEqual([2, 3]);
    expect(changedLines('a\nb\nc\nd', 'a\nd')).toEqual([2, 3]);
    expect(changedLines('a\nb', 'a\nb')).toEqual([]);
  });

  test('is averaged over ties, and files that share the first place are counted', () => {
    const suspect = (file: string, line: number, suspicion: number) => ({
      file,
      line,
      suspicion,
      source: '',
    });
    const suspects = [
      suspect('a.js', 1, 0.9),
      suspect('b.js', 3, 0.7),
      suspect('b.js', 4, 0.7),
      suspect('a.js', 9, 0.7),
      suspect('b.js', 8, 0.2),
    ];
    expect(placeOf(suspects, 'b.js', [4])).toEqual({
      fileRank: 2,
      filesFirst: 1,
      lineAveraged: 3,
      lineBest: 2,
    });
    // Line 6 lies inside the statement that begins at line 4; line 2 comes before every statement.
    expect(placeOf(suspects, 'b.js', [6])).toMatchObject({ lineAveraged: 3 });
    expect(placeOf(suspects, 'b.js', [2])).toMatchObject({ lineAveraged: null, lineBest: null });
    expect(placeOf(suspects, 'c.js', [1])).toMatchObject({ fileRank: null, lineAveraged: null });
  });
});

test('programs are the same whatever their layout, quotes, comments and parentheses, and differ by a sign', () => {
  const text = `export const f = (a: number): string => (a > 1 ? "x" : 'y') // why`;
  expect(sameProgram('a.ts', text, `export const f = (a: number): string =>\n  a > 1 ? 'x' : 'y';\n`)).toBe(
    true,
  );
  expect(sameProgram('a.ts', text, text.replace('> 1', '>= 1'))).toBe(false);
  expect(sameProgram('a.ts', 'let =', 'let = ')).toBe(false);
});

test('inputs are expressions that need only the imports of the library, and variants of their literals', () => {
  const file = `import { expect, test } from 'vitest'
import { join, split as cut } from '../src/path'
test('x', () => {
  const local = 5
  expect(join('a', 'b')).toBe('a/b')
  expect(join(local, 'c')).toBe('5/c')
  expect([1, 2].map((n) => cut(n, true))).toEqual([])
})`;
  const found = harvest('test/path.test.ts', file, 7);
  expect(found?.expressions).toContain("join('a', 'b')");
  expect(found?.expressions).toContain('[1, 2].map((n) => cut(n, true))');
  expect(found?.expressions.some((one) => one.includes('local') || one.includes('expect'))).toBe(false);
  expect(found?.expressions.filter((one) => /^join\(/.test(one)).length).toBeGreaterThan(5);
  expect(found?.head).toBe(file.split('\n').slice(0, 2).join('\n'));
  expect(harvest('test/path.test.ts', file, 7)).toEqual(found);
  expect(harvest('test/none.test.ts', `import { test } from 'vitest'\ntest('a', () => {})`, 7)).toBeNull();
});

test('related tests are those from which imports lead to the source, the given ones first', async () => {
  const files: Record<string, string> = {
    'src/a.ts': '',
    'src/index.ts': `export * from './a'`,
    'src/other.ts': '',
    'test/a.test.ts': `import { a } from '../src/a.js'`,
    'test/all.test.ts': `import * as all from '../src'`,
    'test/other.test.ts': `import '../src/other'`,
  };
  const read = (path: string) => Promise.resolve(files[path] ?? '');
  const found = await relatedTests(Object.keys(files), read, {
    source: 'src/a.ts',
    tests: ['test/a.test.ts'],
  });
  expect(found).toEqual(['test/a.test.ts', 'test/all.test.ts']);
});

test('a change is right when both readers say so of the letter it has, whichever that is', () => {
  const entry = (id: string, ours: 'a' | 'b'): SheetEntry => ({
    id,
    ours,
    commit: id,
    repository: 'x',
    text: '',
  });
  const key = [entry('1', 'a'), entry('2', 'b'), entry('3', 'a'), entry('4', 'b')];
  const reading = evaluate(
    key,
    { '1': 'both', '2': 'a', '3': 'a', '4': 'b' },
    { '1': 'a', '2': 'neither', '3': 'b' },
  );
  expect(reading).toMatchObject({ read: 3, bothRight: ['1'], disputed: ['3'] });
  expect(reading.agreement).toBeCloseTo(2 / 3);
});
