// Old versions of vitest keep their entry elsewhere, and want to see their worker: opened in a process of their own.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const HARNESS = new URL('../../src/repair/harness/', import.meta.url).href;
/** What versions before 0.29 do when they are imported. */
const ENTRY = `if (typeof __vitest_mocker__ === 'undefined') throw new Error('native Node instead of Vite Node');
if (typeof __vitest_worker__ === 'undefined') throw new Error('no worker');
export const vi = { spyOn() {} };
export const expect = (value) => ({ toBe: (other) => { if (value !== other) throw new Error(value + ' is not ' + other); } });
expect.extend = () => {};
`;
const OPEN = `import { createPackages } from '${HARNESS}javascript-packages.ts';
import { openVitest } from '${HARNESS}javascript-vitest.ts';
const settings = { globals: true, beforeEach: [], env: {}, timeoutMs: null, retries: 0 };
const api = openVitest(createPackages(process.argv[1]), settings);
const { test, expect } = api.globals;
const collected = api.open();
test('one', () => expect(1).toBe(2));
const ended = [];
const how = { file: 'a.test.js', wanted: null, stopAtFailure: false, onStart() {}, stray: () => null, isBusy: () => false, explain: (thrown) => thrown.message };
await api.run(collected, { ...how, onEnd: (one) => ended.push(one) });
console.log(ended[0].path[0], ended[0].status, ended[0].error.split('\\n')[0]);
`;

test('a vitest whose entry is dist/index.mjs and which looks for its mocker is opened and its expect used', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cambium-vitest-versions-'));
  try {
    const folder = join(root, 'node_modules', 'vitest');
    await mkdir(join(folder, 'dist'), { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"name":"vitest","version":"0.20.3","type":"module"}');
    await writeFile(join(folder, 'dist', 'index.mjs'), ENTRY);
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', OPEN, root]);
    expect((await run).stdout).toContain('one failed');
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
