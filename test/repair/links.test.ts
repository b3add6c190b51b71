// Links of chains, taken from elsewhere in the file.
import { expect, test } from 'vitest';
import { applyEdits } from '#repair/edits.ts';
import { ideasFor } from './reached.ts';

const SOURCE = `const SLASH = /\\//g;
const HASH = /#/g;
export function path(text: string): string {
  return encodeURI(text).replace(HASH, '%23').replace(SLASH, '%2F');
}
export function query(text: string, sizes: number[]): string {
  const count = sizes.length;
  return encodeURI(text)
    .replace(HASH, '%23')
    .trim() + count;
}
export function upper(text: string, list: string[]) {
  return list.map((one) => one.trim()).filter(Boolean).join(text);
}
`;

const reached = () =>
  ideasFor(SOURCE, { language: 'typescript' })
    .filter((idea) => idea.template === 'chain-link')
    .map((idea) => applyEdits(SOURCE, idea.edits).replace(/\s+/g, ' '));

test('a chain gets a further link that another chain of the file has', () => {
  const texts = reached();
  expect(
    texts.some((text) => text.includes(".replace(HASH, '%23') .trim().replace(SLASH, '%2F') + count")),
  ).toBe(true);
  expect(
    texts.some((text) => text.includes(".replace(HASH, '%23').replace(SLASH, '%2F') .trim() + count")),
  ).toBe(true);
});

test('a link is only put where its method and its names can be', () => {
  const texts = reached();
  expect(texts.length).toBeGreaterThan(5);
  expect(texts.filter((text) => /sizes\.(?:replace|trim)|count\.(?:replace|trim|map)/.test(text))).toEqual(
    [],
  );
  expect(texts.filter((text) => /text\.(?:join|filter|map)\(/.test(text))).toEqual([]);
});
