import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatWeek, parseWeek } from '../src/index.ts';

test('puts days of equal hours together', () => {
  assert.equal(formatWeek(parseWeek('Mo 09:00-17:00; We 09:00-17:00; Tu 09:00-17:00')), 'Mo-We 09:00-17:00');
});

test('keeps days of other hours apart', () => {
  const text = 'Mo-Fr 09:00-12:30,13:30-18:00; Sa 10:00-14:00';
  assert.equal(formatWeek(parseWeek(text)), text);
});

test('a night belongs to the day on which it begins', () => {
  assert.equal(formatWeek(parseWeek('Sa-Su 22:00-02:00')), 'Sa-Su 22:00-02:00');
});

test('a week without a break is printed day by day', () => {
  assert.equal(formatWeek(parseWeek('Mo-Su 00:00-24:00')), 'Mo-Su 00:00-24:00');
});

test('nothing is printed for a week that never opens', () => {
  assert.equal(formatWeek(parseWeek('')), '');
});

test('what was printed is read as the same week', () => {
  for (const text of ['Mo-Fr 08:15-16:45', 'Fr 18:00-06:00; Sa 18:00-06:00', 'Su 12:00-24:00; Mo 00:00-12:00']) {
    const week = parseWeek(text);
    assert.deepEqual(parseWeek(formatWeek(week)), week, text);
  }
});
