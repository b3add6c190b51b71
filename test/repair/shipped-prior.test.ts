// The prior that is shipped: where it comes from is written beside it, and what judges the engine is not among it.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createBitsShift } from '#repair/learn/priors.ts';
import { readShippedPrior } from '#repair/learn/shipped.ts';

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));

test('no repository that judges the engine has trained the prior', () => {
  const judging: string[] = read('bench/manifests/libraries.json').libraries.map(
    (one: { repository: string }) => one.repository.toLowerCase(),
  );
  const priors = read('presets/repair/priors.json');
  const trained: string[] = priors.sources.map(({ url }: { url: string }) =>
    url.toLowerCase().replace('https://github.com/', ''),
  );
  expect(judging.length).toBeGreaterThan(5);
  expect(trained.length).toBeGreaterThan(5);
  expect(trained.filter((name) => judging.includes(name))).toEqual([]);
  expect(
    judging.filter((name) => !priors.excluded.map((one: string) => one.toLowerCase()).includes(name)),
  ).toEqual([]);
});

test('every source names its commit and licence, and holds what the manifest lists', () => {
  const manifest = read('presets/repair/sources.json').sources;
  const { sources } = read('presets/repair/priors.json');
  const plain = sources.map(({ url, commit, licence }: Record<string, string>) => ({ url, commit, licence }));
  expect(plain).toEqual(manifest);
  for (const one of plain)
    expect(one).toMatchObject({ commit: expect.stringMatching(/^[0-9a-f]{40}$/), licence: 'MIT' });
});

test('it moves costs, within the bound, and makes no removal cheaper', () => {
  const shift = createBitsShift(readShippedPrior().javascript, []);
  const templates = Object.keys(readShippedPrior().javascript.templates);
  const bits = templates.map((template) => shift(template, 'unknown'));
  expect(bits.some((one) => one < -0.1) && bits.some((one) => one > 0.1)).toBe(true);
  expect(Math.max(...bits.map(Math.abs))).toBeLessThanOrEqual(2.5);
  expect(shift('delete', 'expression_statement')).toBeGreaterThanOrEqual(0);
});
