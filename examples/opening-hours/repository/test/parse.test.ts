import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWeek } from '../src/parse.ts';

const DAY = 1440;

test('reads one rule for several days', () => {
  assert.deepEqual(parseWeek('Mo-Tu 09:00-17:00').spans, [
    { start: 540, end: 1020 },
    { start: DAY + 540, end: DAY + 1020 },
  ]);
});

test('reads a lunch break', () => {
  assert.deepEqual(parseWeek('Mo 09:00-12:30,13:30-18:00').spans, [
    { start: 540, end: 750 },
    { start: 810, end: 1080 },
  ]);
});

test('joins rules that touch', () => {
  assert.deepEqual(parseWeek('Mo 12:00-15:00; Mo 09:00-12:00').spans, [{ start: 540, end: 900 }]);
});

test('hours may pass midnight', () => {
  assert.deepEqual(parseWeek('Mo 22:00-02:00').spans, [{ start: 1320, end: DAY + 120 }]);
});

test('what passes the end of the week goes on at its start', () => {
  assert.deepEqual(parseWeek('Su 22:00-02:00').spans, [
    { start: 0, end: 120 },
    { start: 6 * DAY + 1320, end: 7 * DAY },
  ]);
});

test('off closes whole days that earlier rules opened', () => {
  assert.deepEqual(parseWeek('Mo-We 09:00-17:00; Tu off').spans, [
    { start: 540, end: 1020 },
    { start: 2 * DAY + 540, end: 2 * DAY + 1020 },
  ]);
});

test('an empty text is a week that never opens', () => {
  assert.deepEqual(parseWeek('').spans, []);
  assert.deepEqual(parseWeek(' ; ').spans, []);
});

test('says which part cannot be read', () => {
  assert.throws(() => parseWeek('Mo'), /not a rule: Mo/);
  assert.throws(() => parseWeek('Mo 09:00'), /not a range of hours: 09:00/);
  assert.throws(() => parseWeek('Mo 09:00-25:00'), /not a time of day: 25:00/);
  assert.throws(() => parseWeek('Xx 09:00-10:00'), /not a day of the week: Xx/);
});
