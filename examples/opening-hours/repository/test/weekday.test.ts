import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayIndex, formatDays, parseDays } from '../src/weekday.ts';

test('finds a day whatever its case', () => {
  assert.equal(dayIndex('Mo'), 0);
  assert.equal(dayIndex('su'), 6);
});

test('refuses what is no day', () => {
  assert.throws(() => dayIndex('Monday'), /not a day of the week: Monday/);
});

test('reads single days, ranges and both', () => {
  assert.deepEqual(parseDays('We'), [2]);
  assert.deepEqual(parseDays('Mo-Fr'), [0, 1, 2, 3, 4]);
  assert.deepEqual(parseDays('Sa,Mo-Tu,Sa'), [0, 1, 5]);
});

test('reads a range that passes the end of the week', () => {
  assert.deepEqual(parseDays('Sa-Mo'), [0, 5, 6]);
});

test('prints days as ranges', () => {
  assert.equal(formatDays([0, 1, 2, 5]), 'Mo-We,Sa');
  assert.equal(formatDays([6]), 'Su');
  assert.equal(formatDays([4, 3]), 'Th-Fr');
});
