import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutSpan, joinSpans, overlap, totalMinutes } from '../src/span.ts';

test('joins spans that overlap, whatever their order', () => {
  const spans = [
    { start: 50, end: 70 },
    { start: 10, end: 30 },
    { start: 20, end: 40 },
  ];
  assert.deepEqual(joinSpans(spans), [
    { start: 10, end: 40 },
    { start: 50, end: 70 },
  ]);
});

test('joins spans that touch', () => {
  assert.deepEqual(joinSpans([{ start: 10, end: 20 }, { start: 20, end: 30 }]), [{ start: 10, end: 30 }]);
});

test('a span inside another adds nothing', () => {
  assert.deepEqual(joinSpans([{ start: 0, end: 90 }, { start: 10, end: 20 }]), [{ start: 0, end: 90 }]);
});

test('drops empty spans', () => {
  assert.deepEqual(joinSpans([{ start: 5, end: 5 }]), []);
});

test('cuts a hole into a span', () => {
  assert.deepEqual(cutSpan([{ start: 0, end: 100 }], { start: 40, end: 60 }), [
    { start: 0, end: 40 },
    { start: 60, end: 100 },
  ]);
});

test('a hole may swallow a span or miss it', () => {
  assert.deepEqual(cutSpan([{ start: 40, end: 60 }], { start: 0, end: 100 }), []);
  assert.deepEqual(cutSpan([{ start: 40, end: 60 }], { start: 60, end: 100 }), [{ start: 40, end: 60 }]);
});

test('finds what two spans share', () => {
  assert.deepEqual(overlap({ start: 0, end: 30 }, { start: 20, end: 50 }), { start: 20, end: 30 });
  assert.equal(overlap({ start: 0, end: 20 }, { start: 20, end: 50 }), undefined);
});

test('counts no minute twice', () => {
  assert.equal(totalMinutes([{ start: 0, end: 30 }, { start: 20, end: 50 }]), 50);
});
