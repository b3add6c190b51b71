// The lockfile answers for every platform, so that `npm ci` accepts it on each of them.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { missingEntries } from '../../scripts/complete-lockfile.ts';

test('package-lock.json has an entry for every optional package (mend: node scripts/complete-lockfile.ts)', async () => {
  const lock = JSON.parse(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8'));
  expect([...missingEntries(lock).keys()]).toEqual([]);
});

test('an optional package of another platform without an entry is found, beside its holder or inside it', () => {
  const packages = {
    'node_modules/tool': {
      version: '1.0.0',
      dev: true,
      optionalDependencies: { '@tool/linux-x64': '1.0.0', '@tool/darwin-arm64': '1.0.0' },
    },
    'node_modules/@tool/linux-x64': { version: '1.0.0' },
    'node_modules/other': { version: '2.0.0' },
    'node_modules/other/node_modules/tool': {
      version: '0.9.0',
      optionalDependencies: { '@tool/linux-x64': '0.9.0' },
    },
  };
  expect([...missingEntries({ packages })]).toEqual([
    [
      'node_modules/@tool/darwin-arm64',
      { version: '1.0.0', cpu: ['arm64'], dev: true, optional: true, os: ['darwin'] },
    ],
    [
      'node_modules/other/node_modules/@tool/linux-x64',
      { version: '0.9.0', cpu: ['x64'], optional: true, os: ['linux'] },
    ],
  ]);
});
