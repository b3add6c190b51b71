// Which files can be switched in where there is more text than is looked at.
import { expect, test } from 'vitest';
import { shapesOf } from '#repair/shapes.ts';
import { readSources } from '#repair/sources.ts';

test('however long a suite is, the sources and the failing tests have shapes; further tests as far as there is room', async () => {
  const long = `test('x', () => { run(); });\n`.repeat(2_000);
  const texts: Record<string, string> = {
    'src/run.js': 'export function run() {\n  return 1;\n}\n',
    'test/failing.test.js': long,
    ...Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`test/${index}.test.js`, long])),
  };
  const workspace = { root: '/nowhere', mounts: [], read: async (path: string) => texts[path] ?? '' };
  const { files } = await readSources(['src/run.js'], 'javascript', { workspace, pointers: [] });
  const passing = Object.keys(texts).filter((path) => /\d\.test/.test(path));
  const shapes = await shapesOf(files, { failing: ['test/failing.test.js'], passing }, workspace);
  expect(Object.keys(shapes)).toEqual(['test/failing.test.js', 'src/run.js', 'test/0.test.js']);
  expect(shapes['src/run.js']?.functions).toHaveLength(1);
});
