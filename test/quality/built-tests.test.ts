// Tests that are built before they run: the certificate finds their sources, and plants its failures there.
import { describe, expect, test } from 'vitest';
import { sourceOfBuilt } from '#quality/canary.ts';

describe('the source of a built test file', () => {
  const tests = [
    'test/clamp.test.ts',
    'test/deep/clamp.test.ts',
    'packages/a/src/x.spec.tsx',
    'packages/b/src/x.spec.tsx',
  ];

  test.each([
    ['dist/test/clamp.test.js', 'test/clamp.test.ts'],
    ['build/out/test/deep/clamp.test.mjs', 'test/deep/clamp.test.ts'],
    ['packages/a/dist/src/x.spec.js', null],
    ['dist/packages/b/src/x.spec.js', 'packages/b/src/x.spec.tsx'],
    ['dist/none.test.js', null],
  ])('%s → %s', (built, source) => {
    expect(sourceOfBuilt(built, tests)).toBe(source);
  });
});
