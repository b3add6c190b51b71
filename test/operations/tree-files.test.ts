// Where a path inside a repository belongs.
import { expect, test } from 'vitest';
import { packageDirectory } from '#operations/tree-files.ts';

const FILES = [
  'package.json',
  'src/a.js',
  'packages/b/package.json',
  'packages/b/src/deep/c.js',
  'tools/setup.py',
  'tools/x/y.py',
];

test.each([
  ['.', '.'],
  ['src', '.'],
  ['packages', '.'],
  ['packages/b', 'packages/b'],
  ['packages/b/src/deep', 'packages/b'],
  ['tools/x', 'tools'],
])('%s belongs to the package in %s', (directory, expected) => {
  expect(packageDirectory(FILES, directory)).toBe(expected);
});

test('without any manifest everything belongs to the root', () => {
  expect(packageDirectory(['a/b.js'], 'a')).toBe('.');
});
