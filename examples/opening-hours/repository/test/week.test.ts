import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWeek } from '../src/parse.ts';
import { isOpen, minuteOfWeek, nextChange, openMinutes } from '../src/week.ts';

const shop = parseWeek('Mo-Fr 09:00-12:30,13:30-18:00; Sa 10:00-14:00');

test('counts minutes from the start of Monday', () => {
  assert.equal(minuteOfWeek('Mo', '00:00'), 0);
  assert.equal(minuteOfWeek('Tu', '01:30'), 1530);
  assert.equal(minuteOfWeek('Su', '24:00'), 0);
});

test('is open within its hours and closed outside', () => {
  assert.equal(isOpen(shop, minuteOfWeek('Mo', '10:00')), true);
  assert.equal(isOpen(shop, minuteOfWeek('Mo', '13:00')), false);
  assert.equal(isOpen(shop, minuteOfWeek('Su', '10:00')), false);
});

test('is open at the first minute and closed at the last', () => {
  assert.equal(isOpen(shop, minuteOfWeek('Mo', '09:00')), true);
  assert.equal(isOpen(shop, minuteOfWeek('Mo', '18:00')), false);
});

test('adds up the hours of a week', () => {
  assert.equal(openMinutes(shop), 5 * 8 * 60 + 4 * 60);
});

test('before opening, the next change is the opening', () => {
  const at = minuteOfWeek('Mo', '08:00');
  assert.deepEqual(nextChange(shop, at), { at: minuteOfWeek('Mo', '09:00'), to: 'open', inMinutes: 60 });
});

test('while open, the next change is the closing', () => {
  const at = minuteOfWeek('Mo', '12:00');
  assert.deepEqual(nextChange(shop, at), { at: minuteOfWeek('Mo', '12:30'), to: 'closed', inMinutes: 30 });
});

test('at the minute of opening, the next change is the closing', () => {
  const at = minuteOfWeek('Sa', '10:00');
  assert.deepEqual(nextChange(shop, at), { at: minuteOfWeek('Sa', '14:00'), to: 'closed', inMinutes: 240 });
});

test('at the minute of closing, the next change is the opening after it', () => {
  const at = minuteOfWeek('Mo', '12:30');
  assert.deepEqual(nextChange(shop, at), { at: minuteOfWeek('Mo', '13:30'), to: 'open', inMinutes: 60 });
});

test('at the last closing of the week, the next change is next week', () => {
  const at = minuteOfWeek('Sa', '14:00');
  assert.deepEqual(nextChange(shop, at), { at: minuteOfWeek('Mo', '09:00'), to: 'open', inMinutes: 43 * 60 });
});

test('in the break, the next change is the afternoon', () => {
  const at = minuteOfWeek('We', '13:00');
  assert.deepEqual(nextChange(shop, at), { at: minuteOfWeek('We', '13:30'), to: 'open', inMinutes: 30 });
});

test('after the last hours of the week comes Monday', () => {
  const at = minuteOfWeek('Su', '09:00');
  assert.deepEqual(nextChange(shop, at), { at: minuteOfWeek('Mo', '09:00'), to: 'open', inMinutes: 24 * 60 });
});

test('what never opens or never closes has no next change', () => {
  assert.equal(nextChange(parseWeek(''), 0), undefined);
  assert.equal(nextChange(parseWeek('Mo-Su 00:00-24:00'), 700), undefined);
});

const bar = parseWeek('Fr-Su 20:00-03:00');

test('a night from Sunday to Monday is one stretch', () => {
  const at = minuteOfWeek('Su', '23:00');
  assert.deepEqual(nextChange(bar, at), { at: minuteOfWeek('Mo', '03:00'), to: 'closed', inMinutes: 240 });
});

test('after midnight the same night still closes at its end', () => {
  const at = minuteOfWeek('Mo', '01:00');
  assert.deepEqual(nextChange(bar, at), { at: minuteOfWeek('Mo', '03:00'), to: 'closed', inMinutes: 120 });
});
