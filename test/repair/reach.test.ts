// Without coverage: what failing tests import comes first, and what they name before the rest of it.
import { describe, expect, test } from 'vitest';
import { distancesFrom } from '#repair/imports.ts';
import { reachMap } from '#repair/reach.ts';
import { readSources } from '#repair/sources.ts';

const FILES: Record<string, string> = {
  'src/index.ts': "export * from './url.js';\nexport { parse } from './parse.ts';\n",
  'src/url.ts':
    'export function join(a: string) { return a; }\nexport function encode(a: string) { return a; }\n',
  'src/parse.ts': "import { join } from './url';\nexport const parse = (text: string) => join(text);\n",
  'src/unused.ts': 'export function idle() { return 1; }\n',
  'build.ts': 'export function build() { return 2; }\n',
};
const workspace = { root: '/nowhere', mounts: [], read: async (path: string) => FILES[path] ?? '' };
const pointer = {
  file: 'test/url.test.ts',
  text: "import { encode } from '../src';\ntest('works', () => encode('a'));\n",
  words: 'encode › keeps slashes',
};

test('imports are followed through barrels, extensions and folders, and counted', () => {
  const files = Object.entries(FILES).map(([path, text]) => ({ path, text }));
  expect(Object.fromEntries(distancesFrom([pointer], files))).toEqual({
    'src/index.ts': 0,
    'src/url.ts': 1,
    'src/parse.ts': 1,
  });
});

test('imports of Python modules are found beside the test, from the root, and relative to a package', () => {
  const files = ['pkg/__init__.py', 'pkg/core.py', 'helper.py'].map((path) => ({
    path,
    text: 'from .core import x\n',
  }));
  const from = { file: 'tests/test_a.py', text: 'import helper\nfrom pkg import thing\n', words: '' };
  expect(Object.fromEntries(distancesFrom([from], files))).toMatchObject({
    'helper.py': 0,
    'pkg/__init__.py': 0,
    'pkg/core.py': 1,
  });
});

describe('suspicion', () => {
  test('the function that the failing test names comes first, what no test reaches last', async () => {
    const { files } = await readSources(Object.keys(FILES), 'javascript', { workspace, pointers: [pointer] });
    const { suspects } = reachMap([pointer], files);
    expect(suspects[0]).toMatchObject({ file: 'src/url.ts', source: expect.stringContaining('encode') });
    const last = suspects.slice(-3).map((suspect) => suspect.file);
    expect(last).toContain('build.ts');
    expect(last).toContain('src/unused.ts');
  });

  test('a node inside a function is suspected like the function', async () => {
    const { files } = await readSources(['src/url.ts', 'src/unused.ts'], 'javascript', {
      workspace,
      pointers: [pointer],
    });
    const map = reachMap([{ ...pointer, text: "import { encode } from '../src/url.ts';" }], files);
    const scope = files
      .find((file) => file.path === 'src/url.ts')
      ?.scopes.find((one) => one.name === 'encode');
    const inner = scope?.node.children.at(-1);
    expect(inner && map.suspicionOf(inner)).toBeGreaterThan(0.5);
  });
});
