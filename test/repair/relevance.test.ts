// Which files are read at all: what failing tests reach, nearest first, and no more than the limits say.
import { expect, test } from 'vitest';
import { readRelevant } from '#repair/relevance.ts';

const FILES: Record<string, string> = {
  'src/a.js': "require('./b.js');\n",
  'src/b.js': "require('./c.js');\n",
  'src/c.js': 'exports.c = 1;\n',
  'src/far.js': 'exports.far = 1;\n',
  'src/price-list.js': 'exports.price = 1;\n',
  'packages/money/src/index.ts': 'export const money = 1;\n',
};
const pointer = (text: string, words = '') => ({ file: 'test/a.test.js', text, words });

async function read(
  from: ReturnType<typeof pointer>,
  limits: { files?: number; chars?: number; unreachedChars?: number } = {},
) {
  const seen: string[] = [];
  const { files, leftOut } = await readRelevant(Object.keys(FILES), [from], {
    limits: { files: 100, chars: 10_000, unreachedChars: 10_000, ...limits },
    read: async (path) => {
      seen.push(path);
      return FILES[path] ?? null;
    },
  });
  return { paths: files.map((file) => file.path), files, leftOut, seen };
}

test('imports are followed nearest first, and each file knows its distance', async () => {
  const { files } = await read(pointer("require('../src/a.js');"), { unreachedChars: 0 });
  expect(files.map(({ path, distance }) => [path, distance])).toEqual([
    ['src/a.js', 0],
    ['src/b.js', 1],
    ['src/c.js', 2],
  ]);
});

test('what does not fit is not read, and counted', async () => {
  const { paths, leftOut, seen } = await read(pointer("require('../src/a.js');"), { files: 2 });
  expect(paths).toEqual(['src/a.js', 'src/b.js']);
  expect(leftOut).toBe(4);
  expect(seen).not.toContain('src/far.js');
});

test('a file that the failure names comes before all others', async () => {
  const { paths } = await read(pointer("require('../src/a.js');", 'at /workspace/src/far.js:3:1'), {
    files: 1,
  });
  expect(paths).toEqual(['src/far.js']);
});

test('a package of the repository is found by its name', async () => {
  const { paths } = await read(pointer("import { money } from '@acme/money';"), { unreachedChars: 0 });
  expect(paths).toEqual(['packages/money/src/index.ts']);
});

test('where no import leads anywhere, files are taken by the words of the failing test', async () => {
  const { paths } = await read(pointer('', 'the price is wrong'), { files: 1 });
  expect(paths).toEqual(['src/price-list.js']);
});
