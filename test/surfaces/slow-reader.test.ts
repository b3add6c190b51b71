// What the command line prints reaches its reader whole, however much it is and however slow the reader.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const CAMBIUM = fileURLToPath(new URL('../../bin/cambium.js', import.meta.url));
/** More than a pipe holds at once, in one argument that the system still allows. */
const LONG_PATH = 'x'.repeat(120_000);

test('a document longer than a pipe holds arrives whole', { timeout: 60_000 }, async () => {
  // A shell's pipe, as a person would type it; between two Node processes there would be a larger buffer.
  const script = '"$@" 2>/dev/null | cat';
  const command = [process.execPath, CAMBIUM, 'solve', LONG_PATH, '--json'];
  const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', ...command], {
    maxBuffer: 10_000_000,
  });
  expect(stdout.length).toBeGreaterThan(120_000);
  expect(JSON.parse(stdout)).toHaveProperty('error.code');
});
