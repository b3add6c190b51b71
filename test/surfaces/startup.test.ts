// Starting is cheap: what only work needs is not loaded to say the version or to help.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const LAUNCHER = fileURLToPath(new URL('../../bin/cambium.js', import.meta.url));
const TELL_LOADED = `
import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => { process.stderr.write(url + '\\n'); return next(url, context); } });
`;

test.each([['--version'], ['--help'], ['help', 'exit-codes']])(
  '%s loads no schema, no driver and no parser',
  async (...argv) => {
    const hook = `data:text/javascript,${encodeURIComponent(TELL_LOADED)}`;
    const { stderr } = await promisify(execFile)(process.execPath, ['--import', hook, LAUNCHER, ...argv]);
    const loaded = stderr.split('\n');
    expect(loaded.some((url) => url.endsWith('/src/main.ts'))).toBe(true);
    expect(loaded.filter((url) => /\/node_modules\/(?!commander\/)/.test(url))).toEqual([]);
  },
);
