// Likeness of wanted work: what must count as the same, what must not, and that the order of asking does not matter.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findSimilar, type Wording } from '#projects/similarity.ts';

const say = (title: string, description = ''): Wording => ({ title, description });
const LOGIN = say(
  'Login fails on Safari',
  'After the password is entered the page stays blank. Cookies are blocked.',
);
const BACKLOG = [
  LOGIN,
  say('Export invoices as CSV', 'Accounting wants a file per month with net, tax and gross.'),
  say('Dark mode for the settings page', 'Follow the system preference and remember the choice.'),
  say('Speed up the search for customers', 'Searching takes eight seconds with a million rows.'),
];
const score = (one: Wording, other: Wording): number =>
  findSimilar(one, [other, ...BACKLOG], { atLeast: 0, limit: 10 }).find(({ item }) => item === other)
    ?.score ?? -1;

test('O65: the same request in other order, case and punctuation is above the bound of merging', () => {
  const again = say(
    'LOGIN fails, on Safari!',
    'Cookies are blocked. The page stays blank after the password is entered.',
  );
  expect(score(again, { ...LOGIN })).toBeGreaterThanOrEqual(0.97);
});

test('O65: a request with a word more, or mistyped, is above the bound of asking', () => {
  const more = say(
    'Login fails on Safari',
    'After the password is entered the page stays blank. Cookies are blocked, it seems.',
  );
  expect(score(more, { ...LOGIN })).toBeGreaterThanOrEqual(0.9);
});

test('O65: other work is far below, even where the words of trade are shared', () => {
  expect(
    score(say('Logout button for Safari users', 'There is none in the menu.'), { ...LOGIN }),
  ).toBeLessThan(0.5);
  for (const one of BACKLOG)
    for (const other of BACKLOG) if (one !== other) expect(score(one, { ...other })).toBeLessThan(0.3);
});

test('O65: equal titles over different descriptions are not the same work', () => {
  const one = say('Fix the failing tests', 'The parser drops the last line.');
  const other = say('Fix the failing tests', 'Rounding of prices is wrong in yen.');
  expect(score(one, other)).toBeLessThan(0.75);
  expect(score(one, say('Fix the failing tests'))).toBeCloseTo(1);
});

test('likeness is the same both ways, lies between 0 and 1, and everything is like itself', () => {
  const wording = fc.record({
    title: fc.string({ minLength: 1, maxLength: 60 }),
    description: fc.string({ maxLength: 200 }),
  });
  fc.assert(
    fc.property(wording, wording, (one, other) => {
      const there = findSimilar(one, [other], { atLeast: 0, limit: 1 })[0]?.score ?? 0;
      const back = findSimilar(other, [one], { atLeast: 0, limit: 1 })[0]?.score ?? 0;
      expect(there).toBeCloseTo(back, 10);
      expect(there).toBeGreaterThanOrEqual(0);
      expect(there).toBeLessThanOrEqual(1);
      const self = findSimilar(one, [{ ...one }], { atLeast: 0, limit: 1 })[0]?.score ?? 0;
      if (/\p{L}/u.test(one.title) && (one.description === '' || /\p{L}/u.test(one.description)))
        expect(self).toBeCloseTo(1, 10);
    }),
  );
});

test('words of scripts without spaces are compared by their letters', () => {
  expect(score(say('検索が遅い顧客一覧'), say('検索が遅い顧客一覧で'))).toBeGreaterThan(0.5);
  expect(score(say('検索が遅い顧客一覧'), say('請求書を出力する'))).toBeLessThan(0.1);
});
