// Confined files: what leaves the directory, by dots, by being absolute, by a link or by not being a file, is refused.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfined, writeConfined } from '#sandbox/files.ts';
import { makeDirectory, remove } from './support.ts';

let directory = '';
let root = '';
beforeEach(() => {
  directory = makeDirectory();
  root = join(directory, 'tree');
  mkdirSync(join(root, 'sub'), { recursive: true });
  writeFileSync(join(directory, 'outside'), 'secret');
  writeFileSync(join(root, 'sub/file'), 'content');
});
afterEach(() => remove(directory));
const read = (path: string, maxBytes = 1000): Promise<Buffer> => readConfined(root, path, { maxBytes });

test('R37: files inside are read and written, directories made on the way', async () => {
  expect((await read('sub/file')).toString()).toBe('content');
  expect((await read('./sub//file')).toString()).toBe('content');
  await writeConfined(root, 'a/b/c', 'new');
  await writeConfined(root, 'sub/file', 'x');
  expect(readFileSync(join(root, 'a/b/c'), 'utf8')).toBe('new');
  expect(readFileSync(join(root, 'sub/file'), 'utf8')).toBe('x');
});

test.each(['../outside', '/etc/passwd', 'sub/../../outside', '', '.', 'sub/..', 'a\0b'])(
  'R37: %j is refused',
  async (path) => {
    await expect(read(path)).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
    await expect(writeConfined(root, path, 'x')).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
  },
);

test('R37: links are refused at every place of a path, for reading and for writing', async () => {
  symlinkSync('../outside', join(root, 'link'));
  symlinkSync('..', join(root, 'up'));
  symlinkSync('sub', join(root, 'also'));
  symlinkSync('../nowhere', join(root, 'dangling'));
  for (const path of ['link', 'up/outside', 'also/file', 'dangling', 'up/new', 'also/new/file']) {
    await expect(writeConfined(root, path, 'evil')).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
    await expect(read(path)).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
  }
  expect(readFileSync(join(directory, 'outside'), 'utf8')).toBe('secret');
});

test('R37: pipes, directories and devices are refused without waiting for them', async () => {
  execFileSync('mkfifo', [join(root, 'pipe')]);
  await expect(read('pipe')).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
  await expect(writeConfined(root, 'pipe', 'x')).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
  await expect(read('sub')).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
  await expect(writeConfined(root, 'sub', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(readConfined('/dev', 'zero', { maxBytes: 10 })).rejects.toMatchObject({ code: 'PATH_ESCAPE' });
});

test('R37: size is bounded, a missing file is named, bytes are not touched', async () => {
  await expect(read('sub/file', 3)).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    details: { size: 7, maxBytes: 3 },
  });
  await expect(read('nothing/here')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const bytes = Buffer.from([0xff, 0xfe, 0, 0x80]);
  await writeConfined(root, 'bytes', bytes);
  expect(await read('bytes')).toEqual(bytes);
  linkSync(join(root, 'bytes'), join(root, 'twice'));
  expect(await read('twice')).toEqual(bytes);
});
