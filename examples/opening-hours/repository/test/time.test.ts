import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTime, parseTime } from '../src/time.ts';

test('reads times with one or two digits for the hour', () => {
  assert.equal(parseTime('09:30'), 570);
  assert.equal(parseTime('9:30'), 570);
});

test('knows both ends of the day', () => {
  assert.equal(parseTime('00:00'), 0);
  assert.equal(parseTime('24:00'), 1440);
});

test('refuses what is no time of day', () => {
  for (const text of ['24:01', '12:60', '12', 'noon', '-1:00', '']) {
    assert.throws(() => parseTime(text), RangeError, text);
  }
});

test('prints times with two digits each', () => {
  assert.equal(formatTime(0), '00:00');
  assert.equal(formatTime(545), '09:05');
  assert.equal(formatTime(1440), '24:00');
});

test('refuses to print minutes outside the day', () => {
  assert.throws(() => formatTime(1441), RangeError);
  assert.throws(() => formatTime(-1), RangeError);
  assert.throws(() => formatTime(1.5), RangeError);
});
