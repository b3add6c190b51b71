// What of a repository may be repaired, told by path.
import { expect, test } from 'vitest';
import { isCodeUnderTest } from '#code/test-files.ts';

test('a repository that counts as JavaScript for its fixtures still has its TypeScript repaired', () => {
  for (const language of ['javascript', 'typescript'] as const) {
    for (const path of ['src/url.ts', 'src/url.mjs', 'lib/view.tsx'])
      expect(isCodeUnderTest(path, language, null), path).toBe(true);
  }
});

test('tests, declarations, settings of tools and other languages are not repaired', () => {
  for (const path of [
    'test/url.test.ts',
    'test/fixture/a.js',
    'src/url.d.ts',
    'vite.config.ts',
    'tools/run.py',
  ])
    expect(isCodeUnderTest(path, 'typescript', null), path).toBe(false);
  expect(isCodeUnderTest('tools/run.py', 'python', null)).toBe(true);
  expect(isCodeUnderTest('src/url.ts', 'python', null)).toBe(false);
  const plan = { runner: 'mocha', argv: ['mocha', 'checks.js'], directory: '.', origin: 'x' } as const;
  expect(isCodeUnderTest('checks.js', 'javascript', { ...plan, argv: [...plan.argv] })).toBe(false);
});
